#include "oauth/smtp_client.h"

#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/curl_rules.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestAddress = 254;  // RFC 5321 §4.5.3.1, in brackets

struct SmtpPlace {
  Url url;  // with https in place of smtps
  bool tls_first = false;
};

// The URL reader of this floor knows http alone, and is strict: what stands
// behind the scheme is the same.
absl::StatusOr<SmtpPlace> ReadSmtpUrl(absl::string_view text) {
  SmtpPlace place;
  absl::string_view rest = text;
  place.tls_first = absl::ConsumePrefix(&rest, "smtps://");
  if (!place.tls_first && !absl::ConsumePrefix(&rest, "smtp://")) {
    return errors::FieldInvalid("url", "begins with smtps:// or smtp://");
  }
  ASSIGN_OR_RETURN(place.url, ParseUrl(absl::StrCat("https://", rest)));
  if (place.url.path != "/" || !place.url.query.empty()) {
    return errors::FieldInvalid("url", "names a host and a port, and no more");
  }
  return place;
}

bool IsLoopbackName(const std::string& host) {
  if (host == "localhost") return true;
  const auto ip = IpAddress::Parse(host);
  return ip.ok() && ip->IsLoopback();
}

bool IsAddressCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         (c != '\0' && std::strchr("!#$%&'*+-/=?^_`{|}~.", c) != nullptr);
}

// One handle, for one mail.
class SmtpTransfer {
 public:
  SmtpTransfer(const SmtpServer& server, const SmtpPlace& place,
               const EgressRules& rules, const Mail& mail)
      : rules_(rules), mail_(mail), easy_(curl_easy_init()) {
    if (easy_ == nullptr) return;
    // A mail server of this machine, in development, may have no certificate.
    may_be_plain_ = !place.tls_first && rules.allow_http_loopback &&
                    IsLoopbackName(place.url.host);
    SetCurlRules(easy_, rules, rules.timeout);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS,
                     CurlMilliseconds(rules.timeout));
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy_, CURLOPT_URL, server.url.c_str());
    curl_easy_setopt(
        easy_, CURLOPT_USE_SSL,
        static_cast<long>(may_be_plain_ ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (!server.username.empty() && server.password != nullptr) {
      // libcurl's copies are wiped when they are freed (base/wiping_free.cc).
      std::string password(server.password->Reveal());
      curl_easy_setopt(easy_, CURLOPT_USERNAME, server.username.c_str());
      curl_easy_setopt(easy_, CURLOPT_PASSWORD, password.c_str());
      WipeString(password);
    }
    const std::string from = absl::StrCat("<", mail.from, ">");
    curl_easy_setopt(easy_, CURLOPT_MAIL_FROM, from.c_str());
    recipients_ =
        curl_slist_append(nullptr, absl::StrCat("<", mail.to, ">").c_str());
    curl_easy_setopt(easy_, CURLOPT_MAIL_RCPT, recipients_);
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(mail.text.size()));
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Ignore);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  }
  ~SmtpTransfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(recipients_);
  }
  SmtpTransfer(const SmtpTransfer&) = delete;
  SmtpTransfer& operator=(const SmtpTransfer&) = delete;

  absl::Status Perform(const std::string& host) {
    if (easy_ == nullptr) {
      return errors::ProviderUnreachable(host, "reset", /*maybe_sent=*/false);
    }
    const CURLcode code = curl_easy_perform(easy_);
    if (code == CURLE_OK) return absl::OkStatus();
    if (address_refused_) return errors::AddressRefused(host);
    // The last thing that the server said: 4yz is "not now", 5yz "no".
    long answer = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &answer);
    if (code == CURLE_LOGIN_DENIED) {
      return errors::ProviderMisconfigured(host, "login");
    }
    if (answer >= 400) {
      return errors::ProviderRefused(host,
                                     answer < 500 ? "not_now" : "refused");
    }
    return errors::ProviderUnreachable(host, CurlProblem(code),
                                       /*maybe_sent=*/read_ > 0);
  }

 private:
  static size_t Read(char* to, size_t size, size_t count, void* self) {
    auto& transfer = *static_cast<SmtpTransfer*>(self);
    const size_t bytes =
        transfer.mail_.text.copy(to, size * count, transfer.read_);
    transfer.read_ += bytes;
    return bytes;
  }
  static size_t Ignore(char*, size_t size, size_t count, void*) {
    return size * count;
  }
  static curl_socket_t OpenSocket(void* self, curlsocktype purpose,
                                  curl_sockaddr* address) {
    auto& transfer = *static_cast<SmtpTransfer*>(self);
    const auto socket = OpenGuardedSocket(
        transfer.rules_, !transfer.may_be_plain_, purpose, *address);
    transfer.address_refused_ = !socket.has_value();
    return socket.value_or(CURL_SOCKET_BAD);
  }

  const EgressRules& rules_;
  const Mail& mail_;
  CURL* const easy_;
  curl_slist* recipients_ = nullptr;
  bool may_be_plain_ = false;
  bool address_refused_ = false;
  size_t read_ = 0;  // of the text
};

}  // namespace

bool IsMailAddress(absl::string_view text) {
  const size_t at = text.find('@');
  if (text.size() > kLongestAddress || at == absl::string_view::npos ||
      at == 0 || at + 1 == text.size()) {
    return false;
  }
  const absl::string_view local = text.substr(0, at);
  const absl::string_view domain = text.substr(at + 1);
  const auto is_host = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '.';
  };
  return std::all_of(local.begin(), local.end(), IsAddressCharacter) &&
         std::all_of(domain.begin(), domain.end(), is_host) &&
         local.front() != '-' && domain.front() != '-';
}

absl::Status CheckSmtpUrl(absl::string_view url) {
  return ReadSmtpUrl(url).status();
}

SmtpClient::SmtpClient(SmtpServer server, EgressRules rules)
    : server_(std::move(server)), rules_(std::move(rules)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

absl::Status SmtpClient::Send(const Mail& mail) {
  ASSIGN_OR_RETURN(const SmtpPlace place, ReadSmtpUrl(server_.url));
  if (!IsMailAddress(mail.from) || !IsMailAddress(mail.to)) {
    return errors::FieldInvalid("address", "is not one e-mail address");
  }
  // OpenSSL writes to sockets whose peer may be gone: here that is an error to
  // report, not the end of the process. It stays so on the caller's thread.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  SmtpTransfer transfer(server_, place, rules_, mail);
  return transfer.Perform(place.url.host);
}

}  // namespace tokenvault
