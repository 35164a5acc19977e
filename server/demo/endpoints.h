#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "oauth/jwt_signer.h"
#include "server/demo/grants.h"
#include "server/demo/sign_in.h"
#include "server/http_types.h"

namespace tokenvault {

// What the demo provider answers, address by address (server/demo/provider.h
// lists them). Told the time; knows no sockets. Thread-safe.
class DemoEndpoints {
 public:
  DemoEndpoints(absl::Duration access_token_ttl, bool rotate, JwtSigner signer);

  // Before it, every answer is 503.
  void SetBaseUrl(absl::string_view base_url);
  void SetRedirectUris(absl::string_view client, std::vector<std::string> uris);

  WebResponse Answer(const WebRequest& request, absl::Time now);

 private:
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  WebResponse Metadata() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse Token(const std::string& client, const Parameters& form,
                    absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse Revoke(const std::string& client, const Parameters& form)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse Introspect(const std::string& client, const Parameters& form,
                         absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse ClientEndpoint(const WebRequest& request, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse Resource(const WebRequest& request, absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string IdToken(const DemoTokens& tokens, absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const JwtSigner signer_;
  mutable Mutex mutex_;
  std::string base_url_ ABSL_GUARDED_BY(mutex_);
  DemoGrants grants_ ABSL_GUARDED_BY(mutex_);
  DemoSignIn sign_in_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
