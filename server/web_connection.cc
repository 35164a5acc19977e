#include "server/web_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"

// Boost.Beast lives in this file alone: it costs half a minute to compile.
namespace tokenvault {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Head = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

constexpr absl::Duration kWriteTimeout = absl::Seconds(20);
// How long a refused client may go on sending before it is cut, so that it
// reads our answer and not a reset.
constexpr absl::Duration kLinger = absl::Seconds(1);
constexpr int kLingerReads = 256;

std::string ToString(boost::string_view text) {
  return std::string(text.data(), text.size());
}

// The status for a request that could not be read; 0 when there is nobody left
// to tell.
int StatusForReadError(const error_code& ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    return 431;
  }
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) {
    return 0;
  }
  const auto& http_errors =
      http::make_error_code(http::error::bad_method).category();
  return ec.category() == http_errors ? 400 : 0;
}

bool HasControl(boost::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return c != '\t' && absl::ascii_iscntrl(c);
  });
}

// What the parser lets pass and we do not. 0 when all is well.
int StatusForHead(const Head& head,
                  const std::vector<std::string>& allowed_hosts) {
  if (head.version() != 10 && head.version() != 11) return 505;
  for (const auto& field : head) {
    if (HasControl(field.value())) return 400;
  }
  // Two readers of this message must not see two messages (RFC 9112 §6.3).
  size_t lengths = head.count(http::field::content_length);
  size_t codings = head.count(http::field::transfer_encoding);
  if (lengths + codings > 1) return 400;
  if (codings == 1 &&
      (head.version() == 10 ||
       !beast::iequals(head[http::field::transfer_encoding], "chunked"))) {
    return 400;
  }
  boost::string_view target = head.target();
  if (target.empty() || target[0] != '/') return 400;
  for (char c : target) {
    if (!absl::ascii_isgraph(c) || c == '#') return 400;
  }
  if (head.count(http::field::host) != 1) return 400;
  boost::string_view host = head[http::field::host];
  if (!IsAllowedHost(absl::string_view(host.data(), host.size()),
                     allowed_hosts)) {
    return 421;
  }
  switch (head.method()) {
    case http::verb::get:
    case http::verb::head:
    case http::verb::post:
    case http::verb::put:
    case http::verb::patch:
    case http::verb::delete_:
    case http::verb::options:
      return 0;
    default:
      return 501;
  }
}

WebRequest ToWebRequest(const Head& head) {
  WebRequest request;
  request.method = ToString(head.method_string());
  std::string target = ToString(head.target());
  size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) {
    request.query = target.substr(question + 1);
  }
  for (const auto& field : head) {
    request.headers.emplace_back(ToString(field.name_string()),
                                 ToString(field.value()));
  }
  return request;
}

template <typename Body>
http::response<Body> ToMessage(const WebResponse& response, bool keep_alive) {
  http::response<Body> message;
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) {
    message.insert(name, value);
  }
  if (!response.content_type.empty()) {
    message.set(http::field::content_type, response.content_type);
  }
  message.keep_alive(keep_alive);
  if (response.status != 204 && response.status != 304) {
    message.content_length(response.body.size());
  }
  return message;
}

// The server's own answers, in its own plain words.
WebResponse ReasonPhrase(int status) {
  return TextResponse(
      status,
      absl::StrCat(
          ToString(http::obsolete_reason(static_cast<http::status>(status))),
          "\n"));
}

}  // namespace

// What a WebRespond holds. It keeps the server's io_context alive, so that a
// late answer has a place to be dropped.
class WebConnection::Responder {
 public:
  Responder(std::shared_ptr<WebConnectionHost> host,
            const std::shared_ptr<WebConnection>& connection, uint64_t number)
      : host_(std::move(host)),
        connection_(connection),
        executor_(connection->executor()),
        number_(number) {}
  Responder(Responder&& other) = default;
  ~Responder() {
    if (host_ != nullptr) (*this)(ReasonPhrase(500));
  }

  void operator()(WebResponse response) {
    if (host_ == nullptr) return;
    asio::dispatch(executor_, [connection = connection_, number = number_,
                               response = std::move(response)]() mutable {
      auto alive = connection.lock();
      if (alive == nullptr) return;
      alive->Deliver(number, std::move(response));
    });
    executor_ = asio::any_io_executor();
    host_.reset();
  }

 private:
  std::shared_ptr<WebConnectionHost> host_;  // null once answered or moved from
  std::weak_ptr<WebConnection> connection_;
  asio::any_io_executor executor_;
  uint64_t number_;
};

WebConnection::WebConnection(WebConnectionHost& host,
                             WebConnectionSocket socket,
                             WebTlsFiles::Context tls,
                             std::string remote_address,
                             std::function<void()> on_gone)
    : host_(host),
      tls_(std::move(tls)),
      remote_address_(std::move(remote_address)),
      on_gone_(std::move(on_gone)),
      socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      answered_(socket_.get_executor()) {}

WebConnection::~WebConnection() { on_gone_(); }

asio::awaitable<void> WebConnection::Run() {
  if (tls_ == nullptr) {
    co_await Serve(socket_);
    co_await Linger();
    co_return;
  }
  asio::ssl::stream<WebConnectionSocket&> stream(socket_, *tls_);
  ArmDeadline(host_.options.read_timeout, Cut::kAll);
  auto [handshake_ec] =
      co_await stream.async_handshake(asio::ssl::stream_base::server, kTuple);
  DisarmDeadline();
  if (handshake_ec) co_return;
  peer_ = PeerCertificateOf(stream.native_handle());
  co_await Serve(stream);
  ArmDeadline(kLinger, Cut::kAll);
  co_await stream.async_shutdown(kTuple);
  DisarmDeadline();
  co_await Linger();
}

template <typename Stream>
asio::awaitable<void> WebConnection::Serve(Stream& stream) {
  // A whole head fits in, and a little of what follows it.
  beast::flat_buffer buffer(host_.options.header_limit + 8 * 1024);
  bool more = true;
  while (more && !host_.draining) {
    more = co_await ServeOne(stream, buffer);
  }
}

template <typename Stream, typename Buffer>
asio::awaitable<bool> WebConnection::ServeOne(Stream& stream, Buffer& buffer) {
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(host_.options.header_limit));
  parser.body_limit(host_.options.body_limit);

  timed_out_ = false;
  ArmDeadline(host_.options.read_timeout, Cut::kRead);
  request_began_ = [&parser] { return parser.got_some(); };
  auto [head_ec, head_size] =
      co_await http::async_read_header(stream, buffer, parser, kTuple);
  request_began_ = nullptr;
  if (head_ec) {
    // Nobody asked anything: an idle connection ends without a word.
    if (!parser.got_some()) co_return false;
    co_return co_await Refuse(stream, StatusForReadError(head_ec));
  }
  int refused = StatusForHead(parser.get(), host_.options.allowed_hosts);
  if (refused != 0) co_return co_await Refuse(stream, refused);
  // Now, because the trailers of a chunked body end up among the fields too.
  WebRequest request = ToWebRequest(parser.get());
  const bool head_only = parser.get().method() == http::verb::head;

  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr absl::string_view kContinue =
        "HTTP/1.1 100 Continue\r\n\r\n";
    ArmDeadline(kWriteTimeout, Cut::kAll);
    auto [continue_ec, continue_size] = co_await asio::async_write(
        stream, asio::buffer(kContinue.data(), kContinue.size()), kTuple);
    if (continue_ec) co_return false;
    ArmDeadline(host_.options.read_timeout, Cut::kRead);
  }
  auto [body_ec, body_size] =
      co_await http::async_read(stream, buffer, parser, kTuple);
  if (body_ec) co_return co_await Refuse(stream, StatusForReadError(body_ec));
  DisarmDeadline();

  request.body = std::move(parser.get().body());
  request.remote_address = remote_address_;
  request.has_client_certificate = peer_.has_certificate;
  request.client_uris = peer_.uris;
  WebResponse response = co_await Answer(std::move(request));
  if (response.hang_up) co_return false;
  if (!IsWritable(response)) {
    Log(LogLevel::kError, "web.response_refused",
        "a handler's answer had a header that cannot be sent");
    response = ReasonPhrase(500);
  }
  const bool keep_alive = parser.get().keep_alive() && !host_.draining;
  const bool written =
      co_await Write(stream, std::move(response), head_only, keep_alive);
  co_return written&& keep_alive;
}

// Always false: what follows on this connection cannot be trusted.
template <typename Stream>
asio::awaitable<bool> WebConnection::Refuse(Stream& stream, int status) {
  if (timed_out_) status = 408;
  if (status != 0) {
    co_await Write(stream, ReasonPhrase(status), /*head_only=*/false,
                   /*keep_alive=*/false);
  }
  co_return false;
}

template <typename Stream>
asio::awaitable<bool> WebConnection::Write(Stream& stream, WebResponse response,
                                           bool head_only, bool keep_alive) {
  ArmDeadline(kWriteTimeout, Cut::kAll);
  error_code ec;
  if (head_only || response.status == 204 || response.status == 304) {
    auto message = ToMessage<http::empty_body>(response, keep_alive);
    http::response_serializer<http::empty_body> serializer(message);
    auto [write_ec, size] =
        co_await http::async_write_header(stream, serializer, kTuple);
    ec = write_ec;
  } else {
    auto message = ToMessage<http::string_body>(response, keep_alive);
    message.body() = std::move(response.body);
    auto [write_ec, size] = co_await http::async_write(stream, message, kTuple);
    ec = write_ec;
  }
  DisarmDeadline();
  co_return !ec;
}

asio::awaitable<WebResponse> WebConnection::Answer(WebRequest request) {
  const uint64_t number = ++request_number_;
  answer_.reset();
  answered_.expires_after(
      absl::ToChronoNanoseconds(host_.options.answer_timeout));
  host_.handler(std::move(request), Responder(host_.shared_from_this(),
                                              shared_from_this(), number));
  if (!answer_.has_value()) {
    // Ends when Deliver cancels it, or when patience does.
    co_await answered_.async_wait(kTuple);
  }
  ++request_number_;
  if (!answer_.has_value()) co_return ReasonPhrase(503);
  WebResponse response = std::move(*answer_);
  answer_.reset();
  co_return response;
}

asio::awaitable<void> WebConnection::Linger() {
  error_code ignored;
  if (!socket_.is_open()) co_return;
  socket_.shutdown(WebConnectionSocket::shutdown_send, ignored);
  ArmDeadline(kLinger, Cut::kAll);
  std::array<char, 4096> scrap;
  for (int reads = 0; reads < kLingerReads; ++reads) {
    auto [ec, size] =
        co_await socket_.async_read_some(asio::buffer(scrap), kTuple);
    if (ec) break;
  }
  DisarmDeadline();
  socket_.close(ignored);
}

void WebConnection::CloseIfIdle() {
  if (request_began_ && !request_began_()) Close();
}

void WebConnection::Close() {
  error_code ignored;
  socket_.close(ignored);
}

void WebConnection::Deliver(uint64_t number, WebResponse response) {
  if (number != request_number_ || answer_.has_value()) return;
  answer_ = std::move(response);
  answered_.cancel();
}

void WebConnection::ArmDeadline(absl::Duration patience, Cut cut) {
  deadline_.expires_after(absl::ToChronoNanoseconds(patience));
  deadline_.async_wait([weak = weak_from_this(), number = ++deadline_number_,
                        cut](const error_code& ec) {
    std::shared_ptr<WebConnection> self = weak.lock();
    if (ec || self == nullptr || number != self->deadline_number_) return;
    self->timed_out_ = true;
    // Not cancel(): it would miss an operation that is about to be started.
    error_code ignored;
    if (cut == Cut::kRead) {
      self->socket_.shutdown(WebConnectionSocket::shutdown_receive, ignored);
      // In case it is not a read that hangs, but a write that TLS put in.
      self->ArmDeadline(kLinger, Cut::kAll);
    } else {
      self->socket_.close(ignored);
    }
  });
}

void WebConnection::DisarmDeadline() {
  ++deadline_number_;
  deadline_.cancel();
}

}  // namespace tokenvault
