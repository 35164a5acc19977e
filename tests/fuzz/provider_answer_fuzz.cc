#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "oauth/preset_catalogue.h"
#include "oauth/token_response.h"

namespace {

using tokenvault::Provider;

// A plain provider, one with every quirk of reading, and those whose presets
// need code.
const std::vector<Provider>& Providers() {
  static const auto* const kProviders = [] {
    auto* providers = new std::vector<Provider>(2);
    Provider& quirky = providers->back();
    quirky.scope_response_delimiter = ", ";
    quirky.ok_path = "ok";
    quirky.error_path = "fault.code";
    quirky.capture = {"instance_url"};
    quirky.errors_grant_gone = {"token_revoked"};
    for (const tokenvault::PresetInfo& preset :
         tokenvault::PresetCatalogue::BuiltIn().List()) {
      if (preset.sample.adapter != nullptr || preset.name == "box") {
        providers->push_back(preset.sample);
      }
    }
    return providers;
  }();
  return *kProviders;
}

}  // namespace

// What a token endpoint may say: any status, any bytes. The first byte chooses
// the status and who reads.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tokenvault::HttpResponse;
  static constexpr int kStatuses[] = {200, 201, 302, 400, 401, 429, 503, 0};

  if (size == 0) return 0;
  const Provider& provider = Providers()[(data[0] >> 3) % Providers().size()];
  HttpResponse response;
  response.status = kStatuses[data[0] & 7];
  response.headers.emplace_back("Retry-After", "120");
  response.body = tokenvault::Secret(
      std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  auto token = tokenvault::ParseTokenResponse(
      provider, response, absl::FromUnixSeconds(1'800'000'000));
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
