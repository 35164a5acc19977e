#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "oauth/provider.h"
#include "vault/decision_point.h"
#include "vault/policy.h"

namespace tokenvault {

// Where the people of a tenant sign in.
struct IdentityProvider {
  std::string issuer;
  std::string client_id;
  std::shared_ptr<const Secret> client_secret;  // null for a public client
  ScopeSet scopes = {"openid", "profile", "email"};
  // What `aud` of a subject.user_token must contain; default: client_id.
  std::string user_token_audience;
  std::string groups_claim = "groups";
};

struct Tenant {
  TenantId id;
  std::string name;  // what people read: "Acme"
  IdentityProvider identity;
};

// An issuer of workload identities: whose JWTs name agents.
struct WorkloadIssuer {
  std::string issuer;
  std::string jwks_uri;  // "" for discovery
  std::string audience;  // what `aud` must contain
  std::vector<std::string> algorithms = {"RS256", "ES256", "EdDSA"};
  absl::Duration max_lifetime = absl::Hours(1);
};

// Who asks for tokens: a workload with its own identity. Exactly one of
// `spiffe_id`, `jwt_subject`; in dev mode the id itself is a credential.
struct Agent {
  AgentId id;
  TenantId tenant;
  std::string name;   // what people read: "Calendar Bot"
  std::string owner;  // "Productivity team"
  // Who that is at the tenant's identity provider, for rules that want four
  // eyes; "" when no one person is.
  std::string owner_subject;
  std::string spiffe_id;
  std::string jwt_issuer;
  std::string jwt_subject;
  bool may_assert_user = false;
  bool may_manage_connections = false;
  bool may_confirm_people = false;   // says who comes back after a consent
  bool may_relay_approvals = false;  // a channel between people and the vault
  std::vector<std::string> return_uris;
};

// Limits an operator sets on every token.
struct TokenRules {
  // A provider whose tokens live longer is refused unless allow_long_lived.
  absl::Duration max_ttl = absl::Hours(24);
  bool allow_long_lived = false;   // [tokens] long_lived = "allow"
  bool allow_policy_only = false;  // [tokens] policy_only_scope = "allow"
};

// Who may look at the whole vault, on a page that changes nothing: people of
// this tenant whose identity provider says that they are in one of the groups.
struct Operators {
  TenantId tenant;
  std::vector<std::string> groups;

  // Why somebody of that tenant and those groups is none: "tenant", "groups";
  // "" for one of them. A group's name says nothing in another tenant.
  absl::string_view WhyNot(const TenantId& of,
                           const std::vector<std::string>& in) const;
};

// What the configuration says about who and what: a value that is never changed
// once made. A reload makes a new one and swaps it in whole, so that a request
// that began under one generation ends under it.
struct Directory {
  std::string generation;  // hash of the configuration
  bool dev_mode = false;
  std::string public_url;  // "https://connect.example.com", no slash at the end
  TokenRules tokens;
  Policy policy;
  // Has the last word on what `policy` does not deny; nothing: there is none.
  std::optional<DecisionPoint> decision_point;
  std::optional<Operators> operators;  // nothing: nobody may
  std::map<TenantId, Tenant> tenants;
  std::map<AgentId, Agent> agents;
  std::map<ProviderId, Provider> providers;
  std::map<std::string, WorkloadIssuer> workload_issuers;

  // Null when there is none.
  const Tenant* FindTenant(const TenantId& id) const;
  const Agent* FindAgent(const AgentId& id) const;
  const Agent* FindAgentBySpiffeId(const std::string& spiffe_id) const;
  const Agent* FindAgentByJwt(const std::string& issuer,
                              const std::string& subject) const;
  const Provider* FindProvider(const ProviderId& id) const;
};

// The generation in force. Thread-safe.
class DirectoryHolder {
 public:
  explicit DirectoryHolder(std::shared_ptr<const Directory> first);
  std::shared_ptr<const Directory> Get() const;
  void Swap(std::shared_ptr<const Directory> next);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Directory> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
