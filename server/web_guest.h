#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// The question of a link where an application says who its people are: nobody
// signs in here, and a cookie of the link alone knows the browser.

// GET /c/<link>: what is asked, for the browser that opens it first.
WebResponse ShowGuestQuestion(const WebVisit& visit,
                              const Interaction& interaction);
// POST /c/<link>: allow or deny.
WebResponse AnswerGuestQuestion(const WebVisit& visit,
                                const Interaction& interaction);
// After a no, the way back is a link: a browser follows no redirect from a form
// to another site.
WebResponse ShowGuestDenied(const WebVisit& visit,
                            const Interaction& interaction);
// Back to the application: with the connect code, or without one after a no.
WebResponse GoToApplication(const InteractionId& question,
                            const std::string& return_uri,
                            const std::string& connect_code);

}  // namespace tokenvault
