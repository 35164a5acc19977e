#pragma once

#include <curl/curl.h>
#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "oauth/address_guard.h"
#include "oauth/http_client.h"
#include "oauth/url.h"

namespace tokenvault {

// One request and its answer as libcurl sees them: sets every option of the
// handle, collects the answer under its limits, and says how it ended. Prepared
// and read by the thread that called Send, driven by the loop's in between.
class CurlTransfer {
 public:
  // All three outlive the transfer.
  CurlTransfer(const HttpRequest& request, const Url& url,
               const EgressRules& rules);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  // For all of it, from the name to the body.
  absl::Duration timeout() const;

  // The answer, or what libcurl's code means to us. Nothing: it was stopped.
  absl::StatusOr<HttpResponse> Finish(std::optional<CURLcode> result);

 private:
  struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  void SetRules();
  void SetRequest();
  void AddHeader(const std::string& line);
  bool MaybeSent() const;
  // So that body_ has room for `bytes` more; at most max_body in all.
  void MakeRoom(size_t bytes);

  static curl_socket_t OpenSocket(void* self, curlsocktype purpose,
                                  curl_sockaddr* address);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);

  const HttpRequest& request_;
  const Url& url_;
  const EgressRules& rules_;

  HttpResponse response_;
  Secret body_;  // room for what has come, and more
  size_t body_size_ = 0;
  size_t header_size_ = 0;
  bool too_large_ = false;
  bool address_refused_ = false;

  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeHandle> handle_;  // freed before its list
};

}  // namespace tokenvault
