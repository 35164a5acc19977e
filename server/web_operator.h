#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// GET /operator: how the vault is, for those whom [operators] names. Whoever
// else is signed in is told so, and leaves a leaf; without that section there
// is no such page.
WebResponse ShowOperator(const WebVisit& visit, const std::string&);

}  // namespace tokenvault
