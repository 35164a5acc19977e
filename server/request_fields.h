#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/scope_set.h"
#include "tokenvault/v1/subject.pb.h"
#include "tokenvault/v1/token_service.pb.h"

// What the fields of requests must look like (server/limits.h has the numbers).
// Pure. Every refusal is FIELD_INVALID and quotes nothing of what it refuses.
namespace tokenvault {

// Empty, or a UUID in its usual form.
absl::Status CheckRequestId(const std::string& request_id);
// 1 to kMaxScopes words; whether the provider knows them is not looked at.
absl::StatusOr<ScopeSet> ReadScopes(
    const google::protobuf::RepeatedPtrField<std::string>& scopes,
    const char* field = "scopes");
// The default when absent.
absl::StatusOr<absl::Duration> ReadMinTtl(
    const v1::GetScopedTokenRequest& request);
// Empty, or an absolute URI without a fragment (RFC 8707).
absl::Status CheckResource(const std::string& resource);
// One of `allowed`, byte by byte, or empty.
absl::Status CheckReturnUri(const std::string& return_uri,
                            const std::vector<std::string>& allowed);
// The purpose as one line for a person and the audit log: the summary, then
// each act, then the task. Still the agent's own words.
absl::StatusOr<std::string> ReadPurpose(const v1::Purpose& purpose);
// The acts alone, in canonical form (vault/approval_request.h). After
// ReadPurpose found them good.
std::string ReadDetails(const v1::Purpose& purpose);
// One line for the audit log.
absl::Status CheckComment(const std::string& comment);
absl::Status CheckLabel(absl::string_view field, const std::string& label);

// kDefaultPageSize for 0; never more than kMaxPageSize.
absl::StatusOr<int> ReadPageSize(int page_size);
// A page token is opaque to callers: base64url over `position`, which is "" for
// the first page.
std::string MakePageToken(absl::string_view position);
absl::StatusOr<std::string> ReadPageToken(const std::string& token);

// One condition of a filter: field = "value" or field = VALUE.
struct FilterCondition {
  std::string field;
  std::string value;
};
// Conditions joined by AND; none for "". Every field must be one of `fields`
// and come once.
absl::StatusOr<std::vector<FilterCondition>> ReadFilter(
    const std::string& filter, const std::vector<std::string>& fields);

}  // namespace tokenvault
