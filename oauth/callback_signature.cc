#include "oauth/callback_signature.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/hmac.h"

namespace tokenvault {
namespace {

// The parameters in the order of their names.
std::string SignedText(std::vector<std::pair<std::string, std::string>> query) {
  std::sort(query.begin(), query.end());
  std::vector<std::string> parts;
  for (const auto& [name, value] : query) {
    parts.push_back(absl::StrCat(
        absl::StrReplaceAll(name, {{"%", "%25"}, {"&", "%26"}, {"=", "%3D"}}),
        "=", absl::StrReplaceAll(value, {{"%", "%25"}, {"&", "%26"}})));
  }
  return absl::StrJoin(parts, "&");
}

}  // namespace

absl::Status CheckCallbackSignature(
    const Provider& provider,
    const std::vector<std::pair<std::string, std::string>>& query) {
  if (provider.callback_hmac.empty()) return absl::OkStatus();
  std::string given;
  std::vector<std::pair<std::string, std::string>> rest;
  for (const auto& parameter : query) {
    if (parameter.first == provider.callback_hmac) {
      given = parameter.second;
    } else {
      rest.push_back(parameter);
    }
  }
  if (provider.client_secret == nullptr) return errors::ConnectRefused("hmac");
  const std::string expected = HexEncode(
      HmacSha256(*provider.client_secret, SignedText(std::move(rest))));
  return EqualInConstantTime(given, expected) ? absl::OkStatus()
                                              : errors::ConnectRefused("hmac");
}

}  // namespace tokenvault
