#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/errors.h"
#include "base/mutex.h"
#include "oauth/http_client.h"

namespace tokenvault {

// An HttpClient that answers from a script and remembers what it was asked.
// Answers are used in the order they were given; when none is left, the
// handler answers if there is one, and otherwise nobody is there
// (PROVIDER_UNREACHABLE, "connect", not sent). Thread-safe.
//
//   FakeHttpClient http;
//   http.AnswerJson(200, R"({"access_token":"at-1","expires_in":3600})");
//   …
//   EXPECT_EQ(http.requests().size(), 1);
class FakeHttpClient : public HttpClient {
 public:
  struct Request {
    std::string method;
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string authorization;
  };
  using Handler =
      absl::AnyInvocable<absl::StatusOr<HttpResponse>(const Request&)>;

  static HttpResponse Response(int status, std::string content_type,
                               std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", std::move(content_type));
    response.body = Secret(std::move(body));
    return response;
  }

  void Answer(absl::StatusOr<HttpResponse> answer) {
    MutexLock lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  void AnswerJson(int status, std::string body) {
    Answer(Response(status, "application/json", std::move(body)));
  }
  // Called one request at a time.
  void SetHandler(Handler handler) {
    MutexLock lock(mutex_);
    handler_ = std::move(handler);
  }

  std::vector<Request> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    MutexLock lock(mutex_);
    requests_.push_back({request.method, request.url, request.headers,
                         std::string(request.body.Reveal()),
                         std::string(request.authorization.Reveal())});
    if (!answers_.empty()) {
      absl::StatusOr<HttpResponse> answer = std::move(answers_.front());
      answers_.pop_front();
      return answer;
    }
    if (handler_) return handler_(requests_.back());
    return errors::ProviderUnreachable("fake", "connect", false);
  }

 private:
  mutable Mutex mutex_;
  std::deque<absl::StatusOr<HttpResponse>> answers_ ABSL_GUARDED_BY(mutex_);
  Handler handler_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
