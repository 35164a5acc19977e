#include "server/web_guard.h"

#include "server/page_frame.h"
#include "server/page_text.h"
#include "server/user_code.h"
#include "server/web_views.h"

namespace tokenvault {

bool IsMeant(const WebForm& form, absl::string_view code) {
  auto guard = form.find(kFieldGuard);
  if (guard != form.end() && guard->second == kGuardSeen) return true;
  auto typed = form.find(kFieldTypedCode);
  return typed != form.end() && IsSameUserCode(typed->second, code);
}

std::string NotMeantText(const WebVisit& visit, const AgentId& agent) {
  const std::string name =
      ViewAgent(visit.messages, *visit.directory, agent).name;
  return visit.messages.Say("guard.not_meant", {{"agent", PlainName(name)}});
}

}  // namespace tokenvault
