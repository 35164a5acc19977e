#include "server/admin_people.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

// By one of the two: the name here, or the id at their own identity provider.
absl::StatusOr<std::vector<Subject>> ReadPeople(const Erasure& erasure,
                                                const std::string& user,
                                                const std::string& user_id) {
  if (!user_id.empty()) return erasure.FindByIdentity(user_id);
  ASSIGN_OR_RETURN(const UserId id, ReadUserName("user", user));
  if (id.empty()) {
    return errors::FieldInvalid("user", "must name one person");
  }
  return erasure.Find(id);
}

absl::Status CheckOneOf(int given, absl::string_view what) {
  return given == 1 ? absl::OkStatus() : errors::FieldInvalid("user", what);
}

// False when it is about a person.
absl::StatusOr<bool> TakeCondition(const FilterCondition& condition,
                                   AuditFilter& filter) {
  const std::string& value = condition.value;
  if (condition.field == "since" || condition.field == "until") {
    absl::Time time;
    std::string problem;
    if (!absl::ParseTime(absl::RFC3339_full, value, &time, &problem)) {
      return errors::FieldInvalid(
          "filter", absl::StrCat(condition.field,
                                 " must be a time of RFC 3339, such as "
                                 "2026-11-28T00:00:00Z"));
    }
    (condition.field == "since" ? filter.since : filter.until) = time;
  } else if (condition.field == "action") {
    filter.kind = value;
  } else if (condition.field == "actor") {
    filter.actor = value;
  } else if (condition.field == "provider") {
    filter.provider = ProviderId(value);
  } else if (condition.field == "connection") {
    filter.connection = ConnectionId(value);
  } else if (condition.field == "outcome") {
    filter.outcome = value;
  } else if (condition.field == "token_id") {
    filter.token_id = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<Operation::Progress> EraseUser(
    Erasure& erasure, const v1::EraseUserRequest& request) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  RETURN_IF_ERROR(
      CheckOneOf(!request.user().empty() + !request.user_id().empty(),
                 "is given, or user_id, and not both"));
  ASSIGN_OR_RETURN(std::vector<Subject> people,
                   ReadPeople(erasure, request.user(), request.user_id()));
  if (!request.validate_only()) {
    return erasure.Start(std::move(people), request.request_id());
  }
  Operation::Progress preview;
  preview.done = true;
  preview.phase = Operation::Phase::kErasing;
  preview.people_erased = static_cast<int64_t>(people.size());
  ASSIGN_OR_RETURN(preview.erased, erasure.Count(people));
  return preview;
}

absl::StatusOr<Operation::Progress> RotateDataKeys(
    DataKeyRotation& rotation, const Erasure& erasure,
    const Directory& directory, const v1::RotateDataKeysRequest& request) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  RETURN_IF_ERROR(CheckOneOf(!request.user().empty() +
                                 !request.user_id().empty() +
                                 !request.tenant().empty(),
                             "is given, or user_id, or tenant, and no two"));
  DataKeyScope scope;
  if (!request.tenant().empty()) {
    scope.tenant = TenantId(request.tenant());
    if (directory.FindTenant(scope.tenant) == nullptr) {
      return errors::ResourceDenied(absl::StrCat("tenants/", request.tenant()));
    }
  } else {
    ASSIGN_OR_RETURN(scope.people,
                     ReadPeople(erasure, request.user(), request.user_id()));
    if (scope.people.empty()) {
      return errors::ResourceDenied(request.user().empty() ? "users/-"
                                                           : request.user());
    }
  }
  if (request.validate_only()) return rotation.Preview(scope);
  return rotation.Start(std::move(scope), request.request_id());
}

absl::StatusOr<AuditFilter> ReadAuditFilter(const Erasure& erasure,
                                            const std::string& text) {
  ASSIGN_OR_RETURN(std::vector<FilterCondition> conditions,
                   ReadFilter(text, {"action", "user", "user_id", "actor",
                                     "provider", "connection", "outcome",
                                     "token_id", "since", "until"}));
  AuditFilter filter;
  for (const FilterCondition& condition : conditions) {
    ASSIGN_OR_RETURN(const bool taken, TakeCondition(condition, filter));
    if (taken) continue;
    const bool named = condition.field == "user";
    ASSIGN_OR_RETURN(std::vector<Subject> people,
                     ReadPeople(erasure, named ? condition.value : "",
                                named ? "" : condition.value));
    if (!filter.user.empty()) {
      return errors::FieldInvalid("filter", "names a person twice");
    }
    if (!people.empty()) {
      filter.tenant = people[0].tenant;
      filter.user = people[0].user;
    } else if (named) {
      // Erased, or never here: leaves of before may still say this.
      ASSIGN_OR_RETURN(filter.user, ReadUserName("filter", condition.value));
    } else {
      return errors::ResourceDenied("users/-");
    }
  }
  return filter;
}

}  // namespace tokenvault
