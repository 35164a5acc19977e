#include "server/grpc_unary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tokenvault {
namespace {

std::string Metadata(const grpc::CallbackServerContext& context,
                     const char* name) {
  const auto& all = context.client_metadata();
  // Sent twice, it is nobody's credential: joined, it matches nothing.
  std::string value;
  auto range = all.equal_range(name);
  for (auto it = range.first; it != range.second; ++it) {
    if (it != range.first) value += ", ";
    value.append(it->second.data(), it->second.size());
  }
  return value;
}

}  // namespace

std::string PeerWithoutPort(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) {
    return std::string(peer.substr(0, peer.rfind(':')));
  }
  if (!absl::ConsumePrefix(&peer, "ipv6:")) return "";
  absl::string_view address = peer.substr(0, peer.rfind(':'));
  const bool bare =
      absl::ConsumePrefix(&address, "[") && absl::ConsumeSuffix(&address, "]");
  const bool escaped = absl::ConsumePrefix(&address, "%5B") &&
                       absl::ConsumeSuffix(&address, "%5D");
  return bare || escaped ? std::string(address) : "";
}

ApiCall ReadCall(const grpc::CallbackServerContext& context, GrpcDoor door) {
  ApiCall call;
  call.deadline = absl::FromChrono(context.deadline());
  if (door == GrpcDoor::kAdmin) {
    call.credential.admin_socket = true;
    return call;
  }
  std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  for (const grpc::string_ref& uri : auth->FindPropertyValues("peer_uri")) {
    call.credential.verified_uris.emplace_back(uri.data(), uri.size());
  }
  call.credential.has_certificate =
      !auth->FindPropertyValues("x509_pem_cert").empty();
  call.credential.authorization = Metadata(context, "authorization");
  call.credential.peer = PeerWithoutPort(context.peer());
  return call;
}

void FinishWith(const absl::Status& status, GrpcDoor door,
                grpc::CallbackServerContext& context,
                grpc::ServerUnaryReactor& reactor) {
  google::rpc::Status outward =
      ToOutwardStatus(status, door == GrpcDoor::kAdmin ? Audience::kOperator
                                                       : Audience::kCaller);
  absl::Duration delay = RetryDelayOf(outward);
  if (delay > absl::ZeroDuration()) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms",
                                absl::StrCat(absl::ToInt64Milliseconds(delay)));
  }
  reactor.Finish(ToGrpcStatus(outward));
}

}  // namespace tokenvault
