#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_connections.h"
#include "server/page_disconnect.h"
#include "storage/records.h"
#include "vault/directory.h"

namespace tokenvault {

// From records and configuration to what pages show: pure.

// "See events on your calendars"; a scope that no preset describes shows as it
// is named.
ScopeView ViewScope(const Messages& messages, const Provider* provider,
                    const std::string& scope);
std::vector<ScopeView> ViewScopes(const Messages& messages,
                                  const Provider* provider,
                                  const ScopeSet& scopes);
std::vector<std::string> ViewSentences(const Messages& messages,
                                       const Provider* provider,
                                       const ScopeSet& scopes);
// What a token for `agent_scopes` of a connection with `granted` could do
// besides, which the provider cannot cut off and the operator lets pass: empty
// where either narrows it.
ScopeSet CouldAlso(const Directory& directory, const Provider* provider,
                   const ScopeSet& granted, const ScopeSet& agent_scopes);
// A few things that this provider could let an agent do, and that were neither
// asked for nor allowed before.
std::vector<std::string> ViewCannot(const Provider* provider,
                                    const ScopeSet& asked,
                                    const ScopeSet& granted);
// An agent that is no longer configured still has its id.
AgentView ViewAgent(const Messages& messages, const Directory& directory,
                    const AgentId& agent);
std::string ViewProvider(const Directory& directory,
                         const ProviderId& provider);
std::string HostOf(const std::string& url);
// "accounts.google.com": where people sign in at the provider; "" when unknown.
std::string ViewProviderHost(const Provider* provider);
// The registered address, with which question this was about.
ReturnView ViewReturn(const Interaction& interaction, const std::string& agent);

// Of one that is revoked: what became of it at the provider. `manual_url` is
// where its own list is.
RemovedView ViewRemoved(const Directory& directory, const Connection& revoked,
                        const std::string& manual_url);
ConnectionCard ViewConnection(const Messages& messages,
                              const Directory& directory,
                              const Connection& connection,
                              const std::vector<AgentGrant>& grants,
                              absl::Time now);

}  // namespace tokenvault
