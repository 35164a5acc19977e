#include "server/web_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "server/listener_address.h"
#include "server/web_address.h"
#include "server/web_connection.h"
#include "server/web_tls_files.h"

namespace tokenvault {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

constexpr absl::Duration kAcceptPause = absl::Milliseconds(100);

}  // namespace

class WebServer::Impl : public WebConnectionHost {
 public:
  absl::Status Listen(const ListenerAddress& listen);
  void Run();
  void Stop(absl::Duration grace);
  const std::string& address() const { return address_; }

  std::unique_ptr<WebTlsFiles> tls;  // null for plain HTTP

 private:
  absl::Status BindUnix(const ListenerAddress& listen);
  absl::Status BindTcp(const ListenerAddress& listen);
  asio::awaitable<void> Accept();
  void Admit(WebConnectionSocket socket);
  void Leave(uint64_t id, const std::string& allowance);
  // To be let go outside the lock: the last owner of a connection takes it.
  std::vector<std::shared_ptr<WebConnection>> Open();

  std::string address_;
  std::string unix_path_;

  Mutex mutex_;
  CondVar all_left_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, std::weak_ptr<WebConnection>> connections_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> by_allowance_ ABSL_GUARDED_BY(mutex_);

  // After all that connections count on: it goes first, and with it every
  // coroutine that is still suspended.
  asio::io_context io_;
  Acceptor acceptor_{asio::make_strand(io_)};
  std::vector<std::thread> threads_;
};

absl::Status WebServer::Impl::Listen(const ListenerAddress& listen) {
  error_code ec;
  acceptor_.open(ToEndpoint(listen).protocol(), ec);
  if (ec) return errors::ConfigInvalid("listen", "the socket did not open");
  RETURN_IF_ERROR(listen.is_unix() ? BindUnix(listen) : BindTcp(listen));
  acceptor_.listen(Acceptor::max_listen_connections, ec);
  if (ec) return errors::ConfigInvalid("listen", "the address is in use");
  return absl::OkStatus();
}

absl::Status WebServer::Impl::BindTcp(const ListenerAddress& listen) {
  error_code ec;
  acceptor_.set_option(Acceptor::reuse_address(true), ec);
  acceptor_.bind(ToEndpoint(listen), ec);
  if (ec) {
    return errors::ConfigInvalid("listen",
                                 "the address is in use or not of this host");
  }
  std::optional<asio::ip::tcp::endpoint> bound =
      IpEndpoint(acceptor_.local_endpoint(ec));
  if (!bound.has_value()) return errors::Internal("no local endpoint");
  address_ = ToString(*bound);
  return absl::OkStatus();
}

absl::Status WebServer::Impl::BindUnix(const ListenerAddress& listen) {
  error_code ec;
  const char* path = listen.unix_path.c_str();
  // A socket left over by a process that is gone may be replaced; one that
  // somebody answers on may not.
  struct stat info;
  if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
    WebConnectionSocket probe(io_);
    probe.connect(ToEndpoint(listen), ec);
    if (ec == asio::error::connection_refused) unlink(path);
  }
  acceptor_.bind(ToEndpoint(listen), ec);
  if (ec) {
    return errors::ConfigInvalid("listen",
                                 "the path is in use or cannot be written");
  }
  unix_path_ = listen.unix_path;
  address_ = absl::StrCat("unix:", unix_path_);
  // Before listen: until then nobody can have connected.
  if (chmod(path, 0660) != 0) {
    return errors::ConfigInvalid("listen", "the socket's mode was not set");
  }
  return absl::OkStatus();
}

void WebServer::Impl::Run() {
  asio::co_spawn(acceptor_.get_executor(), Accept(),
                 [](std::exception_ptr failure) {
                   if (failure == nullptr) return;
                   Log(LogLevel::kError, "web.accept_failed",
                       "the listener ended by an exception");
                 });
  for (int i = 0; i < std::max(1, options.threads); ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
}

asio::awaitable<void> WebServer::Impl::Accept() {
  asio::steady_timer pause(acceptor_.get_executor());
  while (acceptor_.is_open()) {
    WebConnectionSocket socket(asio::make_strand(io_));
    auto [ec] = co_await acceptor_.async_accept(socket, kTuple);
    if (!ec) {
      Admit(std::move(socket));
      continue;
    }
    // Out of file descriptors, most likely: it passes, and spinning is no help.
    pause.expires_after(absl::ToChronoNanoseconds(kAcceptPause));
    co_await pause.async_wait(kTuple);
  }
}

// Beyond an allowance the socket is dropped without a word: a word would cost
// us more than it costs them.
void WebServer::Impl::Admit(WebConnectionSocket socket) {
  error_code ec;
  std::optional<asio::ip::tcp::endpoint> peer =
      IpEndpoint(socket.remote_endpoint(ec));
  if (ec) return;  // it left already
  std::string remote_address = "unix";
  std::string allowance;
  if (peer.has_value()) {
    remote_address = peer->address().to_string();
    allowance = AllowanceOf(peer->address());
    socket.set_option(asio::ip::tcp::no_delay(true), ec);
  }

  WebTlsFiles::Context context;
  if (tls != nullptr) context = tls->Current(absl::Now());
  std::shared_ptr<WebConnection> connection;
  {
    MutexLock lock(mutex_);
    if (stopped_ ||
        connections_.size() >= static_cast<size_t>(options.max_connections)) {
      return;
    }
    if (!allowance.empty()) {
      int& count = by_allowance_[allowance];
      if (count >= options.max_connections_per_address) return;
      ++count;
    }
    const uint64_t id = ++last_id_;
    connection = std::make_shared<WebConnection>(
        *this, std::move(socket), std::move(context), std::move(remote_address),
        [this, id, allowance] { Leave(id, allowance); });
    connections_.emplace(id, connection);
  }
  // Run refers to the connection; the callback owns it until Run is over.
  asio::any_io_executor executor = connection->executor();
  asio::awaitable<void> run = connection->Run();
  asio::co_spawn(executor, std::move(run),
                 [connection](std::exception_ptr failure) {
                   if (failure == nullptr) return;
                   Log(LogLevel::kError, "web.connection_failed",
                       "a connection ended by an exception");
                 });
}

void WebServer::Impl::Leave(uint64_t id, const std::string& allowance) {
  MutexLock lock(mutex_);
  connections_.erase(id);
  auto count = by_allowance_.find(allowance);
  if (count != by_allowance_.end() && --count->second == 0) {
    by_allowance_.erase(count);
  }
  if (connections_.empty()) all_left_.NotifyAll();
}

std::vector<std::shared_ptr<WebConnection>> WebServer::Impl::Open() {
  std::vector<std::shared_ptr<WebConnection>> open;
  MutexLock lock(mutex_);
  for (const auto& [id, weak] : connections_) {
    if (auto connection = weak.lock()) open.push_back(std::move(connection));
  }
  return open;
}

void WebServer::Impl::Stop(absl::Duration grace) {
  const absl::Time end = absl::Now() + grace;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    draining = true;
  }
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
  });
  for (std::shared_ptr<WebConnection>& connection : Open()) {
    asio::any_io_executor executor = connection->executor();
    asio::post(executor, [connection = std::move(connection)] {
      connection->CloseIfIdle();
    });
  }
  {
    MutexLock lock(mutex_);
    while (!connections_.empty() && absl::Now() < end) {
      all_left_.WaitFor(mutex_, end - absl::Now());
    }
  }
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
  // Should it have been stopped before it came to that: nobody gets in any
  // more.
  error_code ignored;
  acceptor_.close(ignored);
  // Whoever still owes an answer keeps the coroutines; their sockets close now.
  for (const std::shared_ptr<WebConnection>& connection : Open()) {
    connection->Close();
  }
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
}

WebServer::WebServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

WebServer::~WebServer() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<WebServer>> WebServer::Start(
    Options options, WebHandler handler) {
  if (options.allowed_hosts.empty()) {
    return errors::ConfigInvalid("allowed_hosts", "names no host");
  }
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return errors::ConfigInvalid("tls_key_file",
                                 "goes together with tls_cert_file");
  }
  if (options.tls_cert_file.empty() && !options.client_ca_file.empty()) {
    return errors::ConfigInvalid("client_ca_file", "needs tls_cert_file");
  }
  std::optional<ListenerAddress> listen = ParseListenerAddress(options.listen);
  if (!listen.has_value()) {
    return errors::ConfigInvalid(
        "listen", "expected 127.0.0.1:8080, [::1]:8080 or unix:/path");
  }
  std::unique_ptr<WebTlsFiles> tls;
  if (!options.tls_cert_file.empty()) {
    ASSIGN_OR_RETURN(
        tls, WebTlsFiles::Open({options.tls_cert_file, options.tls_key_file,
                                options.client_ca_file},
                               options.tls_check_interval));
  }
  // The kernel may have neither a poll descriptor nor a thread left, which asio
  // and std::thread say with an exception.
  try {
    auto impl = std::make_shared<Impl>();
    impl->options = std::move(options);
    impl->handler = std::move(handler);
    impl->tls = std::move(tls);
    RETURN_IF_ERROR(impl->Listen(*listen));
    std::unique_ptr<WebServer> server(new WebServer(impl));
    impl->Run();
    return server;
  } catch (const std::exception&) {
    return errors::Internal("the web server could not start");
  }
}

std::string WebServer::address() const { return impl_->address(); }

void WebServer::Stop(absl::Duration grace) { impl_->Stop(grace); }

}  // namespace tokenvault
