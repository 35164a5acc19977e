#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/demo/clients.h"
#include "server/demo/grants.h"
#include "server/http_types.h"

namespace tokenvault {

// What a client does as an application, as at GitHub: by Basic, in JSON.
//
//   POST   /applications/{client_id}/token/scoped   a token that can do less:
//          {"access_token", "target": a person, "permissions": {"calendar":
//          "read" or "write"}}
//   DELETE /applications/{client_id}/grant          ends all that its person
//          gave: {"access_token"}
WebResponse DemoApplication(const WebRequest& request, absl::string_view path,
                            const DemoClients& clients, DemoGrants& grants,
                            absl::Time now);

}  // namespace tokenvault
