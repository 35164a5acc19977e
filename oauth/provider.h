#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "base/secret.h"

// What makes one OAuth provider different from the next, as data. Made by
// oauth/preset_catalogue.h from a preset and the operator's overrides; the
// names of the TOML keys are the names here, with dots for the prefixes.
namespace tokenvault {

enum class ClientAuth { kBasic, kPost, kNone };
enum class BodyFormat { kForm, kJson };
enum class RevocationStyle { kNone, kRfc7009, kBasicDelete };

// kRequired: S256 always, and metadata must list it. kUnadvertised: sent all
// the same, though the metadata does not say so. kOff: the provider fails on
// it.
enum class PkceUse { kRequired, kUnadvertised, kOff };

// What becomes of the old refresh token when a new one comes.
enum class Rotation { kNone, kNewOldValid, kSingleUse };

// How a token with fewer scopes than the grant can be had.
enum class Narrowing { kNone, kRefreshScope, kTokenExchange };

enum class ScopeRisk { kLow, kMedium, kHigh };

struct ScopeInfo {
  std::string alias;  // "calendar.read"; what agents and policies may say
  std::string value;  // what the provider says
  std::string says;   // a sentence for people, in English, completing "It can"
  ScopeRisk risk = ScopeRisk::kMedium;
};

// Where a fact of a preset comes from. An empty date: not checked yet.
struct ProviderFact {
  std::vector<std::string> fields;
  std::string source;
  std::string verified_on;  // "2026-11-23"
};

// Grouped for people, not for the compiler.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct Provider {
  ProviderId id;
  std::string preset;
  std::string display_name;
  bool enabled = true;

  std::string issuer;      // "" for providers that are not OpenID providers
  bool discovery = false;  // endpoints come from the issuer's metadata
  std::string authorize_url;
  std::string token_url;
  std::string refresh_url;  // "" means token_url

  RevocationStyle revocation_style = RevocationStyle::kNone;
  std::string revocation_url;

  // Who signed in, asked right after consent. Paths are dotted: "user.id".
  std::string account_url;
  std::string account_id = "sub";
  std::string account_label = "email";
  // Asked of the person besides, to learn the account. No token that an agent
  // gets has them unless it asked: so they are for providers that narrow.
  ScopeSet account_scopes;

  std::string client_id;
  std::shared_ptr<const Secret> client_secret;  // null with kNone
  ClientAuth client_auth = ClientAuth::kBasic;
  BodyFormat body = BodyFormat::kForm;
  std::string accept = "application/json";
  PkceUse pkce = PkceUse::kRequired;
  bool authorization_response_iss = false;  // RFC 9207: `iss` must come back
  bool resource = false;                    // RFC 8707: `resource` may be sent

  std::vector<ScopeInfo> scopes;
  bool open_scopes = false;           // any well-formed scope may be asked for
  std::string scope_delimiter = " ";  // in what we send
  std::string scope_response_delimiter = " ";  // any of these in what we read
  bool scope_in_response = true;  // false: `scope` in answers means nothing
  ScopeSet scope_not_echoed;      // granted, though answers never name them
  std::string offline_scope;      // added to every authorization request

  std::vector<std::pair<std::string, std::string>> authorize_params;
  std::vector<std::pair<std::string, std::string>> token_params;

  Rotation rotation = Rotation::kSingleUse;  // the worst case unless known
  absl::Duration reuse_grace;  // how long the used refresh token still works
  bool refresh_invalidates_access_token = false;

  Narrowing narrowing = Narrowing::kNone;
  std::string exchange_subject_token_type =
      "urn:ietf:params:oauth:token-type:access_token";

  absl::Duration expires_default =
      absl::Minutes(5);              // when an answer is silent
  std::string error_path = "error";  // dotted path to the error code
  std::string ok_path;               // dotted path to a "did it work" boolean
  std::vector<std::string> capture;  // fields of answers to pass on as hints

  std::vector<std::string> errors_grant_gone;
  std::vector<std::string> errors_app_misconfigured;
  std::vector<std::string> errors_transient;

  std::vector<ProviderFact> facts;

  const std::string& RefreshUrl() const {
    return refresh_url.empty() ? token_url : refresh_url;
  }

  // What people and policies say, in the provider's own words: an alias becomes
  // its value, a known value stays. SCOPE_UNKNOWN with the nearest known name;
  // FIELD_INVALID for what is no scope at all (RFC 6749 §3.3).
  absl::StatusOr<ScopeSet> ResolveScopes(const ScopeSet& names) const;

  // By value or alias; null for a scope that no table describes.
  const ScopeInfo* FindScope(absl::string_view name) const;
};

}  // namespace tokenvault
