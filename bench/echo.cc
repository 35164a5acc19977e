#include "bench/echo.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/hand_made_log.h"
#include "server/grpc_server.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {
namespace {

class EchoService final : public v1::TokenService::CallbackService {
 public:
  EchoService(v1::GetScopedTokenResponse answer, HandMadeLog* log)
      : answer_(std::move(answer)), log_(log) {}

  grpc::ServerUnaryReactor* GetScopedToken(
      grpc::CallbackServerContext* context, const v1::GetScopedTokenRequest*,
      v1::GetScopedTokenResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    *response = answer_;
    if (log_ == nullptr) {
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }
    log_->Append([reactor](bool written) {
      reactor->Finish(written ? grpc::Status::OK
                              : grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                             "the log refuses"));
    });
    return reactor;
  }

 private:
  const v1::GetScopedTokenResponse answer_;
  HandMadeLog* const log_;  // null: nothing is written
};

// Null when none is asked for.
absl::StatusOr<std::unique_ptr<HandMadeLog>> LogOf(const Echo& echo) {
  if (!echo.naive_file.empty()) return MakeNaiveLog(echo.naive_file);
  if (!echo.log_file.empty()) return MakeBatchingLog(echo.log_file);
  return nullptr;
}

GrpcServer::Options ListenerOf(const Echo& echo) {
  GrpcServer::Options options;
  options.listen = echo.listen;
  options.dev = true;
  if (echo.certificates.empty()) return options;
  const Certificates made = {echo.certificates};
  options.tls_cert_file = made.server();
  options.tls_key_file = made.server_key();
  options.client_ca_file = made.authority();
  return options;
}

}  // namespace

int ServeEcho(const Echo& echo, int ready_fd) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  v1::GetScopedTokenResponse answer;
  std::ifstream file(echo.answer_file, std::ios::binary);
  if (!answer.ParseFromIstream(&file) || !answer.has_token()) {
    fputs("bench: the answer to echo cannot be read\n", stderr);
    return 1;
  }
  auto log = LogOf(echo);
  if (!log.ok()) {
    fprintf(stderr, "bench: %s\n", std::string(log.status().message()).c_str());
    return 1;
  }
  EchoService service(std::move(answer), log->get());
  auto server = GrpcServer::Start(ListenerOf(echo),
                                  {{&service, "tokenvault.v1.TokenService"}});
  if (!server.ok()) {
    fputs("bench: the echo server does not start\n", stderr);
    return 1;
  }
  const std::string line =
      absl::StrCat("{\"grpc\":\"", (*server)->address(), "\"}\n");
  if (write(ready_fd, line.data(), line.size()) < 0) return 1;
  close(ready_fd);
  int number = 0;
  sigwait(&signals, &number);
  (*server)->Stop(absl::Seconds(1));
  return 0;
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartEcho(
    const v1::GetScopedTokenResponse& answer, const std::string& folder,
    Echo echo) {
  echo.answer_file = folder + "/answer";
  std::ofstream file(echo.answer_file, std::ios::binary);
  if (!answer.SerializeToOstream(&file)) {
    return absl::UnavailableError("the answer to echo cannot be written");
  }
  file.close();
  std::vector<std::string> command = {
      "/proc/self/exe", "--echo", echo.answer_file, "--listen", echo.listen};
  for (const auto& [flag, value] : {std::pair<const char*, const std::string&>{
                                        "--certificates", echo.certificates},
                                    {"--naive", echo.naive_file},
                                    {"--log", echo.log_file}}) {
    if (value.empty()) continue;
    command.push_back(flag);
    command.push_back(value);
  }
  return ChildProcess::Start(std::move(command));
}

Echo EchoBy(Transport transport, const std::string& folder,
            const Certificates& certificates) {
  Echo echo;
  if (transport == Transport::kUnixSocket) {
    echo.listen = absl::StrCat("unix:", folder, "/echo.sock");
  }
  if (transport == Transport::kMtls) echo.certificates = certificates.folder;
  return echo;
}

}  // namespace tokenvault
