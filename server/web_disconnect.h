#pragma once

#include <string>

#include "server/http_types.h"
#include "server/page_disconnect.h"
#include "server/web_visit.h"

namespace tokenvault {

// Ending connections, in two steps: what will happen, then doing it.

// GET /me/<connection>/disconnect: the first step; once it is done, what came
// of it, so that a reload does no harm.
WebResponse AskToDisconnect(const WebVisit& visit, const std::string& id);
// POST to it.
WebResponse Disconnect(const WebVisit& visit, const std::string& id);

inline constexpr char kStopPath[] = "/me/stop";
inline constexpr char kStoppedPath[] = "/me/stopped";

// GET /me/stop, and POST to it: all of them.
WebResponse AskToStop(const WebVisit& visit, const std::string&);
WebResponse StopEverything(const WebVisit& visit, const std::string&);
// GET /me/stopped?c=<connection>.<connection>: what came of that.
WebResponse ShowStopped(const WebVisit& visit, const std::string&);

// Until when copies of keys may work.
CopiesView CopiesOf(const WebVisit& visit, const Connection& connection);

}  // namespace tokenvault
