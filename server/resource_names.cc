#include "server/resource_names.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

// The variable segments of `name`, if it looks like `form`: every second
// segment of both is a variable.
absl::StatusOr<std::vector<std::string>> Read(absl::string_view field,
                                              const std::string& name,
                                              absl::string_view form) {
  std::vector<std::string> segments = absl::StrSplit(name, '/');
  std::vector<std::string> expected = absl::StrSplit(form, '/');
  std::vector<std::string> values;
  bool good = segments.size() == expected.size();
  for (size_t i = 0; good && i < segments.size(); ++i) {
    if (i % 2 == 0) {
      good = segments[i] == expected[i];
    } else {
      good = IsSegment(segments[i]);
      values.push_back(segments[i]);
    }
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
std::string RootSourceName(const std::string& id) {
  return absl::StrCat("rootSources/", id);
}

std::string BackupName(const std::string& id) {
  return absl::StrCat("backups/", id);
}

absl::StatusOr<ProviderId> ReadProviderName(absl::string_view field,
                                            const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "providers/{provider}"));
  return ProviderId(std::move(values[0]));
}

absl::StatusOr<AgentId> ReadAgentName(absl::string_view field,
                                      const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "agents/{agent}"));
  return AgentId(std::move(values[0]));
}

absl::StatusOr<ConnectionRef> ReadConnectionName(absl::string_view field,
                                                 const std::string& name) {
  ASSIGN_OR_RETURN(auto values,
                   Read(field, name, "users/{user}/connections/{connection}"));
  return ConnectionRef{UserId(std::move(values[0])),
                       ConnectionId(std::move(values[1]))};
}

absl::StatusOr<InteractionId> ReadInteractionName(absl::string_view field,
                                                  const std::string& name) {
  ASSIGN_OR_RETURN(auto values,
                   Read(field, name, "interactions/{interaction}"));
  return InteractionId(std::move(values[0]));
}

absl::StatusOr<std::string> ReadOperationName(absl::string_view field,
                                              const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "operations/{operation}"));
  return std::move(values[0]);
}

absl::StatusOr<std::string> ReadRootSourceName(absl::string_view field,
                                               const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "rootSources/{source}"));
  return std::move(values[0]);
}

absl::StatusOr<std::string> ReadBackupName(absl::string_view field,
                                           const std::string& name) {
  ASSIGN_OR_RETURN(auto values, Read(field, name, "backups/{backup}"));
  return std::move(values[0]);
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
  return UserId(std::move(values[0]));
}

}  // namespace tokenvault
