#include "server/demo/provider.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/curl_http_client.h"
#include "oauth/jwt_signer.h"
#include "server/deadline_timer.h"
#include "server/demo/endpoints.h"
#include "server/listener_address.h"
#include "server/web_server.h"
#include "vault/worker_pool.h"

namespace tokenvault {

namespace {

constexpr int kFetchers = 2;
constexpr size_t kMostWaiting = 16;
constexpr absl::Duration kFetchTimeout = absl::Seconds(3);
constexpr size_t kLongestDocument = 16384;

EgressRules LoopbackToo() {
  EgressRules rules;
  rules.allow_http_loopback = true;
  return rules;
}

}  // namespace

class DemoProvider::Impl {
 public:
  Impl(const Options& options, JwtSigner signer, const Clock& clock)
      : clock_(clock),
        late_by_(options.late_by),
        endpoints_(options.access_token_ttl, options.rotate, std::move(signer)),
        http_(LoopbackToo()),
        timer_(clock),
        fetchers_(kFetchers, kMostWaiting) {}
  ~Impl() { Stop(); }

  absl::Status Listen(const std::string& listen) {
    WebServer::Options options;
    options.listen = listen;
    options.allowed_hosts = {"127.0.0.1", "localhost", "[::1]"};
    options.threads = 1;
    ASSIGN_OR_RETURN(
        server_,
        WebServer::Start(std::move(options),
                         [this](WebRequest request, WebRespond respond) {
                           Take(std::move(request), std::move(respond));
                         }));
    base_url_ = absl::StrCat("http://", server_->address());
    endpoints_.SetBaseUrl(base_url_);
    return absl::OkStatus();
  }

  DemoEndpoints& endpoints() { return endpoints_; }
  const std::string& base_url() const { return base_url_; }
  void Stop() {
    if (server_ != nullptr) server_->Stop(absl::ZeroDuration());
  }

 private:
  // Everything is in memory, so every answer is given at once; but a client
  // that is the URL of a document has to be looked up first.
  void Take(WebRequest request, WebRespond respond) {
    std::optional<std::string> document = endpoints_.DocumentFor(request);
    if (!document.has_value()) {
      Respond(request, std::move(respond));
      return;
    }
    auto look_up = [this, url = *std::move(document),
                    request = std::move(request),
                    respond = std::move(respond)]() mutable {
      endpoints_.LearnDocument(url, Fetch(url));
      Respond(request, std::move(respond));
    };
    // Destroyed unrun where too many wait, and then it answers 500.
    (void)fetchers_.Submit(std::move(look_up));
  }

  void Respond(const WebRequest& request, WebRespond respond) {
    DemoAnswer answer = endpoints_.Answer(request, clock_.Now());
    if (!answer.late) {
      respond(std::move(answer.response));
      return;
    }
    timer_.At(clock_.Now() + late_by_,
              [respond = std::move(respond),
               response = std::move(answer.response)]() mutable {
                respond(std::move(response));
              });
  }

  std::string Fetch(const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.headers = {{"Accept", "application/json"}};
    request.timeout = kFetchTimeout;
    request.max_body = kLongestDocument;
    auto answer = http_.Send(request);
    if (!answer.ok() || answer->status != 200) return "";
    return std::string(answer->body.Reveal());  // no secret: a public document
  }

  const Clock& clock_;
  const absl::Duration late_by_;
  DemoEndpoints endpoints_;
  CurlHttpClient http_;
  DeadlineTimer timer_;
  std::string base_url_;
  WorkerPool fetchers_;
  std::unique_ptr<WebServer> server_;  // last: its handler uses the others
};

absl::StatusOr<std::unique_ptr<DemoProvider>> DemoProvider::Start(
    Options options, const Clock& clock) {
  auto address = ParseListenerAddress(options.listen);
  if (!address.has_value() || !address->loopback) {
    return errors::ConfigInvalid(
        "demo provider", "it listens on loopback only: write \"127.0.0.1:0\"");
  }
  ASSIGN_OR_RETURN(JwtSigner signer,
                   JwtSigner::Generate(JwsAlgorithm::kEdDsa, "demo"));
  auto impl = std::make_unique<Impl>(options, std::move(signer), clock);
  RETURN_IF_ERROR(impl->Listen(options.listen));
  return std::unique_ptr<DemoProvider>(new DemoProvider(std::move(impl)));
}

DemoProvider::DemoProvider(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
DemoProvider::~DemoProvider() = default;

std::string DemoProvider::base_url() const { return impl_->base_url(); }

void DemoProvider::SetRedirectUris(absl::string_view client_id,
                                   std::vector<std::string> uris,
                                   absl::string_view persona) {
  impl_->endpoints().SetRedirectUris(persona, client_id, std::move(uris));
}

void DemoProvider::Stop() { impl_->Stop(); }

}  // namespace tokenvault
