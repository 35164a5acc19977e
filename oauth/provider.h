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

class Adapter;    // oauth/adapter.h
class JwtSigner;  // oauth/jwt_signer.h

// kJson: the secret in a JSON body. kPrivateKeyJwt: RFC 7523, no secret leaves.
enum class ClientAuth { kBasic, kPost, kJson, kPrivateKeyJwt, kNone };
enum class BodyFormat { kForm, kJson };
enum class RefreshMethod { kPost, kGet };

// kTokenCall: a call with the token as its bearer, as Slack's. kBasicDelete:
// DELETE with the client's credentials, as GitHub's. kPath: DELETE of a URL
// that holds the token, as HubSpot's.
enum class RevocationStyle { kNone, kRfc7009, kTokenCall, kBasicDelete, kPath };

// kRequired: S256 always, and metadata must list it. kUnadvertised: sent all
// the same, though the metadata does not say so. kOff: the provider fails on
// it.
enum class PkceUse { kRequired, kUnadvertised, kOff };

// What becomes of the old refresh token when a new one comes.
enum class Rotation { kNone, kNewOldValid, kSingleUse };

// Who says how long an access token lives: `expires_in`; RFC 7662
// introspection; nobody, so that expires_default counts. kNever: tokens do not
// expire and are never refreshed, and the access token itself is what the vault
// keeps.
enum class ExpirySource { kResponse, kIntrospect, kDefault, kNever };

// How much we stand behind a preset. kP2 is off until an operator turns it on.
enum class Tier { kP0, kP1, kP2 };

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
  Tier tier = Tier::kP1;
  bool enabled = true;
  const Adapter* adapter = nullptr;  // what no field can say; or null

  std::string issuer;      // "" for providers that are not OpenID providers
  bool discovery = false;  // endpoints come from the issuer's metadata
  // RFC 9728: the API that says who issues its tokens, such as a remote MCP
  // server. All tokens are asked for it, and its issuer need not be given.
  std::string protected_resource;
  std::string authorize_url;
  std::string token_url;
  std::string refresh_url;     // "" means token_url
  std::string exchange_url;    // "" means token_url
  std::string introspect_url;  // RFC 7662

  RevocationStyle revocation_style = RevocationStyle::kNone;
  std::string revocation_url;         // with kPath, "{token}" stands in it
  std::string revocation_manual_url;  // where a person ends it by hand

  // Who signed in, asked right after consent. Paths are dotted: "user.id".
  std::string account_url;
  std::string account_id = "sub";
  std::string account_label = "email";
  // Asked of the person besides, to learn the account. No token that an agent
  // gets has them unless it asked: so they are for providers that narrow.
  ScopeSet account_scopes;

  std::string client_id;
  // client_id is the URL of the document that the vault serves about itself;
  // the server knows us by that alone (CIMD).
  bool client_is_document = false;
  std::shared_ptr<const Secret> client_secret;  // null with the next, and kNone
  std::shared_ptr<const JwtSigner> client_key;  // with kPrivateKeyJwt
  // SHA-256 of what client_key was made from, to tell one from the next.
  std::string client_key_hash;
  ClientAuth client_auth = ClientAuth::kBasic;
  BodyFormat body = BodyFormat::kForm;
  std::string accept = "application/json";
  PkceUse pkce = PkceUse::kRequired;
  bool authorization_response_iss = false;  // RFC 9207: `iss` must come back
  bool resource = false;                    // RFC 8707: `resource` may be sent

  std::vector<ScopeInfo> scopes;
  bool open_scopes = false;  // any well-formed scope may be asked for
  // Of the authorization request; "" where scopes are set at the app and not
  // asked for.
  std::string scope_parameter = "scope";
  std::string scope_delimiter = " ";           // in what we send
  std::string scope_response_delimiter = " ";  // any of these in what we read
  bool scope_in_response = true;  // false: `scope` in answers means nothing
  ScopeSet scope_not_echoed;      // granted, though answers never name them
  std::string offline_scope;      // added to every authorization request

  std::vector<std::pair<std::string, std::string>> authorize_params;
  std::vector<std::pair<std::string, std::string>> token_params;
  // Of refreshes only, besides token_params.
  std::vector<std::pair<std::string, std::string>> refresh_params;
  std::string refresh_parameter = "refresh_token";  // what the request calls it
  RefreshMethod refresh_method = RefreshMethod::kPost;
  bool refresh_redirect_uri = false;  // redirect_uri must come again

  // Of a provider nobody knows, the worst is assumed.
  Rotation rotation = Rotation::kSingleUse;
  absl::Duration reuse_grace;  // how long the used refresh token still works
  bool refresh_invalidates_access_token = false;
  absl::Duration refresh_inactivity;  // dies when unused for so long; 0: never

  Narrowing narrowing = Narrowing::kNone;
  // An account may allow our client several grants, each with scopes and an end
  // of its own.
  bool several_grants = false;
  std::string exchange_subject_token_type =
      "urn:ietf:params:oauth:token-type:access_token";
  // Dotted path to a list that says what a narrowed token is for: objects with
  // `scope` and `object.id`. Where a preset names it, a token that came without
  // the resource that was asked for is not used.
  std::string exchange_restrictions;

  ExpirySource expires_source = ExpirySource::kResponse;
  absl::Duration expires_default = absl::Minutes(5);  // when nobody says
  std::string error_path = "error";  // dotted path to the error code
  std::string ok_path;               // dotted path to a "did it work" boolean
  std::vector<std::string> capture;  // fields of answers to pass on as hints
  // Fields of the callback's query to pass on as hints; where `callback_allow`
  // has values for a name, no other value is taken. Variables stand in those as
  // in URLs.
  std::vector<std::string> callback_capture;
  std::map<std::string, std::vector<std::string>> callback_allow;
  // The parameter of the callback that holds its signature by our secret
  // (oauth/callback_signature.h); "" for none.
  std::string callback_hmac;

  std::vector<std::string> errors_grant_gone;
  std::vector<std::string> errors_app_misconfigured;
  std::vector<std::string> errors_transient;

  std::vector<ProviderFact> facts;

  // Whether each set of scopes gets a grant of its own, so that a token which
  // cannot be narrowed can do no more than was asked for.
  bool KeepsGrantsApart() const {
    return several_grants && narrowing == Narrowing::kNone;
  }
  const std::string& RefreshUrl() const {
    return refresh_url.empty() ? token_url : refresh_url;
  }
  const std::string& ExchangeUrl() const {
    return exchange_url.empty() ? token_url : exchange_url;
  }

  // What people and policies say, in the provider's own words: an alias becomes
  // its value, a known value stays. SCOPE_UNKNOWN with the nearest known name;
  // FIELD_INVALID for what is no scope at all (RFC 6749 §3.3).
  absl::StatusOr<ScopeSet> ResolveScopes(const ScopeSet& names) const;

  // The `resource` of a request (RFC 8707): what was asked for where the
  // provider takes that; "" for none.
  std::string ResourceFor(absl::string_view asked) const {
    if (!protected_resource.empty()) return protected_resource;
    return resource ? std::string(asked) : "";
  }

  // By value or alias; null for a scope that no table describes.
  const ScopeInfo* FindScope(absl::string_view name) const;
};

}  // namespace tokenvault
