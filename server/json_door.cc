#include "server/json_door.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "google/rpc/error_details.pb.h"
#include "server/limits.h"
#include "server/status_to_grpc.h"

namespace tokenvault {
namespace {

constexpr char kPrefix[] = "/tokenvault.v1.";
constexpr char kJson[] = "application/json";
// Connect's limit: ten digits of milliseconds.
constexpr size_t kMaxTimeoutDigits = 10;

struct HttpCode {
  absl::StatusCode code;
  const char* name;
  int status;
};

// As the Connect protocol maps them.
constexpr HttpCode kCodes[] = {
    {absl::StatusCode::kCancelled, "canceled", 499},
    {absl::StatusCode::kUnknown, "unknown", 500},
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
    {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
    {absl::StatusCode::kAborted, "aborted", 409},
    {absl::StatusCode::kOutOfRange, "out_of_range", 400},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501},
    {absl::StatusCode::kInternal, "internal", 500},
    {absl::StatusCode::kUnavailable, "unavailable", 503},
    {absl::StatusCode::kDataLoss, "data_loss", 500},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
};

HttpCode CodeOf(int code) {
  for (const HttpCode& known : kCodes) {
    if (static_cast<int>(known.code) == code) return known;
  }
  return {absl::StatusCode::kUnknown, "unknown", 500};
}

std::string Base64WithoutPadding(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

// The detail as people read it; null for a kind we do not know.
nlohmann::json Debug(const google::protobuf::Any& detail) {
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  google::rpc::BadRequest bad;
  google::rpc::PreconditionFailure precondition;
  google::rpc::QuotaFailure quota;
  google::protobuf::Message* const known[] = {&info, &retry, &bad,
                                              &precondition, &quota};
  for (google::protobuf::Message* message : known) {
    const std::string name = message->GetDescriptor()->full_name();
    if (!absl::EndsWith(detail.type_url(), absl::StrCat("/", name))) continue;
    std::string text;
    if (!message->ParseFromString(detail.value()) ||
        !google::protobuf::util::MessageToJsonString(*message, &text).ok()) {
      return nullptr;
    }
    return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  return nullptr;
}

nlohmann::ordered_json ErrorBody(const google::rpc::Status& outward) {
  nlohmann::ordered_json body;
  body["code"] = CodeOf(outward.code()).name;
  body["message"] = outward.message();
  for (const google::protobuf::Any& detail : outward.details()) {
    nlohmann::ordered_json entry;
    entry["type"] = detail.type_url().substr(detail.type_url().rfind('/') + 1);
    entry["value"] = Base64WithoutPadding(detail.value());
    if (nlohmann::json debug = Debug(detail); !debug.is_null()) {
      entry["debug"] = std::move(debug);
    }
    body["details"].push_back(std::move(entry));
  }
  return body;
}

// Counted as HTTP/2 does for gRPC (RFC 9113 §6.5.2), so that no credential fits
// through one door only.
size_t HeaderListSize(const WebRequest& request) {
  constexpr size_t kOverhead = 32;
  size_t size = 0;
  for (const auto& [name, value] : request.headers) {
    size += name.size() + value.size() + kOverhead;
  }
  return size;
}

bool IsJson(absl::string_view content_type) {
  std::vector<std::string> parts =
      absl::StrSplit(content_type, absl::MaxSplits(';', 1));
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts[0]), kJson);
}

// Nothing for a header that is not one to ten digits.
std::optional<absl::Duration> ReadTimeout(const std::string& header) {
  int64_t milliseconds = 0;
  bool digits = !header.empty() && header.size() <= kMaxTimeoutDigits &&
                std::all_of(header.begin(), header.end(),
                            [](char c) { return absl::ascii_isdigit(c); });
  if (!digits || !absl::SimpleAtoi(header, &milliseconds)) return std::nullopt;
  return absl::Milliseconds(milliseconds);
}

// Of who stands behind a proxy we have nobody's word but their own.
std::string PeerOf(const WebRequest& request) {
  const bool forwarded = std::any_of(
      request.headers.begin(), request.headers.end(), [](const auto& header) {
        return absl::EqualsIgnoreCase(header.first, "Forwarded") ||
               absl::EqualsIgnoreCase(header.first, "Via") ||
               absl::EqualsIgnoreCase(header.first, "X-Real-IP") ||
               absl::StartsWithIgnoreCase(header.first, "X-Forwarded-");
      });
  if (forwarded || request.remote_address == "unix") return "";
  return request.remote_address;
}

ApiCall ReadCall(const WebRequest& request) {
  ApiCall call;
  call.credential.verified_uris = request.client_uris;
  call.credential.has_certificate = request.has_client_certificate;
  call.credential.authorization = request.Header("Authorization");
  call.credential.peer = PeerOf(request);
  return call;
}

}  // namespace

JsonDoor::JsonDoor(const Clock& clock, const DirectoryHolder& directory,
                   TokenApi& tokens, ConnectionApi& connections,
                   ApprovalApi& approvals)
    : clock_(clock), directory_(directory) {
  const std::string token = absl::StrCat(kPrefix, "TokenService/");
  Add<v1::GetScopedTokenRequest, v1::GetScopedTokenResponse>(
      token + "GetScopedToken", tokens, &TokenApi::GetScopedToken);
  Add<v1::WaitInteractionRequest, v1::Interaction>(
      token + "WaitInteraction", tokens, &TokenApi::WaitInteraction);
  Add<v1::CancelInteractionRequest, v1::Interaction>(
      token + "CancelInteraction", tokens, &TokenApi::CancelInteraction);
  Add<v1::ReportTokenRejectedRequest, v1::ReportTokenRejectedResponse>(
      token + "ReportTokenRejected", tokens, &TokenApi::ReportTokenRejected);
  Add<v1::ListUsableConnectionsRequest, v1::ListUsableConnectionsResponse>(
      token + "ListUsableConnections", tokens,
      &TokenApi::ListUsableConnections);

  const std::string connection = absl::StrCat(kPrefix, "ConnectionService/");
  Add<v1::GetConnectionRequest, v1::Connection>(
      connection + "GetConnection", connections, &ConnectionApi::GetConnection);
  Add<v1::ListConnectionsRequest, v1::ListConnectionsResponse>(
      connection + "ListConnections", connections,
      &ConnectionApi::ListConnections);
  Add<v1::UpdateConnectionRequest, v1::Connection>(
      connection + "UpdateConnection", connections,
      &ConnectionApi::UpdateConnection);
  Add<v1::RevokeConnectionRequest, v1::RevokeConnectionResponse>(
      connection + "RevokeConnection", connections,
      &ConnectionApi::RevokeConnection);
  Add<v1::CreateConnectSessionRequest, v1::ConnectSession>(
      connection + "CreateConnectSession", connections,
      &ConnectionApi::CreateConnectSession);
  Add<v1::CompleteConnectRequest, v1::Connection>(
      connection + "CompleteConnect", connections,
      &ConnectionApi::CompleteConnect);

  const std::string approval = absl::StrCat(kPrefix, "ApprovalService/");
  Add<v1::GetApprovalRequest, v1::Approval>(approval + "GetApproval", approvals,
                                            &ApprovalApi::GetApproval);
  Add<v1::ListApprovalsRequest, v1::ListApprovalsResponse>(
      approval + "ListApprovals", approvals, &ApprovalApi::ListApprovals);
  Add<v1::DecideApprovalRequest, v1::Approval>(
      approval + "DecideApproval", approvals, &ApprovalApi::DecideApproval);
}

bool JsonDoor::Serves(const std::string& path) {
  return absl::StartsWith(path, kPrefix);
}

template <typename Request, typename Response, typename Api>
void JsonDoor::Add(const std::string& path, Api& api,
                   void (Api::*method)(ApiCall, Request,
                                       typename Answer<Response>::Done)) {
  methods_[path] = [this, &api, method](ApiCall call, const std::string& body,
                                        WebRespond respond) {
    Request request;
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = false;
    if (!google::protobuf::util::JsonStringToMessage(body, &request, options)
             .ok()) {
      // The parser's own words may quote a token.
      return respond(ErrorResponse(errors::FieldInvalid(
          "body", "must be this request as JSON, without unknown fields")));
    }
    (api.*method)(std::move(call), std::move(request),
                  [this, respond = std::move(respond)](
                      absl::StatusOr<Response> answer) mutable {
                    if (!answer.ok())
                      return respond(ErrorResponse(answer.status()));
                    WebResponse response;
                    response.content_type = kJson;
                    response.headers.emplace_back("Cache-Control", "no-store");
                    if (!google::protobuf::util::MessageToJsonString(
                             *answer, &response.body)
                             .ok()) {
                      return respond(ErrorResponse(
                          errors::Internal("a message has no JSON form")));
                    }
                    respond(std::move(response));
                  });
  };
}

WebResponse JsonDoor::ErrorResponse(const absl::Status& status) const {
  const google::rpc::Status outward =
      ToOutwardStatus(status, Audience::kCaller);
  WebResponse response;
  response.status = CodeOf(outward.code()).status;
  response.content_type = kJson;
  response.body = ErrorBody(outward).dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  response.headers.emplace_back("Cache-Control", "no-store");
  if (absl::Duration delay = RetryDelayOf(outward);
      delay > absl::ZeroDuration()) {
    response.headers.emplace_back("Retry-After",
                                  absl::StrCat(absl::ToInt64Seconds(
                                      absl::Ceil(delay, absl::Seconds(1)))));
  }
  if (response.status == 401) {
    response.headers.emplace_back(
        "WWW-Authenticate",
        absl::StrCat("Bearer resource_metadata=\"",
                     directory_.Get()->public_url,
                     "/.well-known/oauth-protected-resource\""));
  }
  return response;
}

void JsonDoor::Handle(WebRequest request, WebRespond respond) {
  auto method = methods_.find(request.path);
  if (method == methods_.end()) {
    return respond(TextResponse(404, "no such method\n"));
  }
  if (request.method != "POST") return respond(WrongMethod("POST"));
  if (HeaderListSize(request) > kMaxMetadata) {
    return respond(TextResponse(431, "the headers are too large\n"));
  }
  // Also what keeps other people's pages out: a browser sends this type across
  // origins only after asking, and nobody here answers that.
  if (!IsJson(request.Header("Content-Type"))) {
    return respond(
        TextResponse(415, "Content-Type must be application/json\n"));
  }
  const std::string version = request.Header("Connect-Protocol-Version");
  if (!version.empty() && version != "1") {
    return respond(ErrorResponse(
        errors::FieldInvalid("Connect-Protocol-Version", "must be 1")));
  }
  ApiCall call = ReadCall(request);
  const std::string timeout = request.Header("Connect-Timeout-Ms");
  if (!timeout.empty()) {
    std::optional<absl::Duration> patience = ReadTimeout(timeout);
    if (!patience.has_value()) {
      return respond(ErrorResponse(errors::FieldInvalid(
          "Connect-Timeout-Ms", "must be at most ten digits")));
    }
    call.deadline = clock_.Now() + *patience;
  }
  method->second(std::move(call), request.body, std::move(respond));
}

}  // namespace tokenvault
