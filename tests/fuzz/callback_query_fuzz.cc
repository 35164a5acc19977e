#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/errors.h"
#include "oauth/callback_capture.h"
#include "oauth/url.h"
#include "vault/oauth_flows.h"

namespace {

constexpr char kIssuer[] = "https://issuer.example";

tokenvault::Provider ProviderForFuzz() {
  tokenvault::Provider provider;
  provider.issuer = kIssuer;
  provider.authorization_response_iss = true;
  provider.callback_capture = {"realmId", "shop"};
  provider.callback_allow["shop"] = {"acme.myshopify.com"};
  provider.client_secret = std::make_shared<const tokenvault::Secret>(
      tokenvault::Secret::Copy("hush"));
  return provider;
}

// What is captured is what the preset names, and only what it allows.
void CheckCaptured(const tokenvault::Provider& provider,
                   const tokenvault::CallbackQuery& query) {
  auto captured = tokenvault::CaptureCallback(provider, query.parameters);
  if (!captured.ok()) {
    if (!tokenvault::HasReason(captured.status(), "CONNECT_REFUSED")) {
      __builtin_trap();
    }
    return;
  }
  for (const auto& [name, value] : *captured) {
    const bool good = name == "realmId"
                          ? !value.empty() && value.size() <= 256
                          : name == "shop" && value == "acme.myshopify.com";
    if (!good || value != query.Get(name)) __builtin_trap();
  }
}

}  // namespace

// Any bytes as the query of a callback. What is taken names nothing twice, and
// says the same when it is written and read again; only the right issuer is
// taken for it, and nothing is taken for its signature.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto query =
      tokenvault::ParseQuery({reinterpret_cast<const char*>(data), size});
  if (!query.ok()) {
    if (tokenvault::ReasonOf(query.status()) != "FIELD_INVALID") {
      __builtin_trap();
    }
    return 0;
  }
  std::set<std::string> names;
  tokenvault::FormFields fields;
  for (const auto& [name, value] : *query) {
    if (!names.insert(name).second) __builtin_trap();
    fields.emplace_back(name, value);
  }
  auto again = tokenvault::ParseQuery(tokenvault::FormEncode(fields));
  if (!again.ok() || *again != *query) __builtin_trap();

  static const auto* const kPlain = new tokenvault::Provider(ProviderForFuzz());
  const tokenvault::CallbackQuery callback{*query};
  if (tokenvault::IsIssuedBy(*kPlain, callback) !=
      (callback.Get("iss") == kIssuer)) {
    __builtin_trap();
  }
  CheckCaptured(*kPlain, callback);
  tokenvault::Provider signing = *kPlain;
  signing.callback_hmac = "hmac";
  if (tokenvault::CaptureCallback(signing, *query).ok()) __builtin_trap();
  return 0;
}
