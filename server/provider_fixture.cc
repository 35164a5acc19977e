#include "server/provider_fixture.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "vault/provider_access.h"

namespace tokenvault {
namespace {

// No provider ever issued it.
constexpr char kMadeUp[] = "tokenvault-made-up-token";
// As long as a verifier must be.
constexpr char kMadeUpVerifier[] =
    "tokenvault-made-up-verifier-tokenvault-made-up";

Secret MadeUp(absl::string_view text) { return Secret(std::string(text)); }

// Passes requests on and keeps what may be shown of them. For one thread.
class Recorder final : public HttpClient {
 public:
  Recorder(HttpClient& http, const Provider& provider)
      : http_(http),
        known_(provider),
        private_segments_({provider.client_id, kMadeUp}) {}

  // What is sent from now on belongs to `step`.
  void Begin(std::string step) {
    step_ = std::move(step);
    asked_ = false;
  }
  // Says why nothing was sent, if that is so.
  void End(absl::string_view why) {
    if (asked_) return;
    CapturedExchange exchange;
    exchange.id = step_;
    exchange.problem = std::string(why);
    exchanges_.push_back(std::move(exchange));
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    asked_ = true;
    CapturedExchange exchange;
    exchange.id = step_;
    exchange.method = request.method;
    exchange.url = RedactUrl(request.url, known_, private_segments_);
    absl::StatusOr<HttpResponse> answer = http_.Send(request);
    if (answer.ok()) {
      exchange.status = answer->status;
      exchange.answer = Redact(
          *answer,
          step_ == "discovery" ? AnswerKind::kMetadata : AnswerKind::kToken,
          known_);
    } else {
      exchange.problem = WordsOf(answer.status());
    }
    exchanges_.push_back(std::move(exchange));
    return answer;
  }

  // "PROVIDER_UNREACHABLE: tls"
  static std::string WordsOf(const absl::Status& status) {
    const std::string problem = MetadataOf(status, "problem");
    return absl::StrCat(ReasonOf(status), problem.empty() ? "" : ": ", problem);
  }

  std::vector<CapturedExchange> Take() { return std::move(exchanges_); }

 private:
  HttpClient& http_;
  const KnownWords known_;
  const std::vector<std::string> private_segments_;
  std::string step_;
  bool asked_ = false;
  std::vector<CapturedExchange> exchanges_;
};

std::string WhyNot(const absl::Status& status, absl::string_view otherwise) {
  return status.ok() ? std::string(otherwise) : Recorder::WordsOf(status);
}

// What the made-up token passes for: where a refresh token cannot be revoked
// itself, for an access token.
const char* RevocableKind(const Provider& provider) {
  return provider.revocation_style == RevocationStyle::kRfc7009
             ? "refresh_token"
             : "access_token";
}

}  // namespace

std::vector<CapturedExchange> CaptureFixture(HttpClient& http,
                                             const Clock& clock,
                                             const Provider& provider,
                                             const std::string& redirect_uri,
                                             bool dev_mode) {
  Recorder recorder(http, provider);
  // One of its own: what is cached was asked for by somebody else.
  ProviderAccess access(recorder, clock);
  TokenCall call;
  call.now = clock.Now();
  call.redirect_uri = redirect_uri;

  recorder.Begin("discovery");
  const absl::StatusOr<Provider> ready =
      access.WithEndpoints(provider, dev_mode);
  recorder.End(WhyNot(ready.status(), "the preset names the endpoints"));
  if (!ready.ok()) return recorder.Take();

  recorder.Begin("refresh");
  const absl::Status refreshed =
      access.oauth()
          .SendRefresh(*ready, MadeUp(kMadeUp), {}, "", call)
          .status();
  recorder.End(WhyNot(refreshed, "tokens of this provider never expire"));

  recorder.Begin("code");
  const absl::Status exchanged =
      access.oauth()
          .ExchangeCode(*ready, MadeUp(kMadeUp), MadeUp(kMadeUpVerifier),
                        redirect_uri, call)
          .status();
  recorder.End(WhyNot(exchanged, ""));

  recorder.Begin("revocation");
  const absl::Status revoked =
      access.oauth()
          .Revoke(*ready, MadeUp(kMadeUp), RevocableKind(*ready), call)
          .status();
  recorder.End(WhyNot(revoked, "the preset knows no way to revoke"));
  return recorder.Take();
}

}  // namespace tokenvault
