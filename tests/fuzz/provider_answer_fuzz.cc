#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/errors.h"
#include "oauth/token_response.h"

// What a token endpoint may say: any status, any bytes, read by a plain
// provider and by one with every quirk. The first byte chooses.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tokenvault::HttpResponse;
  using tokenvault::Provider;
  static const Provider* const kPlain = new Provider;
  static const Provider* const kQuirky = [] {
    auto* provider = new Provider;
    provider->scope_response_delimiter = ", ";
    provider->ok_path = "ok";
    provider->error_path = "fault.code";
    provider->capture = {"instance_url"};
    provider->errors_grant_gone = {"token_revoked"};
    return provider;
  }();
  static constexpr int kStatuses[] = {200, 201, 302, 400, 401, 429, 503, 0};

  if (size == 0) return 0;
  const Provider& provider = (data[0] & 8) != 0 ? *kQuirky : *kPlain;
  HttpResponse response;
  response.status = kStatuses[data[0] & 7];
  response.headers.emplace_back("Retry-After", "120");
  response.body = tokenvault::Secret(
      std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  auto token = tokenvault::ParseTokenResponse(provider, response);
  if (!token.ok()) {
    // Every refusal has a reason of ours.
    if (tokenvault::ReasonOf(token.status()).empty()) __builtin_trap();
    return 0;
  }
  if (token->access_token.empty() || response.status >= 300) __builtin_trap();
  for (char c : token->access_token.Reveal()) {
    if (c < 0x20 || c >= 0x7f) __builtin_trap();
  }
  if (token->Lifetime(provider) <= absl::ZeroDuration()) __builtin_trap();
  return 0;
}
