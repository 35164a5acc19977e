#include "oauth/curl_http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "tests/oauth/loopback_server.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

EgressRules Development() {
  EgressRules rules;
  rules.allow_http_loopback = true;
  return rules;
}

HttpRequest Get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  return request;
}

HttpRequest Post(std::string url, std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.body = Secret(std::move(body));
  return request;
}

std::string Problem(const absl::StatusOr<HttpResponse>& answer) {
  return absl::StrCat(ReasonOf(answer.status()), " ",
                      MetadataOf(answer.status(), "problem"), " ",
                      MetadataOf(answer.status(), "maybe_sent"));
}

class CurlHttpClientTest : public ::testing::Test {
 protected:
  CurlHttpClient http_{Development()};
};

TEST_F(CurlHttpClientTest, SendsARequestAndReadsItsAnswer) {
  LoopbackServer server(
      "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
      "Retry-After: 7\r\nContent-Length: 2\r\n\r\n{}");
  HttpRequest request = Post(server.Url("/token?x=1"), "a=b");
  request.headers = {{"Accept", "application/json"},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  request.authorization = Secret("Basic eDp5");
  auto answer = http_.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->Header("content-TYPE"), "application/json");
  EXPECT_EQ(answer->RetryAfter(), absl::Seconds(7));
  EXPECT_EQ(answer->body.Reveal(), "{}");
  const std::string sent = server.last_request();
  EXPECT_THAT(sent, HasSubstr("POST /token?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("Authorization: Basic eDp5\r\n"));
  EXPECT_THAT(sent, HasSubstr("Accept: application/json\r\n"));
  EXPECT_THAT(sent, HasSubstr("\r\n\r\na=b"));
  EXPECT_THAT(sent, Not(HasSubstr("Accept-Encoding")));
  EXPECT_THAT(sent, Not(HasSubstr("Expect")));
}

TEST_F(CurlHttpClientTest, SendsTheMethodItIsGiven) {
  LoopbackServer server("HTTP/1.1 204 No Content\r\n\r\n");
  HttpRequest request = Post(server.Url(), "{}");
  request.method = "DELETE";
  ASSERT_TRUE(http_.Send(request).ok());
  EXPECT_THAT(server.last_request(), HasSubstr("DELETE / HTTP/1.1\r\n"));
}

TEST_F(CurlHttpClientTest, FollowsNoRedirect) {
  LoopbackServer target("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  LoopbackServer server(
      absl::StrCat("HTTP/1.1 302 Found\r\nLocation: ", target.Url(),
                   "\r\nContent-Length: 0\r\n\r\n"));
  auto answer = http_.Send(Get(server.Url()));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(CurlHttpClientTest, CutsAnAnswerThatIsTooLarge) {
  const std::string megabyte(1 << 20, 'x');
  for (const std::string& header :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")}) {
    LoopbackServer server([&](int connection) {
      LoopbackServer::Write(connection, header);
      for (int i = 0; i < 10; ++i) {
        if (!LoopbackServer::Write(connection, megabyte)) return;
      }
    });
    EXPECT_EQ(Problem(http_.Send(Get(server.Url()))),
              "PROVIDER_ANSWER_INVALID too_large ");
  }
}

TEST_F(CurlHttpClientTest, CutsEndlessHeaders) {
  LoopbackServer server([](int connection) {
    LoopbackServer::Write(connection, "HTTP/1.1 200 OK\r\n");
    while (LoopbackServer::Write(connection, "X-More: and more\r\n")) {
    }
  });
  EXPECT_EQ(Problem(http_.Send(Get(server.Url()))),
            "PROVIDER_ANSWER_INVALID too_large ");
}

TEST_F(CurlHttpClientTest, TakesAnAnswerOfExactlyTheLimit) {
  LoopbackServer server(
      absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                   std::string(1000, 'x')));
  HttpRequest request = Get(server.Url());
  request.max_body = 1000;
  EXPECT_EQ(http_.Send(request)->body.size(), 1000);
  request.max_body = 999;
  EXPECT_FALSE(http_.Send(request).ok());
}

TEST_F(CurlHttpClientTest, LeavesACompressedAnswerAsItIs) {
  LoopbackServer server(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
      "\x1f\x8b\x08\x08");
  EXPECT_EQ(http_.Send(Get(server.Url()))->body.Reveal(), "\x1f\x8b\x08\x08");
}

TEST_F(CurlHttpClientTest, EndsASlowDripAtTheDeadline) {
  LoopbackServer server([](int connection) {
    LoopbackServer::Write(connection, "HTTP/1.1 200 OK\r\n\r\n");
    while (!LoopbackServer::WaitForHangUp(connection, 20) &&
           LoopbackServer::Write(connection, "x")) {
    }
  });
  HttpRequest request = Post(server.Url(), "a=b");
  request.timeout = absl::Milliseconds(300);
  const absl::Time start = absl::Now();
  EXPECT_EQ(Problem(http_.Send(request)), "PROVIDER_UNREACHABLE timeout true");
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(CurlHttpClientTest, KnowsThatNothingLeftWhenNobodyListens) {
  std::string url;
  {
    LoopbackServer gone("");
    url = gone.Url();
  }
  EXPECT_EQ(Problem(http_.Send(Post(url, "a=b"))),
            "PROVIDER_UNREACHABLE connect false");
}

TEST_F(CurlHttpClientTest, KnowsThatNothingLeftWhenTlsFails) {
  EgressRules rules;
  rules.allow = {*Cidr::Parse("127.0.0.1")};
  CurlHttpClient http(rules);
  LoopbackServer server([](int connection) {
    LoopbackServer::Write(connection, "HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  EXPECT_EQ(Problem(http.Send(Post(server.Url("/", "https"), "a=b"))),
            "PROVIDER_UNREACHABLE tls false");
}

TEST_F(CurlHttpClientTest, KnowsThatNothingLeftWhenTheNameIsUnknown) {
  EXPECT_EQ(Problem(http_.Send(Post("https://nobody.invalid/", "a=b"))),
            "PROVIDER_UNREACHABLE dns false");
}

TEST_F(CurlHttpClientTest, CannotKnowWhenThePeerHangsUpAfterTheRequest) {
  LoopbackServer* self = nullptr;
  LoopbackServer server([&self](int connection) {
    self->ReadRequest(connection);
    LoopbackServer::Reset(connection);
  });
  self = &server;
  EXPECT_EQ(Problem(http_.Send(Post(server.Url(), "a=b"))),
            "PROVIDER_UNREACHABLE reset true");
  EXPECT_EQ(server.connections(), 1);  // and it was not repeated
}

TEST_F(CurlHttpClientTest, NeverRepeatsARequestOnItsOwn) {
  // The first answer keeps the connection open; a client that used it again
  // would meet a peer that has just hung up, and try once more.
  LoopbackServer server(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(http_.Send(Post(server.Url(), "a=b")).ok());
  ASSERT_TRUE(http_.Send(Post(server.Url(), "a=b")).ok());
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(CurlHttpClientTest, RefusesAnAnswerThatIsNotHttp) {
  for (const char* text : {"SSH-2.0-OpenSSH_9.2\r\n", "<html>hello</html>"}) {
    LoopbackServer server(text);
    EXPECT_EQ(Problem(http_.Send(Get(server.Url()))),
              "PROVIDER_ANSWER_INVALID not_http ")
        << text;
  }
}

TEST_F(CurlHttpClientTest, RefusesATruncatedAnswer) {
  LoopbackServer server(
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access_token\"");
  EXPECT_EQ(Problem(http_.Send(Get(server.Url()))),
            "PROVIDER_UNREACHABLE reset true");
}

TEST_F(CurlHttpClientTest, ConnectsNowhereTheGuardForbids) {
  LoopbackServer server("HTTP/1.1 200 OK\r\n\r\n");
  CurlHttpClient strict{EgressRules{}};
  for (const std::string& host :
       {std::string("127.0.0.1"), std::string("localhost"),
        std::string("[::1]"), std::string("[::ffff:127.0.0.1]"),
        std::string("[::ffff:7f00:1]"), std::string("169.254.169.254"),
        std::string("10.0.0.1"), std::string("[fd00::1]"),
        std::string("0.0.0.0")}) {
    auto answer =
        strict.Send(Get(absl::StrCat("https://", host, ":", server.port())));
    EXPECT_EQ(ReasonOf(answer.status()), "ADDRESS_REFUSED") << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlHttpClientTest, SpeaksPlainHttpToLoopbackAlone) {
  EgressRules rules = Development();
  rules.allow = {*Cidr::Parse("10.0.0.0/8")};
  CurlHttpClient http(rules);
  EXPECT_EQ(ReasonOf(http.Send(Get("http://10.0.0.1/")).status()),
            "ADDRESS_REFUSED");
  CurlHttpClient strict{EgressRules{}};
  EXPECT_EQ(ReasonOf(strict.Send(Get("http://example.com/")).status()),
            "FIELD_INVALID");
}

TEST_F(CurlHttpClientTest, UsesNoProxyOfTheEnvironment) {
  LoopbackServer proxy("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  LoopbackServer server("HTTP/1.1 204 No Content\r\n\r\n");
  setenv("http_proxy", proxy.Url().c_str(), 1);
  auto answer = http_.Send(Get(server.Url()));
  unsetenv("http_proxy");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(CurlHttpClientTest, RefusesLineEndsInHeaders) {
  LoopbackServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  HttpRequest bad_value = Get(server.Url());
  bad_value.headers = {{"Accept", "x\r\nX-Evil: 1"}};
  HttpRequest bad_name = Get(server.Url());
  bad_name.headers = {{"X-Evil: 1\r\nY", "z"}};
  HttpRequest bad_token = Get(server.Url());
  bad_token.authorization = Secret("Bearer a\nX-Evil: 1");
  HttpRequest bad_method = Get(server.Url());
  bad_method.method = "GET / HTTP/1.1\r\nX";
  for (const HttpRequest* request :
       {&bad_value, &bad_name, &bad_token, &bad_method}) {
    EXPECT_EQ(ReasonOf(http_.Send(*request).status()), "FIELD_INVALID");
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlHttpClientTest, ServesManyThreadsAtOnce) {
  LoopbackServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        auto answer = http_.Send(Post(server.Url(), "a=b"));
        if (answer.ok() && answer->body.Reveal() == "ok") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

TEST_F(CurlHttpClientTest, EndsWhatIsInFlightWhenDestroyed) {
  std::atomic<bool> arrived = false;
  LoopbackServer* self = nullptr;
  LoopbackServer server([&](int connection) {
    self->ReadRequest(connection);
    arrived = true;
    arrived.notify_all();
    LoopbackServer::WaitForHangUp(connection, 5000);
  });
  self = &server;
  auto http = std::make_unique<CurlHttpClient>(Development());
  std::string problem;
  std::thread caller(
      [&] { problem = Problem(http->Send(Post(server.Url(), "a=b"))); });
  arrived.wait(false);
  http.reset();
  caller.join();
  EXPECT_EQ(problem, "PROVIDER_UNREACHABLE stopped true");
}

// A certificate for 127.0.0.1 that signs itself, and its file.
class SelfSigned {
 public:
  SelfSigned() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate_), "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
    X509_EXTENSION* names = X509V3_EXT_conf_nid(
        nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
    std::FILE* out = std::fopen(file_.c_str(), "w");
    PEM_write_X509(out, certificate_);
    std::fclose(out);
  }
  ~SelfSigned() {
    std::remove(file_.c_str());
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  const std::string& file() const { return file_; }

  // The server's side of one TLS connection.
  void Serve(int connection, absl::string_view answer) const {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate_);
    SSL_CTX_use_PrivateKey(context, key_);
    SSL* tls = SSL_new(context);
    SSL_set_fd(tls, connection);
    char buffer[4096];
    if (SSL_accept(tls) == 1 && SSL_read(tls, buffer, sizeof buffer) > 0) {
      SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
      SSL_shutdown(tls);
    }
    SSL_free(tls);
    SSL_CTX_free(context);
  }

 private:
  const std::string file_ =
      absl::StrCat(::testing::TempDir(), "self-signed-", getpid(), ".pem");
  EVP_PKEY* const key_;
  X509* const certificate_;
};

TEST(CurlHttpClientTlsTest, TrustsTheFileItIsGivenAndNothingElse) {
  const SelfSigned self_signed;
  LoopbackServer server([&](int connection) {
    self_signed.Serve(connection,
                      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  EgressRules rules;
  rules.allow = {*Cidr::Parse("127.0.0.1")};
  CurlHttpClient doubting(rules);
  EXPECT_EQ(Problem(doubting.Send(Post(server.Url("/", "https"), "a=b"))),
            "PROVIDER_UNREACHABLE tls false");
  rules.ca_file = self_signed.file();
  CurlHttpClient trusting(rules);
  auto answer = trusting.Send(Post(server.Url("/", "https"), "a=b"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body.Reveal(), "ok");
  EXPECT_EQ(answer->certificate_end_time, absl::InfiniteFuture());
  HttpRequest curious = Post(server.Url("/", "https"), "a=b");
  curious.wants_certificate = true;
  answer = trusting.Send(curious);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_LT(absl::AbsDuration(answer->certificate_end_time - absl::Now() -
                              absl::Hours(1)),
            absl::Minutes(5));
  // The certificate is for the address, not for this name of it.
  EXPECT_EQ(Problem(trusting.Send(Post(
                absl::StrCat("https://localhost:", server.port()), "a=b"))),
            "PROVIDER_UNREACHABLE tls false");
}

}  // namespace
}  // namespace tokenvault
