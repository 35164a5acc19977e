#include "server/web_guard.h"

#include "server/page_frame.h"
#include "server/user_code.h"

namespace tokenvault {

bool IsMeant(const WebForm& form, absl::string_view code) {
  auto guard = form.find(kFieldGuard);
  if (guard != form.end() && guard->second == kGuardSeen) return true;
  auto typed = form.find(kFieldTypedCode);
  return typed != form.end() && IsSameUserCode(typed->second, code);
}

}  // namespace tokenvault
