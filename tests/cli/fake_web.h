#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace tokenvault {

// A web server for one client at a time, on a loopback port of its own: turns
// each request, as it came, into an answer, as it goes.
class FakeWeb {
 public:
  using Handler = std::function<std::string(const std::string& request)>;

  explicit FakeWeb(Handler handler);
  ~FakeWeb();

  std::string origin() const;  // "http://127.0.0.1:43121"

 private:
  void Serve();

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// "HTTP/1.1 200 OK" with a length and `headers` ("Name: value\r\n" each).
std::string HttpText(int status, const std::string& headers,
                     const std::string& body);

}  // namespace tokenvault
