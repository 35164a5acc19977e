#include "tests/cli/fake_web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace tokenvault {
namespace {

// Up to the end of the body that Content-Length names.
std::string ReadRequest(int client) {
  std::string request;
  char block[4096];
  ssize_t got = 0;
  while ((got = recv(client, block, sizeof(block), 0)) > 0) {
    request.append(block, static_cast<size_t>(got));
    const size_t head_end = request.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    const size_t length = request.find("Content-Length: ");
    const size_t body =
        length == std::string::npos
            ? 0
            : std::strtoul(request.c_str() + length + 16, nullptr, 10);
    if (request.size() >= head_end + 4 + body) break;
  }
  return request;
}

}  // namespace

FakeWeb::FakeWeb(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0) {
    std::abort();
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

FakeWeb::~FakeWeb() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::string FakeWeb::origin() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void FakeWeb::Serve() {
  while (!stopping_) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::string request = ReadRequest(client);
    if (!request.empty()) {
      const std::string answer = handler_(request);
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    close(client);
  }
}

std::string HttpText(int status, const std::string& headers,
                     const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " Word\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace tokenvault
