#include "server/demo/provider.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/jwt_signer.h"
#include "server/demo/endpoints.h"
#include "server/listener_address.h"
#include "server/web_server.h"

namespace tokenvault {

class DemoProvider::Impl {
 public:
  Impl(const Options& options, JwtSigner signer, const Clock& clock)
      : clock_(clock),
        endpoints_(options.access_token_ttl, options.rotate,
                   std::move(signer)) {}

  absl::Status Listen(const std::string& listen) {
    WebServer::Options options;
    options.listen = listen;
    options.allowed_hosts = {"127.0.0.1", "localhost", "[::1]"};
    options.threads = 1;
    // Everything is in memory, so every answer is given at once.
    ASSIGN_OR_RETURN(
        server_,
        WebServer::Start(std::move(options),
                         [this](WebRequest request, WebRespond respond) {
                           respond(endpoints_.Answer(request, clock_.Now()));
                         }));
    base_url_ = absl::StrCat("http://", server_->address());
    endpoints_.SetBaseUrl(base_url_);
    return absl::OkStatus();
  }

  DemoEndpoints& endpoints() { return endpoints_; }
  const std::string& base_url() const { return base_url_; }
  void Stop() { server_->Stop(absl::ZeroDuration()); }

 private:
  const Clock& clock_;
  DemoEndpoints endpoints_;
  std::string base_url_;
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
                                   std::vector<std::string> uris) {
  impl_->endpoints().SetRedirectUris(client_id, std::move(uris));
}

void DemoProvider::Stop() { impl_->Stop(); }

}  // namespace tokenvault
