#include "oauth/curl_rules.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace tokenvault {
namespace {

constexpr absl::Duration kMaxConnect = absl::Seconds(5);

std::optional<IpAddress> AddressOf(const curl_sockaddr& address) {
  IpAddress result;
  if (address.family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address.addr, sizeof v4);
    result.bytes.assign(reinterpret_cast<const char*>(&v4.sin_addr), 4);
    return result;
  }
  if (address.family == AF_INET6 && address.addrlen >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address.addr, sizeof v6);
    result.bytes.assign(reinterpret_cast<const char*>(&v6.sin6_addr), 16);
    return result;
  }
  return std::nullopt;
}

}  // namespace

void SetCurlRules(CURL* easy, const EgressRules& rules,
                  absl::Duration timeout) {
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!rules.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, rules.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   CurlMilliseconds(std::min(timeout, kMaxConnect)));
}

std::optional<curl_socket_t> OpenGuardedSocket(const EgressRules& rules,
                                               bool encrypted,
                                               curlsocktype purpose,
                                               const curl_sockaddr& address) {
  const std::optional<IpAddress> ip = AddressOf(address);
  if (purpose != CURLSOCKTYPE_IPCXN || !ip.has_value() ||
      !MayConnect(*ip, rules)) {
    return std::nullopt;
  }
  // What is not encrypted stays on this machine.
  if (!encrypted && !(ip->IsLoopback() && rules.allow_http_loopback)) {
    return std::nullopt;
  }
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC,
                  address.protocol);
}

const char* CurlProblem(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "dns";
    case CURLE_COULDNT_CONNECT:
      return "connect";
    case CURLE_OPERATION_TIMEDOUT:
      return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return "tls";
    default:
      return "reset";
  }
}

long CurlMilliseconds(absl::Duration duration) {
  return static_cast<long>(
      std::max<int64_t>(1, absl::ToInt64Milliseconds(duration)));
}

}  // namespace tokenvault
