#include "server/resource_names.h"

#include <algorithm>
#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxSegment = 64;

bool IsSegment(absl::string_view text) {
  if (text.empty() || text.size() > kMaxSegment) return false;
  for (char c : text) {
    bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!good) return false;
  }
  return true;
}

// Takes the next segment off `path`.
absl::string_view TakeSegment(absl::string_view& path) {
  const absl::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(segment.size() + 1, path.size()));
  return segment;
}

// The variable segments of `name`, which they point into, if it looks like
// `form`: every second segment of both is a variable, of two at most.
using Segments = std::array<absl::string_view, 2>;
absl::StatusOr<Segments> Read(absl::string_view field, const std::string& name,
                              absl::string_view form) {
  Segments values;
  absl::string_view rest = name;
  absl::string_view expected = form;
  bool good = absl::c_count(name, '/') == absl::c_count(form, '/');
  for (size_t i = 0; good && !expected.empty(); ++i) {
    const absl::string_view segment = TakeSegment(rest);
    const absl::string_view like = TakeSegment(expected);
    good = i % 2 == 0 ? segment == like : IsSegment(segment);
    if (i % 2 == 1) values[i / 2] = segment;
  }
  if (!good) {
    return errors::FieldInvalid(field, absl::StrCat("must look like ", form));
  }
  return values;
}

}  // namespace

std::string ProviderName(const ProviderId& id) {
  return absl::StrCat("providers/", id.value);
}
std::string AgentName(const AgentId& id) {
  return absl::StrCat("agents/", id.value);
}
std::string UserName(const UserId& id) {
  return absl::StrCat("users/", id.value);
}
std::string ConnectionName(const UserId& user, const ConnectionId& id) {
  return absl::StrCat("users/", user.value, "/connections/", id.value);
}
std::string InteractionName(const InteractionId& id) {
  return absl::StrCat("interactions/", id.value);
}
std::string ApprovalName(const UserId& user, const InteractionId& id) {
  return absl::StrCat("users/", user.value, "/approvals/", id.value);
}

std::string RootSourceName(const std::string& id) {
  return absl::StrCat("rootSources/", id);
}

std::string BackupName(const std::string& id) {
  return absl::StrCat("backups/", id);
}

absl::StatusOr<ProviderId> ReadProviderName(absl::string_view field,
                                            const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "providers/{provider}"));
  return ProviderId(std::string(values[0]));
}

absl::StatusOr<AgentId> ReadAgentName(absl::string_view field,
                                      const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "agents/{agent}"));
  return AgentId(std::string(values[0]));
}

absl::StatusOr<ConnectionRef> ReadConnectionName(absl::string_view field,
                                                 const std::string& name) {
  ASSIGN_OR_RETURN(auto values,
                   Read(field, name, "users/{user}/connections/{connection}"));
  return ConnectionRef{UserId(std::string(values[0])),
                       ConnectionId(std::string(values[1]))};
}

absl::StatusOr<ApprovalRef> ReadApprovalName(absl::string_view field,
                                             const std::string& name) {
  ASSIGN_OR_RETURN(auto values,
                   Read(field, name, "users/{user}/approvals/{approval}"));
  return ApprovalRef{UserId(std::string(values[0])),
                     InteractionId(std::string(values[1]))};
}

absl::StatusOr<InteractionId> ReadInteractionName(absl::string_view field,
                                                  const std::string& name) {
  ASSIGN_OR_RETURN(auto values,
                   Read(field, name, "interactions/{interaction}"));
  return InteractionId(std::string(values[0]));
}

absl::StatusOr<std::string> ReadOperationName(absl::string_view field,
                                              const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "operations/{operation}"));
  return std::string(values[0]);
}

absl::StatusOr<std::string> ReadRootSourceName(absl::string_view field,
                                               const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "rootSources/{source}"));
  return std::string(values[0]);
}

absl::StatusOr<std::string> ReadBackupName(absl::string_view field,
                                           const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "backups/{backup}"));
  return std::string(values[0]);
}

absl::StatusOr<uint64_t> ReadAuditEventName(absl::string_view field,
                                            const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "auditEvents/{event}"));
  uint64_t sequence = 0;
  if (!absl::SimpleAtoi(values[0], &sequence) || sequence == 0 ||
      AuditEventName(sequence) != name) {
    return errors::FieldInvalid(field, "must look like auditEvents/42");
  }
  return sequence;
}

std::string AuditEventName(uint64_t sequence) {
  return absl::StrCat("auditEvents/", sequence);
}

absl::StatusOr<UserId> ReadUserName(absl::string_view field,
                                    const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "users/{user}"));
  if (values[0] == "-") return UserId();
  return UserId(std::string(values[0]));
}

}  // namespace tokenvault
