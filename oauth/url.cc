#include "oauth/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxUrl = 4096;
constexpr size_t kMaxHost = 253;

absl::Status Bad(absl::string_view problem) {
  return errors::FieldInvalid("url", problem);
}

// Unreserved in RFC 3986: what never needs an escape.
bool IsHostName(absl::string_view host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  for (absl::string_view label : absl::StrSplit(host, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' ||
        label.back() == '-') {
      return false;
    }
    for (char c : label) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' &&
          c != '_') {
        return false;
      }
    }
  }
  return true;
}

// A name that ends in a number is an address to most readers, in one of many
// spellings ("127.1", "2130706433", "0x7f.1"); only the usual one is taken.
bool IsOddAddress(absl::string_view host) {
  absl::string_view last = host.substr(host.rfind('.') + 1);
  bool numeric = std::all_of(last.begin(), last.end(), absl::ascii_isdigit) ||
                 absl::StartsWith(last, "0x");
  if (!numeric) return false;
  in_addr address;
  return inet_pton(AF_INET, std::string(host).c_str(), &address) != 1;
}

// Splits "host:port"; the port is "" when there is none.
absl::Status SplitAuthority(absl::string_view authority, Url& url,
                            absl::string_view& port) {
  if (absl::ConsumePrefix(&authority, "[")) {
    size_t end = authority.find(']');
    if (end == absl::string_view::npos) return Bad("the host is not closed");
    url.host = absl::AsciiStrToLower(authority.substr(0, end));
    in6_addr address;
    if (inet_pton(AF_INET6, url.host.c_str(), &address) != 1) {
      return Bad("the host is not an address");
    }
    port = authority.substr(end + 1);
    if (!port.empty() && !absl::ConsumePrefix(&port, ":")) {
      return Bad("the host is not followed by a port");
    }
    return absl::OkStatus();
  }
  size_t colon = authority.find(':');
  url.host = absl::AsciiStrToLower(authority.substr(0, colon));
  port = colon == absl::string_view::npos ? absl::string_view()
                                          : authority.substr(colon + 1);
  if (!IsHostName(url.host) || IsOddAddress(url.host)) {
    return Bad("the host is not a plain name or address");
  }
  return absl::OkStatus();
}

void AppendEscaped(std::string& out, absl::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

// Nothing escaped is longer than three times itself, '=' and '&' aside.
size_t EncodedBound(const FormFields& fields) {
  size_t size = 0;
  for (const auto& [name, value] : fields) {
    size += 3 * name.size() + 3 * value.size() + 2;
  }
  return size;
}

void AppendFields(std::string& out, const FormFields& fields) {
  bool first = true;
  for (const auto& [name, value] : fields) {
    if (!first) out += '&';
    first = false;
    AppendEscaped(out, name);
    out += '=';
    AppendEscaped(out, value);
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool Unescape(absl::string_view text, std::string& out) {
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+') {
      out += ' ';
    } else if (c == '%') {
      if (i + 2 >= text.size()) return false;
      int high = HexValue(text[i + 1]);
      int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      return false;
    } else {
      out += c;
    }
  }
  return true;
}

}  // namespace

std::string Url::Origin() const {
  std::string origin = absl::StrCat(scheme, "://");
  bool v6 = host.find(':') != std::string::npos;
  absl::StrAppend(&origin, v6 ? "[" : "", host, v6 ? "]" : "");
  if (port != 0 && port != (scheme == "https" ? 443 : 80)) {
    absl::StrAppend(&origin, ":", port);
  }
  return origin;
}

std::string Url::ToString() const {
  return absl::StrCat(Origin(), path, query.empty() ? "" : "?", query);
}

absl::StatusOr<Url> ParseUrl(absl::string_view text) {
  if (text.size() > kMaxUrl) return Bad("too long");
  for (char c : text) {
    if (c <= 0x20 || c >= 0x7f || c == '\\') return Bad("an odd character");
  }
  Url url;
  if (absl::ConsumePrefix(&text, "https://")) {
    url.scheme = "https";
  } else if (absl::ConsumePrefix(&text, "http://")) {
    url.scheme = "http";
  } else {
    return Bad("does not begin with https://");
  }
  if (text.find('#') != absl::string_view::npos) return Bad("has a fragment");
  size_t end = text.find_first_of("/?");
  absl::string_view authority = text.substr(0, end);
  if (authority.find('@') != absl::string_view::npos) {
    return Bad("has a user name");
  }
  absl::string_view port;
  RETURN_IF_ERROR(SplitAuthority(authority, url, port));
  if (!port.empty() || absl::EndsWith(authority, ":")) {
    bool digits = std::all_of(port.begin(), port.end(), absl::ascii_isdigit);
    if (!digits || port.size() > 5 || !absl::SimpleAtoi(port, &url.port) ||
        url.port < 1 || url.port > 65535) {
      return Bad("the port is not one");
    }
  }
  absl::string_view rest =
      end == absl::string_view::npos ? absl::string_view() : text.substr(end);
  size_t question = rest.find('?');
  url.path = std::string(rest.substr(0, question));
  if (url.path.empty()) url.path = "/";
  if (question != absl::string_view::npos) {
    url.query = std::string(rest.substr(question + 1));
  }
  return url;
}

std::string HostOf(absl::string_view url) {
  absl::StatusOr<Url> parsed = ParseUrl(url);
  return parsed.ok() ? std::move(parsed->host) : "server";
}

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string FormEscape(absl::string_view text) {
  std::string out;
  out.reserve(3 * text.size());
  AppendEscaped(out, text);
  return out;
}

std::string FormEncode(const FormFields& fields) {
  std::string out;
  out.reserve(EncodedBound(fields));
  AppendFields(out, fields);
  return out;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseQuery(
    absl::string_view query) {
  std::vector<std::pair<std::string, std::string>> fields;
  std::set<std::string> seen;
  for (absl::string_view part : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    size_t equals = part.find('=');
    std::string name;
    std::string value;
    absl::string_view raw = equals == absl::string_view::npos
                                ? absl::string_view()
                                : part.substr(equals + 1);
    if (!Unescape(part.substr(0, equals), name) || !Unescape(raw, value)) {
      return errors::FieldInvalid("query", "is not properly escaped");
    }
    if (!seen.insert(name).second) {
      return errors::FieldInvalid("query", "has a field twice");
    }
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

std::string AppendQuery(absl::string_view url, const FormFields& fields) {
  std::string out;
  out.reserve(url.size() + 1 + EncodedBound(fields));
  out.append(url.data(), url.size());
  if (fields.empty()) return out;
  if (out.find('?') == std::string::npos) {
    out += '?';
  } else if (out.back() != '?' && out.back() != '&') {
    out += '&';
  }
  AppendFields(out, fields);
  return out;
}

}  // namespace tokenvault
