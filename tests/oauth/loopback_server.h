#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/mutex.h"

namespace tokenvault {

// A tiny blocking server on 127.0.0.1, port of the system's choice. Every
// connection gets the handler and is closed when it returns. Destroying it
// waits for the handlers; their reads and writes fail by then.
class LoopbackServer {
 public:
  // Talks to the client by hand: `connection` is a socket.
  using Handler = std::function<void(int connection)>;

  explicit LoopbackServer(Handler handler);
  // Answers every request with the same bytes.
  explicit LoopbackServer(std::string answer);
  ~LoopbackServer();

  int port() const { return port_; }
  std::string Url(absl::string_view path = "/",
                  absl::string_view scheme = "http") const;
  int connections() const { return connections_; }
  // The last request that ReadRequest saw.
  std::string last_request() const;

  // Header and body of one request, as they came.
  std::string ReadRequest(int connection);
  // False once the client is gone.
  static bool Write(int connection, absl::string_view text);
  // Waits until the client hangs up, or `milliseconds` passed; true for the
  // former.
  static bool WaitForHangUp(int connection, int milliseconds);
  // Ends the connection with a reset instead of a farewell.
  static void Reset(int connection);

 private:
  void Accept();

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;

  mutable Mutex mutex_;
  std::string last_request_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> handlers_ ABSL_GUARDED_BY(mutex_);

  std::thread acceptor_;  // last: it uses all of the above
};

}  // namespace tokenvault
