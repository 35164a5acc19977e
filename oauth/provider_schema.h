#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "oauth/provider.h"
#include "oauth/toml_fields.h"

// Which TOML key fills which field of a Provider, and with what kind of value.
// A new fact about providers begins with a line here.
namespace tokenvault {

struct StringKey {
  const char* name;
  std::string Provider::*field;
};
inline constexpr StringKey kStrings[] = {
    {"display_name", &Provider::display_name},
    {"client_id", &Provider::client_id},
    {"accept", &Provider::accept},
    {"account.id", &Provider::account_id},
    {"account.label", &Provider::account_label},
    {"scope.parameter", &Provider::scope_parameter},
    {"scope.delimiter", &Provider::scope_delimiter},
    {"scope.response_delimiter", &Provider::scope_response_delimiter},
    {"offline.scope", &Provider::offline_scope},
    {"refresh.parameter", &Provider::refresh_parameter},
    {"exchange.subject_token_type", &Provider::exchange_subject_token_type},
    {"exchange.restrictions", &Provider::exchange_restrictions},
    {"response.error_path", &Provider::error_path},
    {"response.ok_path", &Provider::ok_path},
    {"callback.hmac", &Provider::callback_hmac},
};

inline constexpr StringKey kUrls[] = {
    {"issuer", &Provider::issuer},
    {"protected_resource", &Provider::protected_resource},
    {"authorize_url", &Provider::authorize_url},
    {"token_url", &Provider::token_url},
    {"refresh_url", &Provider::refresh_url},
    {"exchange.url", &Provider::exchange_url},
    {"introspect_url", &Provider::introspect_url},
    {"revoke.url", &Provider::revocation_url},
    {"revoke.manual_url", &Provider::revocation_manual_url},
    {"account.url", &Provider::account_url},
};

struct BoolKey {
  const char* name;
  bool Provider::*field;
};
inline constexpr BoolKey kBools[] = {
    {"discovery", &Provider::discovery},
    {"authorization_response_iss", &Provider::authorization_response_iss},
    {"resource", &Provider::resource},
    {"open_scopes", &Provider::open_scopes},
    {"several_grants", &Provider::several_grants},
    {"scope.in_response", &Provider::scope_in_response},
    {"refresh.invalidates_access_token",
     &Provider::refresh_invalidates_access_token},
    {"refresh_params.redirect_uri", &Provider::refresh_redirect_uri},
};

struct ListKey {
  const char* name;
  std::vector<std::string> Provider::*field;
};
inline constexpr ListKey kLists[] = {
    {"response.capture", &Provider::capture},
    {"callback.capture", &Provider::callback_capture},
    {"errors.grant_gone", &Provider::errors_grant_gone},
    {"errors.app_misconfigured", &Provider::errors_app_misconfigured},
    {"errors.transient", &Provider::errors_transient},
};

struct DurationKey {
  const char* name;
  absl::Duration Provider::*field;
};
inline constexpr DurationKey kDurations[] = {
    {"refresh.grace", &Provider::reuse_grace},
    {"refresh.inactivity", &Provider::refresh_inactivity},
    {"expires.default", &Provider::expires_default},
};

template <typename E, size_t N>
struct WordKey {
  const char* name;
  E Provider::*field;
  std::pair<const char*, E> words[N];
};

inline constexpr WordKey<ClientAuth, 5> kClientAuth = {
    "client_auth",
    &Provider::client_auth,
    {{"basic", ClientAuth::kBasic},
     {"post", ClientAuth::kPost},
     {"json", ClientAuth::kJson},
     {"private_key_jwt", ClientAuth::kPrivateKeyJwt},
     {"none", ClientAuth::kNone}}};
inline constexpr WordKey<BodyFormat, 2> kBody = {
    "body",
    &Provider::body,
    {{"form", BodyFormat::kForm}, {"json", BodyFormat::kJson}}};
inline constexpr WordKey<PkceUse, 3> kPkce = {
    "pkce",
    &Provider::pkce,
    {{"required", PkceUse::kRequired},
     {"unadvertised", PkceUse::kUnadvertised},
     {"off", PkceUse::kOff}}};
inline constexpr WordKey<RevocationStyle, 5> kRevoke = {
    "revoke.style",
    &Provider::revocation_style,
    {{"none", RevocationStyle::kNone},
     {"rfc7009", RevocationStyle::kRfc7009},
     {"token_call", RevocationStyle::kTokenCall},
     {"basic_delete", RevocationStyle::kBasicDelete},
     {"path", RevocationStyle::kPath}}};
inline constexpr WordKey<Rotation, 3> kRotation = {
    "refresh.rotation",
    &Provider::rotation,
    {{"none", Rotation::kNone},
     {"new_old_valid", Rotation::kNewOldValid},
     {"single_use", Rotation::kSingleUse}}};
inline constexpr WordKey<RefreshMethod, 2> kRefreshMethod = {
    "refresh_method",
    &Provider::refresh_method,
    {{"POST", RefreshMethod::kPost}, {"GET", RefreshMethod::kGet}}};
inline constexpr WordKey<ExpirySource, 4> kExpirySource = {
    "expires.source",
    &Provider::expires_source,
    {{"response", ExpirySource::kResponse},
     {"introspect", ExpirySource::kIntrospect},
     {"default", ExpirySource::kDefault},
     {"never", ExpirySource::kNever}}};
inline constexpr WordKey<Tier, 3> kTier = {
    "tier",
    &Provider::tier,
    {{"p0", Tier::kP0}, {"p1", Tier::kP1}, {"p2", Tier::kP2}}};
inline constexpr WordKey<Narrowing, 3> kNarrowing = {
    "narrowing",
    &Provider::narrowing,
    {{"none", Narrowing::kNone},
     {"refresh_scope", Narrowing::kRefreshScope},
     {"token_exchange", Narrowing::kTokenExchange}}};
inline constexpr std::pair<const char*, ScopeRisk> kRisks[] = {
    {"low", ScopeRisk::kLow},
    {"medium", ScopeRisk::kMedium},
    {"high", ScopeRisk::kHigh}};

// CONFIG_INVALID at the first key that the schema does not know, with the
// nearest one it does. `in_preset`: facts and declarations of variables are
// allowed, and what only an operator can know is not.
absl::Status CheckKeys(const TomlFields& fields, bool in_preset);

}  // namespace tokenvault
