#include "server/web_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/test_certificates.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kPatienceMs = 20000;

int PortOf(const std::string& address) {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  return port;
}

// A client that sends what it likes and reads what comes.
class RawClient {
 public:
  // From 127.0.0.`last_octet`.
  explicit RawClient(const std::string& address, int last_octet = 1) {
    if (absl::StartsWith(address, "unix:")) {
      fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      address.substr(5).copy(to.sun_path, sizeof(to.sun_path) - 1);
      connected_ =
          connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
      return;
    }
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7f000000 + last_octet);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&from), sizeof(from)), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(PortOf(address));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // False when the server has closed.
  bool Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(sent);
    }
    return true;
  }
  bool CanRead(int timeout_ms) {
    pollfd poll_for = {fd_, POLLIN, 0};
    return poll(&poll_for, 1, timeout_ms) == 1;
  }
  // "" at the end of the stream.
  std::string ReadSome() {
    char bytes[4096];
    if (!CanRead(kPatienceMs)) {
      ADD_FAILURE() << "the server says nothing";
      return "";
    }
    ssize_t size = recv(fd_, bytes, sizeof(bytes), 0);
    return size > 0 ? std::string(bytes, size) : "";
  }
  std::string ReadToEnd() {
    std::string all;
    for (std::string some = ReadSome(); !some.empty(); some = ReadSome()) {
      all += some;
    }
    return all;
  }
  // One answer, by its Content-Length.
  std::string ReadAnswer(bool head_only = false) {
    std::string all;
    for (;;) {
      size_t end = all.find("\r\n\r\n");
      if (end != std::string::npos) {
        size_t at = all.find("Content-Length: ");
        size_t length = 0;
        if (at < end && !head_only) {
          length = std::strtoul(all.c_str() + at + 16, nullptr, 10);
        }
        if (all.size() >= end + 4 + length) return all;
      }
      std::string some = ReadSome();
      if (some.empty()) return all;
      all += some;
    }
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
};

std::string Get(absl::string_view path, absl::string_view more = "") {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: vault.test\r\n", more,
                      "\r\n");
}

// Keeps the answers a handler owes, for the test to give or to forget.
class Owed {
 public:
  void Add(WebRespond respond) {
    std::unique_lock<std::mutex> lock(mutex_);
    owed_.push_back(std::move(respond));
    arrived_.notify_all();
  }
  WebRespond Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    arrived_.wait(lock, [&] { return !owed_.empty(); });
    WebRespond respond = std::move(owed_.back());
    owed_.pop_back();
    return respond;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<WebRespond> owed_;
};

class WebServerTest : public testing::Test {
 protected:
  WebServerTest() {
    options_.listen = "127.0.0.1:0";
    options_.allowed_hosts = {"vault.test"};
    // Tells back what it was told.
    handler_ = [this](WebRequest request, WebRespond respond) {
      ++handled_;
      if (request.path == "/later") return owed_.Add(std::move(respond));
      if (request.path == "/never") return;
      WebResponse response;
      response.content_type = "text/plain";
      response.body =
          absl::StrCat(request.method, "|", request.path, "|", request.query,
                       "|", request.body, "|", request.remote_address, "|",
                       absl::StrJoin(request.client_uris, ","), "|",
                       request.Header("x-trailer"),
                       request.has_client_certificate ? "certificate" : "");
      if (request.path == "/inject") {
        response.headers = {{"Location", "/a\r\nSet-Cookie: evil=1"}};
      }
      if (request.path == "/frame") {
        response.headers = {{"Transfer-Encoding", "chunked"}};
      }
      if (request.path == "/cookies") {
        response.headers = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
      }
      if (request.path == "/nothing") {
        response = WebResponse{
            .status = 204, .content_type = "", .body = "", .headers = {}};
      }
      respond(std::move(response));
    };
  }

  void Start() {
    auto server = WebServer::Start(options_, handler_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Exchange(absl::string_view request) {
    RawClient client(server_->address());
    client.Send(request);
    return client.ReadToEnd();
  }

  WebServer::Options options_;
  WebHandler handler_;
  Owed owed_;
  std::atomic<int> handled_ = 0;
  std::unique_ptr<WebServer> server_;
};

TEST_F(WebServerTest, HandsOverTheRequestAndTheAnswer) {
  Start();
  std::string answer = Exchange(
      "POST /c/x%2Fy?a=1&b=%20 HTTP/1.1\r\nHost: vault.test\r\n"
      "Connection: close\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(answer,
              HasSubstr("\r\n\r\nPOST|/c/x%2Fy|a=1&b=%20|hello|127.0.0.1||"));
  EXPECT_THAT(answer, Not(HasSubstr("Server:")));
}

TEST_F(WebServerTest, KeepsTheConnection) {
  Start();
  RawClient client(server_->address());
  for (int i = 0; i < 3; ++i) {
    client.Send(Get(absl::StrCat("/", i)));
    EXPECT_THAT(client.ReadAnswer(), HasSubstr(absl::StrCat("GET|/", i, "|")));
  }
  client.Send(Get("/last", "Connection: close\r\n"));
  std::string last = client.ReadToEnd();
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(last, HasSubstr("GET|/last|"));
}

TEST_F(WebServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  std::string answers = Exchange(
      absl::StrCat(Get("/1"), Get("/2"), Get("/3", "Connection: close\r\n")));
  size_t first = answers.find("GET|/1|");
  size_t second = answers.find("GET|/2|");
  size_t third = answers.find("GET|/3|");
  ASSERT_NE(third, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST_F(WebServerTest, AnswersHeadWithoutTheBody) {
  Start();
  std::string answer = Exchange(
      "HEAD /page HTTP/1.1\r\nHost: vault.test\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 24\r\n"));
  EXPECT_TRUE(absl::EndsWith(answer, "\r\n\r\n"));
}

TEST_F(WebServerTest, SendsNoBodyAndNoLengthWith204) {
  Start();
  std::string answer = Exchange(Get("/nothing", "Connection: close\r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
}

TEST_F(WebServerTest, SendsRepeatedSetCookieHeaders) {
  Start();
  std::string answer = Exchange(Get("/cookies", "Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("Set-Cookie: a=1\r\n"));
  EXPECT_THAT(answer, HasSubstr("Set-Cookie: b=2\r\n"));
}

TEST_F(WebServerTest, TakesAChunkedBodyButNotItsTrailers) {
  Start();
  std::string answer = Exchange(
      "POST /c HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: smuggled\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("POST|/c||abcde|127.0.0.1||"));
  EXPECT_THAT(answer, Not(HasSubstr("smuggled")));
}

TEST_F(WebServerTest, InvitesABodyThatWaitsForAnInvitation) {
  Start();
  RawClient client(server_->address());
  client.Send(
      "POST /c HTTP/1.1\r\nHost: vault.test\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReadSome(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("POST|/c||ok|"));
}

TEST_F(WebServerTest, CutsAHeaderThatDrips) {
  options_.read_timeout = absl::Milliseconds(300);
  Start();
  RawClient client(server_->address());
  std::string drip = Get("/drip", absl::StrCat("X: ", std::string(4000, 'x')));
  size_t sent = 0;
  // A byte every few milliseconds: an inactivity timer would wait for ever.
  while (!client.CanRead(5)) {
    ASSERT_LT(sent, drip.size()) << "not cut";
    client.Send(drip.substr(sent++, 1));
  }
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(handled_, 0);
}

TEST_F(WebServerTest, CutsABodyThatDrips) {
  options_.read_timeout = absl::Milliseconds(300);
  Start();
  RawClient client(server_->address());
  client.Send(
      "POST /drip HTTP/1.1\r\nHost: vault.test\r\nContent-Length: "
      "5000\r\n\r\n");
  int sent = 0;
  while (!client.CanRead(5)) {
    ASSERT_LT(++sent, 5000) << "not cut";
    client.Send("x");
  }
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(handled_, 0);
}

TEST_F(WebServerTest, ClosesAnIdleConnectionWithoutAWord) {
  options_.read_timeout = absl::Milliseconds(100);
  Start();
  EXPECT_EQ(Exchange(""), "");
}

TEST_F(WebServerTest, RefusesAHeaderThatIsTooLarge) {
  Start();
  for (size_t size : {17u * 1024, 200u * 1024}) {
    EXPECT_THAT(
        Exchange(Get("/", absl::StrCat("X: ", std::string(size, 'x'), "\r\n"))),
        StartsWith("HTTP/1.1 431 "));
  }
  std::string many;
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&many, "X-", i, ": 1\r\n");
  EXPECT_THAT(Exchange(Get("/", many)), StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(handled_, 0);
}

TEST_F(WebServerTest, RefusesABodyThatIsTooLarge) {
  Start();
  const std::string head =
      "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: ";
  EXPECT_THAT(Exchange(absl::StrCat(head, 64 * 1024 + 1, "\r\n\r\n",
                                    std::string(64 * 1024 + 1, 'x'))),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange(absl::StrCat(head, "99999999999\r\n\r\n")),
              StartsWith("HTTP/1.1 413 "));
  std::string chunks =
      "POST / HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding: chunked\r\n"
      "\r\n";
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&chunks, "400\r\n", std::string(1024, 'x'), "\r\n");
  }
  EXPECT_THAT(Exchange(chunks), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(handled_, 0);
  EXPECT_THAT(Exchange(absl::StrCat("POST / HTTP/1.1\r\nHost: vault.test\r\n"
                                    "Connection: close\r\n"
                                    "Content-Length: 65536\r\n\r\n",
                                    std::string(65536, 'x'))),
              StartsWith("HTTP/1.1 200 "));
}

// Whatever two readers could read as two different messages.
class AmbiguousRequest : public WebServerTest,
                         public testing::WithParamInterface<const char*> {};

TEST_P(AmbiguousRequest, IsRefusedAndTheConnectionClosed) {
  Start();
  // What is smuggled would be answered 200, were it ever read.
  std::string answer =
      Exchange(absl::StrCat(GetParam(), "\r\n", Get("/smuggled")));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << GetParam();
  EXPECT_THAT(answer, Not(HasSubstr("smuggled")));
  EXPECT_EQ(handled_, 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, AmbiguousRequest,
    testing::Values(
        "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding: chunked\r\n"
        "Content-Length: 5\r\n\r\n0\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: 1\r\n"
        "Content-Length: 2\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: 2\r\n"
        "Content-Length: 2\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: 2, 2\r\n"
        "Content-Length: 2\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: +2\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nContent-Length: -1\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding: "
        "xchunked\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\n"
        "Transfer-Encoding: chunked, identity\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\n"
        "Transfer-Encoding: gzip, chunked\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding: chunked\r\n"
        "Transfer-Encoding: chunked\r\n",
        "POST / HTTP/1.0\r\nHost: vault.test\r\nTransfer-Encoding: chunked\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding: chunked\r\n"
        "\r\n-2\r\nab\r\n",
        "POST / HTTP/1.1\r\nHost: vault.test\r\nTransfer-Encoding : "
        "chunked\r\n",
        "GET / HTTP/1.1\r\nHost : vault.test\r\n",
        "GET / HTTP/1.1\r\nHost: vault.test\r\nHost: vault.test\r\n",
        "GET / HTTP/1.1\r\nHost: vault.test\r\nHost: evil.test\r\n",
        "GET / HTTP/1.1\r\nX: y\r\n",
        "GET http://vault.test/ HTTP/1.1\r\nHost: vault.test\r\n",
        "GET * HTTP/1.1\r\nHost: vault.test\r\n",
        "GET /#x HTTP/1.1\r\nHost: vault.test\r\n",
        "GET /\x80 HTTP/1.1\r\nHost: vault.test\r\n",
        "GET / HTTP/1.1\r\nHost: vault.test\r\nX: a\x01"
        "b\r\n",
        "GET  / HTTP/1.1\r\nHost: vault.test\r\n",
        "G(ET / HTTP/1.1\r\nHost: vault.test\r\n"));

TEST_F(WebServerTest, RefusesHostsThatAreNotOurs) {
  options_.allowed_hosts = {"vault.test", "localhost:8080", "[::1]"};
  Start();
  auto status = [&](absl::string_view host) {
    std::string answer = Exchange(absl::StrCat(
        "GET / HTTP/1.1\r\nHost: ", host, "\r\nConnection: close\r\n\r\n"));
    return answer.size() > 12 ? answer.substr(9, 3) : answer;
  };
  for (absl::string_view ours : {"vault.test", "VAULT.test", "vault.test:443",
                                 "localhost:8080", "[::1]:9", "[::1]"}) {
    EXPECT_EQ(status(ours), "200") << ours;
  }
  for (absl::string_view foreign :
       {"evil.test", "vault.test.evil.test", "evil.vault.test", "localhost",
        "localhost:8081", "vault.test:80@evil.test", "vault.test:", "", "[::2]",
        "vault.test:123456", "vault.test, vault.test"}) {
    EXPECT_EQ(status(foreign), "421") << foreign;
  }
}

TEST_F(WebServerTest, RefusesMethodsNobodyNeeds) {
  Start();
  EXPECT_THAT(Exchange("TRACE / HTTP/1.1\r\nHost: vault.test\r\n\r\n"),
              StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(Exchange("BREW / HTTP/1.1\r\nHost: vault.test\r\n\r\n"),
              StartsWith("HTTP/1.1 501 "));
}

TEST_F(WebServerTest, AnswersWithAnErrorRatherThanABrokenHeader) {
  Start();
  std::string answer = Exchange(Get("/inject", "Connection: close\r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("evil")));
  EXPECT_THAT(Exchange(Get("/frame", "Connection: close\r\n")),
              StartsWith("HTTP/1.1 500 "));
}

TEST_F(WebServerTest, ServesOthersWhileManyConnectionsAreHalfOpen) {
  options_.max_connections_per_address = 400;
  options_.read_timeout = absl::Minutes(10);
  Start();
  std::vector<std::unique_ptr<RawClient>> half_open;
  for (int i = 0; i < 180; ++i) {
    half_open.push_back(std::make_unique<RawClient>(server_->address()));
    ASSERT_TRUE(half_open.back()->Send("GET / HTTP/1.1\r\nHost: vau"));
  }
  RawClient client(server_->address());
  for (int i = 0; i < 20; ++i) {
    client.Send(Get("/alive"));
    ASSERT_THAT(client.ReadAnswer(), HasSubstr("GET|/alive|"));
  }
}

TEST_F(WebServerTest, GivesEachAddressItsShareOnly) {
  options_.max_connections_per_address = 2;
  Start();
  RawClient first(server_->address(), 2);
  RawClient second(server_->address(), 2);
  for (RawClient* client : {&first, &second}) {
    client->Send(Get("/"));
    EXPECT_THAT(client->ReadAnswer(), HasSubstr("|127.0.0.2|"));
  }
  RawClient third(server_->address(), 2);
  EXPECT_EQ(third.ReadToEnd(), "");
  RawClient neighbour(server_->address(), 3);
  neighbour.Send(Get("/"));
  EXPECT_THAT(neighbour.ReadAnswer(), HasSubstr("|127.0.0.3|"));

  // A place that was left is free again.
  first.Send(Get("/", "Connection: close\r\n"));
  first.ReadToEnd();
  first.Close();
  std::string answer;
  for (int tries = 0; answer.empty() && tries < 1000; ++tries) {
    RawClient next(server_->address(), 2);
    next.Send(Get("/"));
    answer = next.ReadAnswer();
  }
  EXPECT_THAT(answer, HasSubstr("|127.0.0.2|"));
}

TEST_F(WebServerTest, HoldsNoMoreConnectionsThanAllowed) {
  options_.max_connections = 1;
  Start();
  RawClient first(server_->address(), 2);
  first.Send(Get("/"));
  first.ReadAnswer();
  RawClient second(server_->address(), 3);
  EXPECT_EQ(second.ReadToEnd(), "");
}

TEST_F(WebServerTest, SendsALateAnswer) {
  options_.read_timeout = absl::Milliseconds(50);
  Start();
  RawClient client(server_->address());
  client.Send(Get("/later"));
  WebRespond respond = owed_.Take();
  // Longer than anyone may take to ask, and nobody has answered.
  EXPECT_FALSE(client.CanRead(200));
  std::thread pool([&] {
    WebResponse response;
    response.body = "at last";
    respond(std::move(response));
  });
  pool.join();
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("\r\n\r\nat last"));
}

TEST_F(WebServerTest, ServesOthersWhileAnswersAreOwed) {
  options_.threads = 1;
  Start();
  RawClient patient(server_->address());
  patient.Send(Get("/later"));
  WebRespond respond = owed_.Take();
  EXPECT_THAT(Exchange(Get("/now", "Connection: close\r\n")),
              HasSubstr("GET|/now|"));
  respond(WebResponse());
  EXPECT_THAT(patient.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebServerTest, GivesUpOnAnAnswerThatNeverComes) {
  options_.answer_timeout = absl::Milliseconds(50);
  Start();
  RawClient client(server_->address());
  client.Send(Get("/later"));
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 503 "));
  // The next request does not get the answer to the last.
  owed_.Take()(WebResponse{
      .status = 200, .content_type = "", .body = "stale", .headers = {}});
  client.Send(Get("/next"));
  std::string next = client.ReadAnswer();
  EXPECT_THAT(next, HasSubstr("GET|/next|"));
  EXPECT_THAT(next, Not(HasSubstr("stale")));
}

TEST_F(WebServerTest, AnswersForAHandlerThatForgets) {
  Start();
  EXPECT_THAT(Exchange(Get("/never", "Connection: close\r\n")),
              StartsWith("HTTP/1.1 500 "));
}

TEST_F(WebServerTest, DropsAnAnswerNobodyWaitsFor) {
  Start();
  auto client = std::make_unique<RawClient>(server_->address());
  client->Send(Get("/later"));
  WebRespond respond = owed_.Take();
  client.reset();
  WebResponse large;
  large.body = std::string(1 << 20, 'x');
  respond(std::move(large));
  EXPECT_THAT(Exchange(Get("/alive", "Connection: close\r\n")),
              HasSubstr("GET|/alive|"));
}

TEST_F(WebServerTest, DropsAnAnswerThatComesAfterTheServer) {
  Start();
  RawClient client(server_->address());
  client.Send(Get("/later"));
  WebRespond respond = owed_.Take();
  server_.reset();
  EXPECT_EQ(client.ReadToEnd(), "");
  respond(WebResponse());
}

TEST_F(WebServerTest, StopLetsRequestsUnderWayBeAnswered) {
  options_.read_timeout = absl::Minutes(10);
  Start();
  RawClient busy(server_->address());
  RawClient idle(server_->address());
  busy.Send(Get("/later"));
  WebRespond respond = owed_.Take();
  auto stopped =
      std::async(std::launch::async, [&] { server_->Stop(absl::Minutes(10)); });
  // The idle one is closed at once, long before its read deadline.
  EXPECT_EQ(idle.ReadToEnd(), "");
  WebResponse response;
  response.body = "goodbye";
  respond(std::move(response));
  std::string answer = busy.ReadToEnd();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("goodbye"));
  busy.Close();
  stopped.get();
  RawClient late(server_->address());
  EXPECT_FALSE(late.connected());
}

TEST_F(WebServerTest, StopCutsWhatOutlivesItsGrace) {
  Start();
  RawClient client(server_->address());
  client.Send(Get("/later"));
  WebRespond respond = owed_.Take();
  server_->Stop(absl::Milliseconds(50));
  respond(WebResponse());
  server_.reset();
  EXPECT_EQ(client.ReadToEnd(), "");
}

// ----------------------------------------------------- files and addresses --

class WebServerFilesTest : public WebServerTest {
 protected:
  // A client that writes on after it was refused must not end the test.
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  std::string File(const std::string& name) const {
    return certificates_.File(name);
  }
  void UseTls() {
    options_.tls_cert_file = File("server.pem");
    options_.tls_key_file = File("server.key");
  }

  TestCertificates certificates_;
};

// One exchange over TLS. "handshake refused" if it came to no answer.
struct TlsClient {
  std::string certificate;  // file names without their suffix; "" for none
  int max_version = TLS1_3_VERSION;
  std::string alpn;

  std::string Exchange(const WebServer& server, const std::string& ca_file,
                       absl::string_view request) const {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    EXPECT_EQ(SSL_CTX_load_verify_file(context, ca_file.c_str()), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_max_proto_version(context, max_version);
    if (!certificate.empty()) {
      EXPECT_EQ(SSL_CTX_use_certificate_file(
                    context, absl::StrCat(certificate, ".pem").c_str(),
                    SSL_FILETYPE_PEM),
                1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(
                    context, absl::StrCat(certificate, ".key").c_str(),
                    SSL_FILETYPE_PEM),
                1);
    }
    RawClient client(server.address());
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, client.fd());
    if (!alpn.empty()) {
      std::string list = absl::StrCat(std::string(1, alpn.size()), alpn);
      SSL_set_alpn_protos(ssl,
                          reinterpret_cast<const unsigned char*>(list.data()),
                          list.size());
    }
    std::string answer;
    if (SSL_connect(ssl) == 1) {
      SSL_write(ssl, request.data(), request.size());
      char bytes[4096];
      for (int n; (n = SSL_read(ssl, bytes, sizeof(bytes))) > 0;) {
        answer.append(bytes, n);
      }
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    return answer.empty() ? "handshake refused" : answer;
  }
};

TEST_F(WebServerFilesTest, ServesTlsToClientsWithAndWithoutACertificate) {
  UseTls();
  certificates_.Issue("agent", {"spiffe://acme.test/agent/one"});
  options_.client_ca_file = File("ca.pem");
  Start();
  const std::string request = Get("/tls", "Connection: close\r\n");
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient known{
        .certificate = File("agent"), .max_version = version, .alpn = ""};
    EXPECT_THAT(known.Exchange(*server_, File("ca.pem"), request),
                HasSubstr("|127.0.0.1|spiffe://acme.test/agent/one|"));
    TlsClient unknown{.certificate = "", .max_version = version, .alpn = ""};
    EXPECT_THAT(unknown.Exchange(*server_, File("ca.pem"), request),
                HasSubstr("|127.0.0.1||"));
  }
}

TEST_F(WebServerFilesTest, TellsOfACertificateHoweverManyNamesItHas) {
  UseTls();
  const std::string one = "spiffe://acme.test/agent/one";
  certificates_.Issue("none", {});
  certificates_.Issue("two", {one, "spiffe://acme.test/agent/two"});
  certificates_.Issue("odd", {one, "spiffe://acme.test/agent/o ne"});
  options_.client_ca_file = File("ca.pem");
  Start();
  auto seen = [&](const std::string& name) {
    TlsClient client;
    if (!name.empty()) client.certificate = File(name);
    return client.Exchange(*server_, File("ca.pem"),
                           Get("/", "Connection: close\r\n"));
  };
  EXPECT_THAT(seen("none"), HasSubstr("|127.0.0.1||certificate"));
  EXPECT_THAT(seen("two"),
              HasSubstr("|spiffe://acme.test/agent/one,spiffe://acme.test/"
                        "agent/two|certificate"));
  EXPECT_THAT(seen("odd"), HasSubstr("|spiffe://acme.test/agent/one,spiffe://"
                                     "acme.test/agent/o ne|certificate"));
  EXPECT_THAT(seen(""), Not(HasSubstr("certificate")));
}

TEST_F(WebServerFilesTest, UsesARenewedCertificate) {
  UseTls();
  options_.tls_check_interval = absl::ZeroDuration();
  Start();
  TestCertificates renewed;
  // As a tool that renews does: written beside, then moved over.
  auto renew = [&](const std::string& name, const std::string& content_of) {
    std::filesystem::copy_file(content_of, File("next"));
    std::filesystem::rename(File("next"), File(name));
  };
  auto answers = [&](const TestCertificates& trusted) {
    TlsClient client;
    return absl::StartsWith(client.Exchange(*server_, trusted.File("ca.pem"),
                                            Get("/", "Connection: close\r\n")),
                            "HTTP/1.1 200 ");
  };
  EXPECT_TRUE(answers(certificates_));

  // No certificate at all, and then half of a renewal: the old pair stays.
  renew("server.pem", File("ca.pem"));
  EXPECT_TRUE(answers(certificates_));
  renew("server.pem", renewed.File("server.pem"));
  EXPECT_TRUE(answers(certificates_));
  std::filesystem::remove(File("server.key"));
  EXPECT_TRUE(answers(certificates_));

  renew("server.key", renewed.File("server.key"));
  EXPECT_TRUE(answers(renewed));
  EXPECT_FALSE(answers(certificates_));
}

TEST_F(WebServerFilesTest, RefusesCertificatesThatDoNotVerify) {
  UseTls();
  TestCertificates other;
  other.Issue("mallory", {"spiffe://acme.test/agent/one"});
  certificates_.IssueExpired("old", {"spiffe://acme.test/agent/one"});
  options_.client_ca_file = File("ca.pem");
  Start();
  for (const std::string& shown : {other.File("mallory"), File("old")}) {
    TlsClient client{
        .certificate = shown, .max_version = TLS1_3_VERSION, .alpn = ""};
    EXPECT_EQ(client.Exchange(*server_, File("ca.pem"), Get("/")),
              "handshake refused");
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(WebServerFilesTest, BelievesNoCertificateWithoutAnAuthority) {
  UseTls();
  certificates_.Issue("agent", {"spiffe://acme.test/agent/one"});
  Start();
  TlsClient client{
      .certificate = File("agent"), .max_version = TLS1_3_VERSION, .alpn = ""};
  EXPECT_THAT(client.Exchange(*server_, File("ca.pem"),
                              Get("/", "Connection: close\r\n")),
              HasSubstr("|127.0.0.1||"));
}

TEST_F(WebServerFilesTest, SpeaksNoOldTlsAndNoOtherProtocol) {
  UseTls();
  Start();
  TlsClient old{.certificate = "", .max_version = TLS1_1_VERSION, .alpn = ""};
  EXPECT_EQ(old.Exchange(*server_, File("ca.pem"), Get("/")),
            "handshake refused");
  TlsClient h2{.certificate = "", .max_version = TLS1_3_VERSION, .alpn = "h2"};
  EXPECT_EQ(h2.Exchange(*server_, File("ca.pem"), Get("/")),
            "handshake refused");
  TlsClient h1{
      .certificate = "", .max_version = TLS1_3_VERSION, .alpn = "http/1.1"};
  EXPECT_THAT(
      h1.Exchange(*server_, File("ca.pem"), Get("/", "Connection: close\r\n")),
      StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebServerFilesTest, RefusesTooMuchOverTlsInWords) {
  UseTls();
  Start();
  TlsClient client;
  EXPECT_THAT(
      client.Exchange(*server_, File("ca.pem"),
                      absl::StrCat("POST / HTTP/1.1\r\nHost: vault.test\r\n"
                                   "Content-Length: 200000\r\n\r\n",
                                   std::string(200000, 'x'))),
      StartsWith("HTTP/1.1 413 "));
}

TEST_F(WebServerFilesTest, CutsAHandshakeThatDoesNotEnd) {
  UseTls();
  options_.read_timeout = absl::Milliseconds(100);
  Start();
  EXPECT_EQ(Exchange("\x16\x03\x01"), "");
}

TEST_F(WebServerFilesTest, ListensOnAUnixSocket) {
  options_.listen = absl::StrCat("unix:", File("web.sock"));
  Start();
  EXPECT_EQ(server_->address(), options_.listen);
  EXPECT_THAT(Exchange(Get("/", "Connection: close\r\n")),
              HasSubstr("GET|/|||unix||"));
  struct stat info;
  ASSERT_EQ(stat(File("web.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(File("web.sock")));
}

TEST_F(WebServerFilesTest, TakesOverADeadSocketButNotALivingOne) {
  options_.listen = absl::StrCat("unix:", File("web.sock"));
  Start();
  EXPECT_EQ(ReasonOf(WebServer::Start(options_, handler_).status()),
            "CONFIG_INVALID");
  EXPECT_THAT(Exchange(Get("/", "Connection: close\r\n")), HasSubstr("GET|/|"));
  server_.reset();

  int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  File("web.sock").copy(at.sun_path, sizeof(at.sun_path) - 1);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
  close(dead);
  Start();
  EXPECT_THAT(Exchange(Get("/", "Connection: close\r\n")), HasSubstr("GET|/|"));
}

TEST_F(WebServerFilesTest, RefusesOptionsItCannotServe) {
  auto reason = [&](auto change) {
    WebServer::Options options = options_;
    change(options);
    return ReasonOf(WebServer::Start(options, handler_).status());
  };
  for (const char* listen :
       {"", "127.0.0.1", "localhost:1", "::1:80", "127.0.0.1:65536",
        "192.0.2.1:0", "unix:", "unix:/nonexistent/folder/socket"}) {
    EXPECT_EQ(reason([&](auto& o) { o.listen = listen; }), "CONFIG_INVALID")
        << listen;
  }
  EXPECT_EQ(reason([](auto& o) { o.allowed_hosts.clear(); }), "CONFIG_INVALID");
  EXPECT_EQ(reason([](auto& o) { o.tls_cert_file = "/nonexistent"; }),
            "CONFIG_INVALID");
  EXPECT_EQ(reason([](auto& o) { o.client_ca_file = "/nonexistent"; }),
            "CONFIG_INVALID");
  UseTls();
  certificates_.Issue("other", {});
  EXPECT_EQ(reason([&](auto& o) { o.tls_key_file = File("other.key"); }),
            "CONFIG_INVALID");
  EXPECT_EQ(reason([&](auto& o) { o.client_ca_file = File("server.key"); }),
            "CONFIG_INVALID");
}

// -------------------------------------------------------------- http_types --

TEST(WebRequestTest, JoinsRepeatedHeadersSoThatTheyMatchNothing) {
  WebRequest request;
  request.headers = {{"Origin", "https://a"}, {"ORIGIN", "https://b"}};
  EXPECT_EQ(request.Header("origin"), "https://a, https://b");
  EXPECT_EQ(request.Header("referer"), "");
}

TEST(WebRequestTest, FindsACookieOnlyWhenThereIsOne) {
  WebRequest request;
  request.headers = {{"Cookie", "a=1; __Host-tv_sess=x=y; b=2"}};
  EXPECT_EQ(request.Cookie("__Host-tv_sess"), "x=y");
  EXPECT_EQ(request.Cookie("tv_sess"), std::nullopt);
  request.headers.push_back({"cookie", "b=3"});
  EXPECT_EQ(request.Cookie("b"), std::nullopt);
  EXPECT_EQ(request.Cookie("a"), "1");
}

}  // namespace
}  // namespace tokenvault
