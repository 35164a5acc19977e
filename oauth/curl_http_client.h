#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "oauth/address_guard.h"
#include "oauth/http_client.h"

namespace tokenvault {

// HttpClient on libcurl: one thread drives all transfers, Send() waits for its
// own. Every request has a connection of its own: on a kept one, libcurl would
// repeat a request by itself when the peer has just hung up, and a repeated
// refresh can cost a person their grant.
//
// https only (TLS 1.2 or newer, certificates checked), no proxy, no netrc, no
// cookies, no compression, no redirects; each address passes MayConnect().
// What libcurl frees is overwritten first, for tokens were in it.
//
//   CurlHttpClient http(rules);
//   ASSIGN_OR_RETURN(HttpResponse answer, http.Send(request));
//
// Thread-safe. Destroying it ends what is in flight ("stopped").
class CurlHttpClient : public HttpClient {
 public:
  explicit CurlHttpClient(EgressRules rules);
  ~CurlHttpClient() override;

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override;

 private:
  class Loop;
  const EgressRules rules_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace tokenvault
