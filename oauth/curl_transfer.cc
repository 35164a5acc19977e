#include "oauth/curl_transfer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "oauth/curl_rules.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxHeaders = size_t{32} * 1024;
constexpr size_t kUsualBody = size_t{4} * 1024;

// The server's own certificate comes first in the chain. libcurl tells of it in
// lines of "name:value", with OpenSSL's way to write a time.
absl::Time CertificateEnd(CURL* easy) {
  constexpr absl::string_view kName = "Expire date:";
  curl_certinfo* chain = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain);
  if (chain == nullptr || chain->num_of_certs < 1) {
    return absl::InfiniteFuture();
  }
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr;
       line = line->next) {
    absl::string_view text = line->data;
    absl::Time end;
    if (absl::ConsumePrefix(&text, kName) &&
        absl::ParseTime("%b %e %H:%M:%S %Y GMT",
                        absl::StripAsciiWhitespace(text), &end, nullptr)) {
      return end;
    }
  }
  return absl::InfiniteFuture();
}

}  // namespace

CurlTransfer::CurlTransfer(const HttpRequest& request, const Url& url,
                           const EgressRules& rules)
    : request_(request),
      url_(url),
      rules_(rules),
      body_(Secret::OfSize(std::min(request.max_body, kUsualBody))),
      handle_(curl_easy_init()) {
  if (handle_ == nullptr) return;  // no memory; the loop answers for it
  SetRules();
  SetRequest();
}

void CurlTransfer::SetRules() {
  CURL* const easy = handle_.get();
  // The time for all of it is counted by the loop. libcurl would look at the
  // clock before it looks at the socket, and a process that stood still for
  // long would throw away an answer that had arrived.
  SetCurlRules(easy, rules_, timeout());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, url_.scheme.c_str());
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(request_.max_body));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

absl::Duration CurlTransfer::timeout() const {
  return std::min(request_.timeout, rules_.timeout);
}

void CurlTransfer::SetRequest() {
  CURL* const easy = handle_.get();
  std::string url = url_.ToString();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());  // copied, and that wiped
  WipeString(url);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "tokenvault");
  for (const auto& [name, value] : request_.headers) {
    AddHeader(absl::StrCat(name, ": ", value));
  }
  if (!request_.authorization.empty()) {
    // libcurl copies the line; its copy is wiped when it is freed, as all that
    // it frees (base/wiping_free.cc).
    std::string line =
        absl::StrCat("Authorization: ", request_.authorization.Reveal());
    AddHeader(line);
    WipeString(line);
  }
  if (request_.wants_certificate) {
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
  }
  // No pause before a body to ask whether it may come.
  AddHeader("Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());

  if (request_.method == "GET" && request_.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    return;
  }
  // By pointer: libcurl keeps no copy of the body.
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request_.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                   request_.body.empty() ? "" : request_.body.Reveal().data());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlTransfer::AddHeader(const std::string& line) {
  headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
}

curl_socket_t CurlTransfer::OpenSocket(void* self, curlsocktype purpose,
                                       curl_sockaddr* address) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::optional<curl_socket_t> socket = OpenGuardedSocket(
      transfer.rules_, transfer.url_.scheme == "https", purpose, *address);
  if (!socket.has_value()) transfer.address_refused_ = true;
  return socket.value_or(CURL_SOCKET_BAD);
}

size_t CurlTransfer::OnHeader(char* data, size_t size, size_t count,
                              void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const size_t bytes = size * count;
  transfer.header_size_ += bytes;
  if (transfer.header_size_ > kMaxHeaders) {
    transfer.too_large_ = true;
    return 0;
  }
  absl::string_view line = absl::StripAsciiWhitespace({data, bytes});
  if (absl::StartsWith(line, "HTTP/")) {
    transfer.response_.headers.clear();  // those of an interim answer
  } else if (size_t colon = line.find(':'); colon != absl::string_view::npos) {
    transfer.response_.headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return bytes;
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const size_t bytes = size * count;
  if (bytes > transfer.request_.max_body - transfer.body_size_) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.MakeRoom(bytes);
  std::memcpy(transfer.body_.mutable_data() + transfer.body_size_, data, bytes);
  transfer.body_size_ += bytes;
  return bytes;
}

void CurlTransfer::MakeRoom(size_t bytes) {
  const size_t wanted = body_size_ + bytes;
  if (wanted <= body_.size()) return;
  Secret larger = Secret::OfSize(
      std::min(request_.max_body, std::max(wanted, body_.size() * 2)));
  if (body_size_ > 0) {
    std::memcpy(larger.mutable_data(), body_.mutable_data(), body_size_);
  }
  body_ = std::move(larger);
}

bool CurlTransfer::MaybeSent() const {
  if (handle_ == nullptr) return false;
  long request_size = 0;
  curl_off_t ready_to_send = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_REQUEST_SIZE, &request_size);
  curl_easy_getinfo(handle_.get(), CURLINFO_PRETRANSFER_TIME_T, &ready_to_send);
  return request_size > 0 || ready_to_send > 0;
}

absl::StatusOr<HttpResponse> CurlTransfer::Finish(
    std::optional<CURLcode> result) {
  const bool maybe_sent = MaybeSent();
  if (!result.has_value()) {
    return errors::ProviderUnreachable(url_.host, "stopped", maybe_sent);
  }
  if (too_large_ || *result == CURLE_FILESIZE_EXCEEDED) {
    return errors::ProviderAnswerInvalid(url_.host, "too_large");
  }
  if (*result == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.body = Secret::Copy(body_.Reveal().substr(0, body_size_));
    if (request_.wants_certificate) {
      response_.certificate_end_time = CertificateEnd(handle_.get());
    }
    return std::move(response_);
  }
  if (address_refused_ && !maybe_sent) return errors::AddressRefused(url_.host);
  if (maybe_sent && (*result == CURLE_WEIRD_SERVER_REPLY ||
                     *result == CURLE_UNSUPPORTED_PROTOCOL)) {
    return errors::ProviderAnswerInvalid(url_.host, "not_http");
  }
  return errors::ProviderUnreachable(url_.host, CurlProblem(*result),
                                     maybe_sent);
}

}  // namespace tokenvault
