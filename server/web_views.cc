#include "server/web_views.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "oauth/url.h"
#include "vault/connection_admin.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxCannot = 3;

// Presets complete "It can …"; pages begin with the verb.
std::string Capitalized(std::string sentence) {
  if (!sentence.empty()) {
    sentence[0] = absl::ascii_toupper(static_cast<unsigned char>(sentence[0]));
  }
  return sentence;
}

ScopeViewRisk ViewRisk(ScopeRisk risk) {
  switch (risk) {
    case ScopeRisk::kLow:
      return ScopeViewRisk::kLow;
    case ScopeRisk::kMedium:
      return ScopeViewRisk::kMedium;
    case ScopeRisk::kHigh:
      return ScopeViewRisk::kHigh;
  }
  return ScopeViewRisk::kUnjudged;
}

ProviderRevocation ViewRevocation(const Connection& revoked) {
  switch (UpstreamRevocations::Of(revoked)) {
    case UpstreamRevocations::Result::kRevoked:
      return ProviderRevocation::kRevoked;
    case UpstreamRevocations::Result::kUnsupported:
      return ProviderRevocation::kUnsupported;
    case UpstreamRevocations::Result::kPending:
      return ProviderRevocation::kPending;
    case UpstreamRevocations::Result::kFailed:
      break;
  }
  return ProviderRevocation::kFailed;
}

CardState ViewState(const Connection& connection) {
  switch (connection.state) {
    case ConnectionState::kRevoked:
      return CardState::kDisconnected;
    case ConnectionState::kNeedsReconnect:
      return CardState::kNeedsReconnecting;
    case ConnectionState::kActive:
      break;
  }
  return connection.paused ? CardState::kPaused : CardState::kActive;
}

}  // namespace

ScopeView ViewScope(const Messages& messages, const Provider* provider,
                    const std::string& scope) {
  ScopeView view;
  view.raw = scope;
  const ScopeInfo* info =
      provider == nullptr ? nullptr : provider->FindScope(scope);
  view.says = info == nullptr || info->says.empty()
                  ? messages.Say("scope.unknown", {{"scope", scope}})
                  : Capitalized(info->says);
  if (info != nullptr) view.risk = ViewRisk(info->risk);
  return view;
}

std::vector<ScopeView> ViewScopes(const Messages& messages,
                                  const Provider* provider,
                                  const ScopeSet& scopes) {
  std::vector<ScopeView> views;
  for (const std::string& scope : scopes) {
    views.push_back(ViewScope(messages, provider, scope));
  }
  return views;
}

std::vector<std::string> ViewSentences(const Messages& messages,
                                       const Provider* provider,
                                       const ScopeSet& scopes) {
  std::vector<std::string> sentences;
  for (const std::string& scope : scopes) {
    sentences.push_back(ViewScope(messages, provider, scope).says);
  }
  return sentences;
}

ScopeSet CouldAlso(const Directory& directory, const Provider* provider,
                   const ScopeSet& granted, const ScopeSet& agent_scopes) {
  if (provider == nullptr || provider->narrowing != Narrowing::kNone ||
      !directory.tokens.allow_policy_only) {
    return ScopeSet();
  }
  return granted.Minus(agent_scopes);
}

std::vector<std::string> ViewCannot(const Provider* provider,
                                    const ScopeSet& asked,
                                    const ScopeSet& granted) {
  std::vector<std::string> sentences;
  if (provider == nullptr) return sentences;
  for (const ScopeInfo& info : provider->scopes) {
    if (asked.Contains(info.value) || granted.Contains(info.value) ||
        info.says.empty()) {
      continue;
    }
    sentences.push_back(Capitalized(info.says));
    if (sentences.size() == kMaxCannot) break;
  }
  return sentences;
}

AgentView ViewAgent(const Messages& messages, const Directory& directory,
                    const AgentId& agent) {
  const Agent* known = directory.FindAgent(agent);
  if (known == nullptr) return {agent.value, agent.value, ""};
  std::string identity = known->spiffe_id;
  if (identity.empty() && !known->jwt_subject.empty()) {
    identity = messages.Say(
        "agent.jwt_identity",
        {{"subject", known->jwt_subject}, {"issuer", known->jwt_issuer}});
  }
  if (identity.empty()) identity = absl::StrCat("agents/", agent.value);
  return {known->name, identity, known->owner};
}

std::string ViewProvider(const Directory& directory,
                         const ProviderId& provider) {
  const Provider* known = directory.FindProvider(provider);
  return known == nullptr ? provider.value : known->display_name;
}

std::string HostOf(const std::string& url) {
  absl::StatusOr<Url> parsed = ParseUrl(url);
  return parsed.ok() ? parsed->host : "";
}

ReturnView ViewReturn(const Interaction& interaction,
                      const std::string& agent) {
  if (interaction.return_uri.empty()) return {};
  const std::string name = absl::StrCat("interactions/", interaction.id.value);
  return {agent, AppendQuery(interaction.return_uri, {{"interaction", name}})};
}

std::string ViewProviderHost(const Provider* provider) {
  if (provider == nullptr) return "";
  return HostOf(provider->authorize_url.empty() ? provider->issuer
                                                : provider->authorize_url);
}

RemovedView ViewRemoved(const Directory& directory, const Connection& revoked,
                        const std::string& manual_url) {
  return {ViewProvider(directory, revoked.provider), revoked.account_label,
          ViewRevocation(revoked), manual_url};
}

ConnectionCard ViewConnection(const Messages& messages,
                              const Directory& directory,
                              const Connection& connection,
                              const std::vector<AgentGrant>& grants,
                              absl::Time now) {
  ConnectionCard card;
  card.id = connection.id.value;
  card.provider = ViewProvider(directory, connection.provider);
  card.account = connection.account_label;
  card.state = ViewState(connection);
  const Provider* provider = directory.FindProvider(connection.provider);
  for (const AgentGrant& grant : grants) {
    const absl::Time ends =
        std::min(grant.end_time, connection.access_end_time);
    if (now >= ends) continue;
    AgentUse use;
    use.id = grant.agent.value;
    use.agent = ViewAgent(messages, directory, grant.agent).name;
    use.scopes = ViewScopes(messages, provider, grant.scopes);
    use.last_used = grant.last_use_time;
    use.ends = ends;
    use.task = grant.task_id;
    use.could_also =
        ViewSentences(messages, provider,
                      CouldAlso(directory, provider, connection.granted_scopes,
                                grant.scopes));
    card.uses.push_back(std::move(use));
  }
  return card;
}

}  // namespace tokenvault
