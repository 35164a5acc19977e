#include "bench/oidc_agent_process.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/token_endpoint.h"

namespace tokenvault {
namespace {

constexpr char kAgentFile[] = "/usr/bin/oidc-agent";
constexpr char kGenFile[] = "/usr/bin/oidc-gen";
constexpr char kQuestion[] =
    R"({"request":"access_token","account":"bench","min_valid_period":60,)"
    R"("application_hint":"bench"})";
constexpr absl::Duration kUntilItListens = absl::Seconds(5);
constexpr int kAnswerPatienceMillis = 30'000;

absl::Status NotServed() {
  return absl::DataLossError("oidc-agent gave no answer");
}

// One question under way.
struct AgentCall {
  int fd = -1;
  absl::Time start;
  std::string answer;
};

absl::StatusOr<int> ConnectTo(const std::string& path) {
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::UnavailableError("the name of the socket is too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, reinterpret_cast<struct sockaddr*>(&address),
                         sizeof(address)) == 0) {
    return fd;
  }
  if (fd >= 0) close(fd);
  return NotServed();
}

}  // namespace

bool OidcAgentProcess::IsInstalled() {
  return access(kAgentFile, X_OK) == 0 && access(kGenFile, X_OK) == 0;
}

absl::StatusOr<std::unique_ptr<OidcAgentProcess>> OidcAgentProcess::Start(
    const std::string& folder, const std::string& issuer, int person) {
  const std::string accounts = folder + "/accounts";
  mkdir(accounts.c_str(), 0700);
  // The constructor is private.
  std::unique_ptr<OidcAgentProcess> agent(
      new OidcAgentProcess(folder + "/oidc-agent.sock", person));
  const std::vector<std::string> environment = {
      absl::StrCat("HOME=", folder), absl::StrCat("OIDC_CONFIG_DIR=", accounts),
      absl::StrCat("OIDC_SOCK=", agent->socket_), "OIDC_ENCRYPTION_PW=bench"};
  ASSIGN_OR_RETURN(agent->agent_, QuietProgram::Start({kAgentFile, "--console",
                                                       "-a", agent->socket_},
                                                      environment));
  const absl::Time until = absl::Now() + kUntilItListens;
  absl::StatusOr<int> fd = ConnectTo(agent->socket_);
  while (!fd.ok() && absl::Now() < until) {
    absl::SleepFor(absl::Milliseconds(10));
    fd = ConnectTo(agent->socket_);
  }
  if (!fd.ok()) return absl::UnavailableError("oidc-agent does not listen");
  close(*fd);
  ASSIGN_OR_RETURN(
      const int ended,
      RunToEnd({kGenFile, "--manual", absl::StrCat("--issuer=", issuer, "/"),
                "--client-id=bench", "--client-secret=",
                "--scope=openid offline_access calendar.read",
                "--redirect-uri=http://localhost:4242", "--flow=refresh",
                absl::StrCat("--rt=", TokenEndpoint::RefreshToken(person)),
                "--pw-env", "--prompt=none", "--confirm-yes", "bench"},
               environment));
  if (ended != 0) {
    return absl::UnavailableError("oidc-agent does not take the account");
  }
  return agent;
}

absl::StatusOr<int> OidcAgentProcess::Ask() const {
  ASSIGN_OR_RETURN(const int fd, ConnectTo(socket_));
  constexpr size_t kSize = sizeof(kQuestion) - 1;
  if (write(fd, kQuestion, kSize) == static_cast<ssize_t>(kSize)) return fd;
  close(fd);
  return NotServed();
}

absl::StatusOr<LoopResult> OidcAgentProcess::Run(int in_flight,
                                                 absl::Duration length) {
  std::vector<AgentCall> calls(static_cast<size_t>(in_flight));
  std::vector<struct pollfd> polled(calls.size());
  const std::string wanted =
      absl::StrCat("\"access_token\":\"", TokenEndpoint::AccessPrefix(person_));
  LoopResult result;
  absl::Status failure;
  const absl::Time start = absl::Now();
  size_t open = calls.size();
  auto send = [&](size_t i) {
    calls[i] = {};
    calls[i].start = absl::Now();
    absl::StatusOr<int> fd = Ask();
    failure.Update(fd.status());
    calls[i].fd = fd.ok() ? *fd : -1;
    polled[i] = {calls[i].fd, POLLIN, 0};
  };
  for (size_t i = 0; i < calls.size() && failure.ok(); ++i) send(i);
  while (open > 0 && failure.ok()) {
    if (poll(polled.data(), polled.size(), kAnswerPatienceMillis) <= 0) {
      failure.Update(NotServed());
    }
    for (size_t i = 0; i < calls.size() && failure.ok(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t got = read(calls[i].fd, bytes, sizeof(bytes));
      if (got > 0) {
        calls[i].answer.append(bytes, static_cast<size_t>(got));
        if (!absl::EndsWith(calls[i].answer, "}")) continue;
      }
      close(calls[i].fd);
      calls[i].fd = polled[i].fd = -1;
      const absl::Time now = absl::Now();
      if (!absl::StrContains(calls[i].answer, wanted)) {
        failure.Update(NotServed());
      }
      ++result.answers;
      result.micros.values.push_back(
          absl::ToDoubleMicroseconds(now - calls[i].start));
      if (now - start >= length) {
        --open;
      } else {
        send(i);
      }
    }
  }
  result.elapsed = absl::Now() - start;
  for (const AgentCall& call : calls) {
    if (call.fd >= 0) close(call.fd);
  }
  if (!failure.ok()) return failure;
  return result;
}

}  // namespace tokenvault
