#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/http_types.h"
#include "server/web_server.h"
#include "server/web_tls.h"
#include "server/web_tls_files.h"

namespace tokenvault {

// A completion token: co_await gives the error and the result, and throws none.
inline constexpr auto kTuple =
    boost::asio::as_tuple(boost::asio::use_awaitable);

using WebConnectionSocket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;

// What connections know of their server. It outlives them, and an unanswered
// WebRespond keeps it alive beyond that.
struct WebConnectionHost
    : public std::enable_shared_from_this<WebConnectionHost> {
  virtual ~WebConnectionHost() = default;

  WebServer::Options options;
  WebHandler handler;
  // Once true, no connection takes another request.
  std::atomic<bool> draining = false;
};

// One connection, a coroutine on a strand of its own, so that its state needs
// no lock:
//
//   handshake ─▶ ┌ read head ─▶ check ─▶ read body ┐ ─▶ linger ─▶ close
//   (if TLS)     └──── write ◀── wait ◀── handler ◀┘
//
// Each step but the handler's is under one absolute deadline, which no drip of
// bytes can push away. Call everything on executor(), unless it says otherwise;
// the destructor anywhere.
class WebConnection : public std::enable_shared_from_this<WebConnection> {
 public:
  // `tls` may be null: plain HTTP. `on_gone` is called by the destructor.
  WebConnection(WebConnectionHost& host, WebConnectionSocket socket,
                WebTlsFiles::Context tls, std::string remote_address,
                std::function<void()> on_gone);
  ~WebConnection();

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }
  // Serves until the connection is over. The caller keeps it alive meanwhile.
  boost::asio::awaitable<void> Run();
  // Closes a connection that is between requests; others finish theirs.
  void CloseIfIdle();
  // Closes it whatever it does. From anywhere, once no thread serves it.
  void Close();

 private:
  class Responder;
  // kRead leaves us the means to say why; kAll does not.
  enum class Cut { kRead, kAll };

  template <typename Stream>
  boost::asio::awaitable<void> Serve(Stream& stream);
  // False when the connection is over, answered or not.
  template <typename Stream, typename Buffer>
  boost::asio::awaitable<bool> ServeOne(Stream& stream, Buffer& buffer);
  template <typename Stream>
  boost::asio::awaitable<bool> Refuse(Stream& stream, int status);
  template <typename Stream>
  boost::asio::awaitable<bool> Write(Stream& stream, WebResponse response,
                                     bool head_only, bool keep_alive);
  boost::asio::awaitable<WebResponse> Answer(WebRequest request);
  boost::asio::awaitable<void> Linger();

  // An answer to request `number`; dropped when that is over.
  void Deliver(uint64_t number, WebResponse response);
  void ArmDeadline(absl::Duration patience, Cut cut);
  void DisarmDeadline();

  WebConnectionHost& host_;
  const WebTlsFiles::Context tls_;
  const std::string remote_address_;
  const std::function<void()> on_gone_;
  PeerCertificate peer_;

  WebConnectionSocket socket_;
  boost::asio::steady_timer deadline_;
  uint64_t deadline_number_ = 0;
  bool timed_out_ = false;
  // Says whether a request's first byte came; null while one is served.
  std::function<bool()> request_began_;

  boost::asio::steady_timer answered_;
  uint64_t request_number_ = 0;
  std::optional<WebResponse> answer_;
};

}  // namespace tokenvault
