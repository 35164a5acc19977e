#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/ids.h"

// The names of the API, "users/{user}/connections/{connection}" and the like,
// and what they stand for. Reading one proves its form, never that the thing
// exists: a name is at most 64 characters of [a-z0-9-] a segment, so that it is
// safe in statuses and logs.
namespace tokenvault {

std::string ProviderName(const ProviderId& id);
std::string AgentName(const AgentId& id);
std::string UserName(const UserId& id);
std::string ConnectionName(const UserId& user, const ConnectionId& id);
std::string InteractionName(const InteractionId& id);
std::string ApprovalName(const UserId& user, const InteractionId& id);
std::string RootSourceName(const std::string& id);
std::string BackupName(const std::string& id);

struct ConnectionRef {
  UserId user;
  ConnectionId connection;
};

struct ApprovalRef {
  UserId user;
  InteractionId approval;
};

// FIELD_INVALID on `field`.
absl::StatusOr<ProviderId> ReadProviderName(absl::string_view field,
                                            const std::string& name);
absl::StatusOr<AgentId> ReadAgentName(absl::string_view field,
                                      const std::string& name);
absl::StatusOr<ConnectionRef> ReadConnectionName(absl::string_view field,
                                                 const std::string& name);
absl::StatusOr<ApprovalRef> ReadApprovalName(absl::string_view field,
                                             const std::string& name);
absl::StatusOr<InteractionId> ReadInteractionName(absl::string_view field,
                                                  const std::string& name);
absl::StatusOr<std::string> ReadOperationName(absl::string_view field,
                                              const std::string& name);
absl::StatusOr<std::string> ReadRootSourceName(absl::string_view field,
                                               const std::string& name);
absl::StatusOr<std::string> ReadBackupName(absl::string_view field,
                                           const std::string& name);
// A number from 1 on.
absl::StatusOr<uint64_t> ReadAuditEventName(absl::string_view field,
                                            const std::string& name);
std::string AuditEventName(uint64_t sequence);
// "users/-", every person, is the empty id.
absl::StatusOr<UserId> ReadUserName(absl::string_view field,
                                    const std::string& name);

}  // namespace tokenvault
