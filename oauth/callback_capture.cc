#include "oauth/callback_capture.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/callback_signature.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxValue = 256;

bool IsAllowed(const Provider& provider, const std::string& name,
               const std::string& value) {
  auto allowed = provider.callback_allow.find(name);
  if (allowed != provider.callback_allow.end()) {
    return std::find(allowed->second.begin(), allowed->second.end(), value) !=
           allowed->second.end();
  }
  return !value.empty() && value.size() <= kMaxValue &&
         std::all_of(value.begin(), value.end(), absl::ascii_isprint);
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> CaptureCallback(
    const Provider& provider,
    const std::vector<std::pair<std::string, std::string>>& query) {
  RETURN_IF_ERROR(CheckCallbackSignature(provider, query));
  std::map<std::string, std::string> captured;
  for (const auto& [name, value] : query) {
    const auto& wanted = provider.callback_capture;
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    if (!IsAllowed(provider, name, value)) {
      return errors::ConnectRefused("callback_value");
    }
    captured[name] = value;
  }
  return captured;
}

}  // namespace tokenvault
