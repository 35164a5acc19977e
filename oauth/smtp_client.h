#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "oauth/address_guard.h"

namespace tokenvault {

// The mail server that takes our mail.
struct SmtpServer {
  std::string url;       // "smtps://mail.example.com:465", "smtp://…"
  std::string username;  // "" to send without a login
  std::shared_ptr<const Secret> password;
};

struct Mail {
  std::string from;  // "vault@example.com"
  std::string to;
  std::string text;  // headers and body, with CR LF (RFC 5322)
};

// Whether it is one address as it goes into an envelope and a header: plain
// ASCII, one '@', no spaces, quotes, brackets or line ends. Stricter than RFC
// 5321, so that nobody's reading of it can differ.
bool IsMailAddress(absl::string_view text);
// "smtps://host", "smtp://host:587": nothing else in it. FIELD_INVALID.
absl::Status CheckSmtpUrl(absl::string_view url);

// Hands mail to a server, on libcurl. TLS with a checked certificate from the
// first byte (smtps) or before anything is said (smtp, by STARTTLS); without,
// only to this machine, and only where EgressRules::allow_http_loopback is. The
// address guard looks at every address.
//
// Blocks, at most for the rules' timeout. Thread-safe.
class SmtpClient {
 public:
  SmtpClient(SmtpServer server, EgressRules rules);

  // OK when the server has taken it. It may have taken it too when this fails
  // ("timeout", "reset"): sent again, it comes twice. Errors name the host:
  // PROVIDER_UNREACHABLE ("dns", "connect", "tls", "timeout", "reset"),
  // PROVIDER_MISCONFIGURED "login", PROVIDER_REFUSED when the server said no to
  // the mail, ADDRESS_REFUSED, FIELD_INVALID.
  absl::Status Send(const Mail& mail);

 private:
  const SmtpServer server_;
  const EgressRules rules_;
};

}  // namespace tokenvault
