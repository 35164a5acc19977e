// Of AdminApi: what opens the vault.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "server/admin_api.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

// As long as a passphrase may be that is typed or read from a file.
constexpr size_t kLongestPassphrase = 1024;

// Out of the message, whose own copy is wiped.
absl::StatusOr<Secret> TakePassphrase(std::string* bytes) {
  Secret passphrase(std::move(*bytes));
  if (passphrase.size() > kLongestPassphrase) {
    return errors::FieldInvalid("passphrase", "is longer than 1024 bytes");
  }
  return passphrase;
}

v1::RootSource ToProto(const RootSourceAdmin::SourceInfo& info) {
  v1::RootSource source;
  source.set_name(RootSourceName(info.id));
  source.set_type(info.kind);
  if (info.create_time != absl::InfinitePast()) {
    *source.mutable_create_time() = ToTimestamp(info.create_time);
  }
  for (uint32_t version : info.key_versions) source.add_generations(version);
  source.set_opens(info.opens.ok());
  if (!info.opens.ok()) {
    source.set_closed_reason(ReasonOf(info.opens));
    source.set_closed_message(std::string(info.opens.message()));
  }
  return source;
}

}  // namespace

void AdminApi::Unseal(ApiCall call, v1::UnsealRequest request,
                      Done<v1::Status> done) {
  Operate<v1::Status>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) mutable -> absl::StatusOr<v1::Status> {
        ASSIGN_OR_RETURN(Secret passphrase,
                         TakePassphrase(request.mutable_passphrase()));
        std::string source;
        if (!request.source().empty() || !passphrase.empty()) {
          ASSIGN_OR_RETURN(source,
                           ReadRootSourceName("source", request.source()));
        }
        RETURN_IF_ERROR(work_.seal.Unseal(source, passphrase));
        return ReadStatus(/*deep=*/false);
      });
}

void AdminApi::Seal(ApiCall call, v1::SealRequest, Done<v1::Status> done) {
  Operate<v1::Status>(std::move(call), std::move(done),
                      [this](const Caller&) -> absl::StatusOr<v1::Status> {
                        RETURN_IF_ERROR(work_.seal.Seal().status());
                        return ReadStatus(/*deep=*/false);
                      });
}

void AdminApi::ListRootSources(ApiCall call, v1::ListRootSourcesRequest,
                               Done<v1::ListRootSourcesResponse> done) {
  Operate<v1::ListRootSourcesResponse>(
      std::move(call), std::move(done),
      [this](const Caller&) -> absl::StatusOr<v1::ListRootSourcesResponse> {
        ASSIGN_OR_RETURN(std::vector<RootSourceAdmin::SourceInfo> infos,
                         work_.sources.List());
        v1::ListRootSourcesResponse response;
        for (const RootSourceAdmin::SourceInfo& info : infos) {
          *response.add_sources() = ToProto(info);
        }
        return response;
      });
}

void AdminApi::AddRootSource(ApiCall call, v1::AddRootSourceRequest request,
                             Done<v1::RootSource> done) {
  Operate<v1::RootSource>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) mutable -> absl::StatusOr<v1::RootSource> {
        ASSIGN_OR_RETURN(Secret passphrase,
                         TakePassphrase(request.mutable_passphrase()));
        RETURN_IF_ERROR(CheckRequestId(request.request_id()));
        ASSIGN_OR_RETURN(std::string id,
                         ReadRootSourceName("name", request.name()));
        RETURN_IF_ERROR(work_.sources.Add(id, passphrase, request.renew(),
                                          request.request_id()));
        ASSIGN_OR_RETURN(std::vector<RootSourceAdmin::SourceInfo> infos,
                         work_.sources.List());
        for (const RootSourceAdmin::SourceInfo& info : infos) {
          if (info.id == id) return ToProto(info);
        }
        return errors::ResourceDenied(RootSourceName(id));
      });
}

void AdminApi::RemoveRootSource(ApiCall call,
                                v1::RemoveRootSourceRequest request,
                                Done<google::protobuf::Empty> done) {
  Operate<google::protobuf::Empty>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) -> absl::StatusOr<google::protobuf::Empty> {
        RETURN_IF_ERROR(CheckRequestId(request.request_id()));
        ASSIGN_OR_RETURN(std::string id,
                         ReadRootSourceName("name", request.name()));
        RETURN_IF_ERROR(work_.sources.Remove(id, request.request_id()));
        return google::protobuf::Empty();
      });
}

}  // namespace tokenvault
