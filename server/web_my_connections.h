#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// GET /me: what is connected.
WebResponse ShowConnections(const WebVisit& visit, const std::string&);
// GET /me/<connection>: all about one of them; "?before=" is how far its list
// of what happened was read.
WebResponse ShowConnection(const WebVisit& visit, const std::string& id);
// POST to either: pause, resume, reconnect, or end the access of one agent.
WebResponse ChangeConnection(const WebVisit& visit, const std::string& id);

}  // namespace tokenvault
