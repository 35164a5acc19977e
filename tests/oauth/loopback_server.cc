#include "tests/oauth/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tokenvault {

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    std::abort();  // a machine without loopback
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

LoopbackServer::LoopbackServer(std::string answer)
    : LoopbackServer([this, answer](int connection) {
        ReadRequest(connection);
        Write(connection, answer);
      }) {}

LoopbackServer::~LoopbackServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> handlers;
  {
    MutexLock lock(mutex_);
    for (int connection : open_) shutdown(connection, SHUT_RDWR);
    handlers.swap(handlers_);
  }
  for (std::thread& handler : handlers) handler.join();
}

void LoopbackServer::Accept() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    ++connections_;
    MutexLock lock(mutex_);
    open_.push_back(connection);
    handlers_.emplace_back([this, connection] {
      handler_(connection);
      MutexLock lock(mutex_);
      open_.erase(std::find(open_.begin(), open_.end(), connection));
      close(connection);
    });
  }
}

std::string LoopbackServer::Url(absl::string_view path,
                                absl::string_view scheme) const {
  return absl::StrCat(scheme, "://127.0.0.1:", port_, path);
}

std::string LoopbackServer::last_request() const {
  MutexLock lock(mutex_);
  return last_request_;
}

std::string LoopbackServer::ReadRequest(int connection) {
  std::string request;
  size_t wanted = std::string::npos;
  char buffer[4096];
  while (request.size() < wanted) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    request.append(buffer, static_cast<size_t>(got));
    const size_t end = request.find("\r\n\r\n");
    if (wanted == std::string::npos && end != std::string::npos) {
      const size_t length = request.find("Content-Length: ");
      wanted = end + 4;
      if (length < end) wanted += std::stoul(request.substr(length + 16));
    }
  }
  MutexLock lock(mutex_);
  last_request_ = request;
  return request;
}

bool LoopbackServer::Write(int connection, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t sent =
        send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool LoopbackServer::WaitForHangUp(int connection, int milliseconds) {
  pollfd waiting = {connection, POLLRDHUP, 0};
  return poll(&waiting, 1, milliseconds) > 0;
}

void LoopbackServer::Reset(int connection) {
  const linger now = {1, 0};
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace tokenvault
