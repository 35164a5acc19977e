#pragma once

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// GET /me: what is connected.
WebResponse ShowConnections(const WebVisit& visit, const std::string&);
// POST /me: disconnect one.
WebResponse Disconnect(const WebVisit& visit, const std::string&);

}  // namespace tokenvault
