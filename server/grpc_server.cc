#include "server/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "server/limits.h"
#include "server/listener_address.h"

namespace tokenvault {
namespace {

// How soon a renewed certificate is used.
constexpr unsigned kCertificateCheckSeconds = 10;
// Lines of gRPC's own log that are let through, each as one constant sentence.
constexpr int64_t kGrpcLinesPerMinute = 6;

// Debian's library adds reflection to every server of a process that links it;
// this takes it off again where it is not wanted.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    const std::string name =
        grpc::reflection::ProtoServerReflectionPlugin().name();
    std::erase_if(*plugins,
                  [&](const auto& plugin) { return plugin->name() == name; });
  }
};

bool CanRead(const std::string& path) {
  return access(path.c_str(), R_OK) == 0;
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(
    const GrpcServer::Options& options, const ListenerAddress& address) {
  const std::vector<std::string> files = {
      options.tls_cert_file, options.tls_key_file, options.client_ca_file};
  const bool any = std::any_of(files.begin(), files.end(),
                               [](const auto& f) { return !f.empty(); });
  if (!any) {
    if (address.is_unix() || (options.dev && address.loopback)) {
      return grpc::InsecureServerCredentials();
    }
    return errors::ConfigInvalid(
        "server.grpc_listen",
        "TCP requires a client certificate: set grpc_tls_cert_file, "
        "grpc_tls_key_file and grpc_client_ca_file, or listen on unix:/path");
  }
  for (const std::string& file : files) {
    if (file.empty() || !CanRead(file)) {
      return errors::ConfigInvalid(
          "server.grpc_tls_cert_file",
          "certificate, key and client CA must all be there and readable");
    }
  }
  auto provider =
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          options.tls_key_file, options.tls_cert_file, options.client_ca_file,
          kCertificateCheckSeconds);
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_root_certs();
  tls.watch_identity_key_cert_pairs();
  tls.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(tls);
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxReceivedMessage);
  builder.SetMaxSendMessageSize(kMaxSentMessage);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadata);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             kMaxStreamsPerConnection);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(kMinPingInterval));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kMaxPingStrikes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             Milliseconds(kMaxConnectionIdle));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Milliseconds(kMaxConnectionAge));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(kConnectionAgeGrace));
  // Nobody else may listen on our port and take half of our agents.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("tokenvault");
  quota.Resize(kGrpcMemory);
  builder.SetResourceQuota(quota);
}

void LogOneLine(gpr_log_func_args* args) {
  static std::atomic<int64_t> minute{0};
  static std::atomic<int64_t> lines{0};
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  const int64_t now = gpr_now(GPR_CLOCK_MONOTONIC).tv_sec / 60;
  if (minute.exchange(now) != now) lines = 0;
  if (lines.fetch_add(1) >= kGrpcLinesPerMinute) return;
  // Never args->message: it may quote a header.
  Log(LogLevel::kWarning, "grpc.complaint",
      "gRPC reported an error on a connection");
}

}  // namespace

void SilenceGrpcLog() { gpr_set_log_function(LogOneLine); }

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const Options& options, const std::vector<NamedService>& services) {
  std::optional<ListenerAddress> address = ParseListenerAddress(options.listen);
  if (!address.has_value()) {
    return errors::ConfigInvalid("grpc_listen",
                                 "must be unix:/path or ADDRESS:PORT");
  }
  ASSIGN_OR_RETURN(std::shared_ptr<grpc::ServerCredentials> credentials,
                   MakeCredentials(options, *address));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  SetLimits(builder);
  if (!options.reflection) {
    builder.SetOption(std::make_unique<WithoutReflection>());
  }
  int port = 0;
  builder.AddListeningPort(options.listen, credentials, &port);
  std::vector<std::string> names;
  for (const NamedService& service : services) {
    builder.RegisterService(service.service);
    names.push_back(service.name);
  }
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return errors::ConfigInvalid("grpc_listen", "cannot listen there");
  }
  std::string bound = options.listen;
  if (address->is_unix()) {
    // gRPC makes it under our umask, so that it is never wider than this.
    if (chmod(address->unix_path.c_str(), options.socket_mode) != 0) {
      return errors::ConfigInvalid("grpc_listen",
                                   "cannot set the mode of the socket");
    }
  } else {
    bound = absl::StrCat(options.listen.substr(0, options.listen.rfind(':')),
                         ":", port);
  }
  std::unique_ptr<GrpcServer> started(
      new GrpcServer(std::move(server), std::move(bound), std::move(names)));
  started->SetServing(false);
  return started;
}

GrpcServer::GrpcServer(std::unique_ptr<grpc::Server> server,
                       std::string address, std::vector<std::string> names)
    : server_(std::move(server)),
      address_(std::move(address)),
      names_(std::move(names)) {}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

void GrpcServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  for (const std::string& name : names_) {
    health->SetServingStatus(name, serving);
  }
}

void GrpcServer::Stop(absl::Duration grace) {
  // gRPC keeps time by the machine, whatever our clock says.
  server_->Shutdown(std::chrono::system_clock::now() +
                    absl::ToChronoMilliseconds(grace));
}

}  // namespace tokenvault
