#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// What comes after the provider.

// GET /done/<interaction>: how it ended; may be reloaded.
WebResponse ShowOutcome(const WebVisit& visit,
                        const std::string& interaction_id);
// POST /done/<interaction>: undo, or what to do about scopes that are missing.
WebResponse ChangeOutcome(const WebVisit& visit,
                          const std::string& interaction_id);

// GET /account/<trip>: the person came back with another account than asked.
WebResponse AskWhichAccount(const WebVisit& visit, const std::string& trip_id);
// POST /account/<trip>: which of the two it shall be.
WebResponse ChooseAccount(const WebVisit& visit, const std::string& trip_id);

}  // namespace tokenvault
