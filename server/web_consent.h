#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// The question that an agent asks, and the way to the provider and back. Rules
// are in vault/consent_flow.h.

// GET /c/<link>: what is asked; sign-in first.
WebResponse ShowQuestion(const WebVisit& visit, const std::string& link_id);
// POST /c/<link>: allow or deny.
WebResponse AnswerQuestion(const WebVisit& visit, const std::string& link_id);
// Both of them, for whoever the visit's session admitted.
WebResponse ShowConsent(const WebVisit& visit, const Interaction& interaction);
WebResponse AnswerConsent(const WebVisit& visit,
                          const Interaction& interaction);
// GET /go/<flow>: names the provider's host, then a plain link.
WebResponse LeaveForProvider(const WebVisit& visit, const std::string& flow_id);
// GET /cb/<tenant>.<provider>: back from it.
WebResponse ReturnFromProvider(const WebVisit& visit,
                               const std::string& context);

}  // namespace tokenvault
