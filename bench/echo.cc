#include "bench/echo.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "server/grpc_server.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {
namespace {

class Echo final : public v1::TokenService::CallbackService {
 public:
  explicit Echo(v1::GetScopedTokenResponse answer)
      : answer_(std::move(answer)) {}

  grpc::ServerUnaryReactor* GetScopedToken(
      grpc::CallbackServerContext* context, const v1::GetScopedTokenRequest*,
      v1::GetScopedTokenResponse* response) override {
    *response = answer_;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const v1::GetScopedTokenResponse answer_;
};

}  // namespace

int ServeEcho(const std::string& answer_file, int ready_fd) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  v1::GetScopedTokenResponse answer;
  std::ifstream file(answer_file, std::ios::binary);
  if (!answer.ParseFromIstream(&file) || !answer.has_token()) {
    fputs("bench: the answer to echo cannot be read\n", stderr);
    return 1;
  }
  Echo echo(std::move(answer));
  GrpcServer::Options options;
  options.listen = "127.0.0.1:0";
  options.dev = true;
  auto server =
      GrpcServer::Start(options, {{&echo, "tokenvault.v1.TokenService"}});
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

}  // namespace tokenvault
