#pragma once

#include <curl/curl.h>
#include <sys/socket.h>

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/address_guard.h"

// What holds for every handle of libcurl, whatever it speaks.
namespace tokenvault {

// No proxy, no netrc, no signals, no connection of before; TLS 1.2 or newer,
// with a certificate that is checked; a few seconds to connect, or `timeout` if
// that is less. `rules` outlives the handle.
void SetCurlRules(CURL* easy, const EgressRules& rules, absl::Duration timeout);

// A socket to an address that the guard lets pass; nothing for another.
// `encrypted`: false when what is sent may be read on the way, which only this
// machine's own may be.
std::optional<curl_socket_t> OpenGuardedSocket(const EgressRules& rules,
                                               bool encrypted,
                                               curlsocktype purpose,
                                               const curl_sockaddr& address);

// libcurl's code as a word of ours, by number; its sentences stay inside:
// "dns", "connect", "timeout", "tls", "reset".
const char* CurlProblem(CURLcode code);

// For libcurl, to which zero would mean "for ever".
long CurlMilliseconds(absl::Duration duration);

}  // namespace tokenvault
