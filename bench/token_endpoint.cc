#include "bench/token_endpoint.h"

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "server/deadline_timer.h"

namespace tokenvault {
namespace {

constexpr char kRefreshPrefix[] = "rt-";
// As long as access tokens usually are.
constexpr size_t kAccessTokenSize = 180;

std::optional<int> PersonOf(absl::string_view form) {
  for (absl::string_view field : absl::StrSplit(form, '&')) {
    int person = 0;
    if (absl::ConsumePrefix(&field,
                            absl::StrCat("refresh_token=", kRefreshPrefix)) &&
        absl::SimpleAtoi(field, &person)) {
      return person;
    }
  }
  return std::nullopt;
}

// What an OpenID Connect client asks first.
std::string MetadataFor(const std::string& host) {
  const std::string base = absl::StrCat("http://", host);
  nlohmann::json metadata;
  metadata["issuer"] = absl::StrCat(base, "/");
  metadata["authorization_endpoint"] = absl::StrCat(base, "/authorize");
  metadata["token_endpoint"] = absl::StrCat(base, "/token");
  metadata["scopes_supported"] = {"openid", "offline_access", "calendar.read"};
  metadata["grant_types_supported"] = {"authorization_code", "refresh_token"};
  metadata["response_types_supported"] = {"code"};
  return metadata.dump();
}

WebResponse AnswerTo(const WebRequest& request) {
  WebResponse response;
  response.content_type = "application/json";
  if (request.path == "/.well-known/openid-configuration") {
    response.body = MetadataFor(request.Header("host"));
    return response;
  }
  const std::optional<int> person = PersonOf(request.body);
  if (!person.has_value()) {
    response.status = 400;
    response.body = R"({"error":"invalid_request"})";
    return response;
  }
  std::string token = TokenEndpoint::AccessPrefix(*person);
  token.resize(kAccessTokenSize, 'x');
  nlohmann::json answer;
  answer["access_token"] = token;
  answer["token_type"] = "Bearer";
  answer["expires_in"] = 3600;
  response.body = answer.dump();
  return response;
}

}  // namespace

// Gives the answers, at once or when it is their time: the server's threads
// never wait.
class TokenEndpoint::Desk {
 public:
  void SetDelay(absl::Duration least, absl::Duration most) {
    MutexLock lock(mutex_);
    least_ = least;
    most_ = most;
  }
  int64_t requests() const { return requests_; }

  void Serve(const WebRequest& request, WebRespond respond) {
    ++requests_;
    WebResponse answer = AnswerTo(request);
    const absl::Duration delay = DrawDelay();
    if (delay == absl::ZeroDuration()) return respond(std::move(answer));
    timer_.At(
        SystemClock().Now() + delay,
        [answer = std::move(answer), respond = std::move(respond)]() mutable {
          respond(std::move(answer));
        });
  }

 private:
  absl::Duration DrawDelay() {
    MutexLock lock(mutex_);
    if (most_ == absl::ZeroDuration()) return most_;
    return least_ + (most_ - least_) * share_(random_);
  }

  std::atomic<int64_t> requests_{0};
  Mutex mutex_;
  // The same draws in every run.
  std::mt19937 random_ ABSL_GUARDED_BY(mutex_);
  std::uniform_real_distribution<double> share_ ABSL_GUARDED_BY(mutex_);
  absl::Duration least_ ABSL_GUARDED_BY(mutex_);
  absl::Duration most_ ABSL_GUARDED_BY(mutex_);
  DeadlineTimer timer_{SystemClock()};  // last: what it runs is of the above
};

absl::StatusOr<std::unique_ptr<TokenEndpoint>> TokenEndpoint::Start() {
  WebServer::Options options;
  options.listen = "127.0.0.1:0";
  options.allowed_hosts = {"127.0.0.1"};
  auto desk = std::make_shared<Desk>();
  ASSIGN_OR_RETURN(
      std::unique_ptr<WebServer> server,
      WebServer::Start(std::move(options),
                       [desk](WebRequest request, WebRespond respond) {
                         desk->Serve(request, std::move(respond));
                       }));
  return std::unique_ptr<TokenEndpoint>(
      new TokenEndpoint(std::move(desk), std::move(server)));
}

TokenEndpoint::TokenEndpoint(std::shared_ptr<Desk> desk,
                             std::unique_ptr<WebServer> server)
    : desk_(std::move(desk)), server_(std::move(server)) {}

TokenEndpoint::~TokenEndpoint() = default;

void TokenEndpoint::SetDelay(absl::Duration least, absl::Duration most) {
  desk_->SetDelay(least, most);
}

int64_t TokenEndpoint::requests() const { return desk_->requests(); }

std::string TokenEndpoint::url() const {
  return absl::StrCat("http://", server_->address());
}

std::string TokenEndpoint::RefreshToken(int person) {
  return absl::StrCat(kRefreshPrefix, person);
}

std::string TokenEndpoint::AccessPrefix(int person) {
  return absl::StrCat("at-", person, "-");
}

}  // namespace tokenvault
