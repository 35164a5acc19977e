#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/web_visit.h"

namespace tokenvault {

// Whether a yes was meant, and not a click that was lured onto our page: it was
// pressed on a page that had been looked at for a moment, as the page's script
// says (server/web/guard.js), or, where no script runs, with the code typed
// that the agent shows. That the form is ours at all is for its CSRF token to
// say.
bool IsMeant(const WebForm& form, absl::string_view code);
// What the page says after a yes that was not.
std::string NotMeantText(const WebVisit& visit, const AgentId& agent);

}  // namespace tokenvault
