#include "oauth/redacted_answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/secret.h"
#include "oauth/strict_json.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

using nlohmann::json;

// RFC 6749, 6750, 7009, 7662, 8628, 8693, 8707, 9449 and OpenID Connect.
constexpr const char* kProtocolWords[] = {
    "access_denied",
    "access_token",
    "account_selection_required",
    "authorization_code",
    "authorization_pending",
    "bearer",
    "Bearer",
    "Basic",
    "client_credentials",
    "code",
    "consent_required",
    "DPoP",
    "email",
    "error",
    "error_description",
    "expired_token",
    "id_token",
    "insufficient_scope",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "mac",
    "max-age",
    "must-revalidate",
    "no-cache",
    "no-store",
    "offline_access",
    "openid",
    "private",
    "profile",
    "realm",
    "refresh_token",
    "scope",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
};

constexpr const char* kShownHeaders[] = {"cache-control", "pragma",
                                         "retry-after", "www-authenticate"};

constexpr size_t kMaxName = 64;
constexpr size_t kMaxSupported = 64;

std::string ShapeOf(absl::string_view text) {
  return text.empty() ? "" : absl::StrCat("<string ", text.size(), ">");
}

// Names are words; a token has digits, or is longer.
bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalpha(static_cast<unsigned char>(c)) ||
                  c == '_' || c == '-' || c == '.';
         });
}

// "RS256", "urn:ietf:params:oauth:grant-type:device_code"
bool IsSupportedWord(absl::string_view text) {
  return text.size() <= kMaxSupported &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  absl::StrContains("_-.:/", c);
         });
}

// "bad_verification_code": one that no preset knows yet is what a fixture is
// captured for.
bool IsErrorCode(absl::string_view text) {
  constexpr size_t kMaxCode = 40;
  return !text.empty() && text.size() <= kMaxCode &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  c == '_';
         });
}

bool IsPlainUrl(const std::string& text) {
  const absl::StatusOr<Url> url = ParseUrl(text);
  return url.ok() && url->query.empty();
}

class Redactor {
 public:
  Redactor(AnswerKind kind, const KnownWords& known)
      : kind_(kind), known_(known) {}

  std::string Name(const std::string& name) const {
    return !known_.IsPrivate(name) && (known_.Knows(name) || IsName(name))
               ? name
               : absl::StrCat("<name ", name.size(), ">");
  }

  // `is_supported`: an item of a list of what a server supports.
  std::string Text(const std::string& name, const std::string& text,
                   bool is_supported) const {
    if (known_.IsPrivate(text)) return ShapeOf(text);
    if (known_.Knows(text)) return text;
    if (name == "error" && IsErrorCode(text)) return text;
    if (kind_ == AnswerKind::kMetadata &&
        (IsPlainUrl(text) || (is_supported && IsSupportedWord(text)))) {
      return text;
    }
    return ShapeOf(text);
  }

  // `name`: of the field that it is in.
  json Value(const std::string& name, const json& value) const {
    switch (value.type()) {
      case json::value_t::string:
        return Text(name, value.get_ref<const std::string&>(),
                    absl::EndsWith(name, "_supported"));
      case json::value_t::array: {
        json items = json::array();
        for (const json& item : value) items.push_back(Value(name, item));
        return items;
      }
      case json::value_t::object: {
        json fields = json::object();
        for (const auto& [own, field] : value.items()) {
          fields[Name(own)] = Value(own, field);
        }
        return fields;
      }
      default:
        return value;
    }
  }

 private:
  const AnswerKind kind_;
  const KnownWords& known_;
};

// "Bearer error="invalid_token"": the words and the numbers in it stay.
std::string RedactHeader(absl::string_view value, const KnownWords& known) {
  constexpr absl::string_view kSeparators = " ,;=\"";
  constexpr size_t kMaxDigits = 10;
  std::string shown;
  while (!value.empty()) {
    const size_t end = std::min(value.find_first_of(kSeparators), value.size());
    const absl::string_view word = value.substr(0, end);
    const bool is_number =
        word.size() <= kMaxDigits &&
        std::all_of(word.begin(), word.end(), absl::ascii_isdigit);
    absl::StrAppend(&shown,
                    is_number || known.Knows(word) ? word : ShapeOf(word));
    value.remove_prefix(end);
    if (!value.empty()) {
      shown += value.front();
      value.remove_prefix(1);
    }
  }
  return shown;
}

std::string BaseType(const HttpResponse& answer) {
  const std::string header = answer.Header("Content-Type");
  std::string type = absl::AsciiStrToLower(absl::StripAsciiWhitespace(
      absl::string_view(header).substr(0, header.find(';'))));
  const bool is_type =
      type.size() <= kMaxName &&
      std::all_of(type.begin(), type.end(), [](char c) {
        return absl::ascii_isalpha(static_cast<unsigned char>(c)) ||
               absl::StrContains("/+-.", c);
      });
  return is_type ? type : ShapeOf(type);
}

std::string RedactForm(absl::string_view text, const Redactor& redactor) {
  auto fields = ParseQuery(text);
  if (!fields.ok()) return "";
  std::string shown;
  for (auto& [name, value] : *fields) {
    absl::StrAppend(&shown, shown.empty() ? "" : "&", redactor.Name(name), "=",
                    redactor.Text(name, value, false));
    WipeString(value);
  }
  return shown;
}

// "" for what is neither.
std::string RedactText(absl::string_view text, const std::string& type,
                       const Redactor& redactor) {
  if (type == "application/x-www-form-urlencoded") {
    return RedactForm(text, redactor);
  }
  // Also where it says to be something else, as some do.
  auto parsed = ParseStrictJson(text);
  const auto* document = std::get_if<JsonDocument>(&parsed);
  if (document == nullptr) return "";
  return redactor.Value("", document->root())
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

KnownWords::KnownWords(const Provider& provider)
    : words_(std::begin(kProtocolWords), std::end(kProtocolWords)),
      client_id_(provider.client_id),
      client_secret_(provider.client_secret) {
  for (const auto* codes :
       {&provider.errors_grant_gone, &provider.errors_app_misconfigured,
        &provider.errors_transient}) {
    words_.insert(codes->begin(), codes->end());
  }
  for (const ScopeInfo& scope : provider.scopes) words_.insert(scope.value);
  words_.insert(provider.account_scopes.begin(), provider.account_scopes.end());
}

bool KnownWords::IsPrivate(absl::string_view text) const {
  return !text.empty() &&
         (text == client_id_ ||
          (client_secret_ != nullptr && text == client_secret_->Reveal()));
}

bool KnownWords::Knows(absl::string_view text) const {
  if (text.empty()) return true;
  if (words_.find(text) != words_.end()) return true;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(text, absl::ByAnyChar(" ,"), absl::SkipEmpty());
  return !parts.empty() && parts.front().size() < text.size() &&
         std::all_of(parts.begin(), parts.end(), [&](absl::string_view part) {
           return words_.find(part) != words_.end();
         });
}

RedactedAnswer Redact(const HttpResponse& answer, AnswerKind kind,
                      const KnownWords& known) {
  RedactedAnswer shown;
  for (const char* name : kShownHeaders) {
    const std::string value = answer.Header(name);
    if (!value.empty()) {
      shown.headers.emplace_back(name, RedactHeader(value, known));
    }
  }
  shown.content_type = BaseType(answer);
  const absl::string_view text = answer.body.Reveal();
  if (text.empty()) return shown;
  shown.body = RedactText(text, shown.content_type, Redactor(kind, known));
  if (shown.body.empty()) {
    shown.body = absl::StrCat(
        "<", shown.content_type.empty() ? "unknown" : shown.content_type, ", ",
        text.size(), " bytes>");
  }
  return shown;
}

std::string RedactUrl(absl::string_view url, const KnownWords& known,
                      const std::vector<std::string>& segments) {
  const absl::StatusOr<Url> parsed = ParseUrl(url);
  if (!parsed.ok()) return ShapeOf(url);
  std::vector<std::string> path = absl::StrSplit(parsed->path, '/');
  for (std::string& segment : path) {
    if (std::find(segments.begin(), segments.end(), segment) !=
        segments.end()) {
      segment = ShapeOf(segment);
    }
  }
  const std::string shown =
      absl::StrCat(parsed->Origin(), absl::StrJoin(path, "/"));
  if (parsed->query.empty()) return shown;
  return absl::StrCat(
      shown, "?",
      RedactForm(parsed->query, Redactor(AnswerKind::kToken, known)));
}

}  // namespace tokenvault
