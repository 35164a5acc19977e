#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "oauth/jwt_signer.h"
#include "server/demo/faults.h"
#include "server/demo/ledger.h"
#include "server/demo/server.h"
#include "server/http_types.h"

namespace tokenvault {

// What the demo provider answers, address by address (server/demo/provider.h
// lists them): the doors that all personas share, and the way to each of them.
// Told the time; knows no sockets. Thread-safe.
class DemoEndpoints {
 public:
  // `rotate` is about the persona "demo".
  DemoEndpoints(absl::Duration access_token_ttl, bool rotate, JwtSigner signer);

  // Before it, every answer is 503.
  void SetBaseUrl(absl::string_view base_url);
  // Of a registered client, at the persona of that name.
  void SetRedirectUris(absl::string_view persona, absl::string_view client,
                       std::vector<std::string> uris);

  // The document that has to be fetched, and given to LearnDocument, before
  // `request` can be answered.
  std::optional<std::string> DocumentFor(const WebRequest& request) const;
  // "" when it could not be had.
  void LearnDocument(const std::string& url, absl::string_view document);

  DemoAnswer Answer(const WebRequest& request, absl::Time now);

 private:
  // The persona that a path leads to, and the rest of the path.
  std::pair<DemoServer*, absl::string_view> ServerFor(
      absl::string_view path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse WellKnown(absl::string_view path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse Ledger(const WebRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WebResponse Faults(const WebRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const JwtSigner signer_;
  mutable Mutex mutex_;
  std::string origin_ ABSL_GUARDED_BY(mutex_);
  DemoLedger ledger_ ABSL_GUARDED_BY(mutex_);
  DemoFaults faults_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<DemoServer>> servers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
