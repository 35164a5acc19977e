#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "server/http_types.h"
#include "server/page_activity.h"
#include "server/web_visit.h"

namespace tokenvault {

// GET /me/activity: what happened with all accounts of a person.
WebResponse ShowActivity(const WebVisit& visit, const std::string&);
// GET /me/activity.csv, /me/<connection>/activity.csv: the same, as a table.
WebResponse DownloadActivity(const WebVisit& visit, const std::string& id);

// The part of the list that "?before=" of this visit asks for; of one
// connection if `connection` is set.
absl::StatusOr<ActivityView> ViewActivity(const WebVisit& visit,
                                          const ConnectionId& connection);

}  // namespace tokenvault
