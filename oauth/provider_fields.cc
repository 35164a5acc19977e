#include "oauth/provider_fields.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "oauth/adapter.h"
#include "oauth/jwt_signer.h"
#include "oauth/provider_schema.h"
#include "oauth/provider_tables.h"
#include "oauth/provider_variables.h"
#include "oauth/revocation.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kLongestDuration = absl::Hours(24 * 3650);

// Where the token goes in a URL of RevocationStyle::kPath: once, in the path.
bool HasPlaceForToken(absl::string_view url) {
  const size_t at = url.find(kTokenPlace);
  const size_t host = url.find("://");
  return at != absl::string_view::npos && host != absl::string_view::npos &&
         url.find('/', host + 3) < at && url.find('?') > at &&
         url.find(kTokenPlace, at + 1) == absl::string_view::npos;
}

absl::Status WrongKind(const TomlField& field, absl::string_view name,
                       absl::string_view wanted) {
  return errors::ConfigInvalid(field.where,
                               absl::StrCat(name, " must be ", wanted));
}

// One pass over the fields; the first thing that is wrong stays in `status`.
class Reader {
 public:
  Reader(const TomlFields& fields, const ProviderRules& rules)
      : fields_(fields), rules_(rules) {}

  absl::StatusOr<Provider> Read() &&;

 private:
  // The field of a dotted name, or null.
  const TomlField* Find(absl::string_view name) const;
  void Fail(absl::Status status) { status_.Update(std::move(status)); }

  template <typename T>
  void Take(const char* name, T& target, const char* wanted) {
    const TomlField* field = Find(name);
    if (field == nullptr) return;
    if (const T* value = std::get_if<T>(&field->value)) {
      target = *value;
    } else {
      Fail(WrongKind(*field, name, wanted));
    }
  }

  void TakeUrl(const StringKey& key);
  void TakeDuration(const DurationKey& key);
  template <typename E, size_t N>
  void TakeWord(const WordKey<E, N>& key);

  void ReadTier();
  void ReadAdapter();
  void ReadClientSecret();
  void CheckCaptured(const char* key, const std::vector<std::string>& names);
  void ReadCallback();
  void ReadVariables();
  template <typename T>
  void TakeTable(absl::StatusOr<T> read, T& target);
  void CheckId();
  void CheckComplete();

  const TomlFields& fields_;
  const ProviderRules& rules_;
  Provider provider_;
  ProviderVariables variables_;
  absl::Status status_;
};

const TomlField* Reader::Find(absl::string_view name) const {
  TomlPath path = {std::string(name)};
  if (size_t dot = name.find('.'); dot != absl::string_view::npos) {
    path = {std::string(name.substr(0, dot)),
            std::string(name.substr(dot + 1))};
  }
  auto it = fields_.find(path);
  return it == fields_.end() ? nullptr : &it->second;
}

void Reader::TakeUrl(const StringKey& key) {
  std::string text;
  Take(key.name, text, "a string");
  if (text.empty()) return;
  const std::string& where = Find(key.name)->where;
  auto filled = variables_.Fill(text);
  if (!filled.ok()) return Fail(filled.status());
  std::string checked = *filled;
  if (key.field == &Provider::revocation_url &&
      provider_.revocation_style == RevocationStyle::kPath) {
    if (!HasPlaceForToken(*filled)) {
      return Fail(errors::ConfigInvalid(
          where, "revoke.url must have {token} once, in its path"));
    }
    checked = absl::StrReplaceAll(checked, {{kTokenPlace, "token"}});
  }
  if (checked.find_first_of("{}") != std::string::npos) {
    return Fail(errors::ConfigInvalid(
        where,
        absl::StrCat(key.name, " names a variable that the preset has not")));
  }
  auto url = ParseUrl(checked);
  if (!url.ok() || (url->scheme != "https" && !rules_.allow_http_loopback)) {
    Fail(errors::ConfigInvalid(
        where, absl::StrCat(key.name, " must be a plain https:// URL")));
  }
  provider_.*key.field = *std::move(filled);
}

void Reader::TakeDuration(const DurationKey& key) {
  std::string text;
  Take(key.name, text, "a duration such as \"5m\"");
  if (text.empty()) return;
  absl::Duration duration;
  if (!ParseTomlDuration(text, duration) || duration < absl::ZeroDuration() ||
      duration > kLongestDuration) {
    Fail(WrongKind(*Find(key.name), key.name, "a duration such as \"5m\""));
    return;
  }
  provider_.*key.field = duration;
}

template <typename E, size_t N>
void Reader::TakeWord(const WordKey<E, N>& key) {
  const TomlField* field = Find(key.name);
  if (field == nullptr) return;
  const std::string* text = std::get_if<std::string>(&field->value);
  for (const auto& [word, value] : key.words) {
    if (text != nullptr && *text == word) {
      provider_.*key.field = value;
      return;
    }
  }
  auto name = [](std::string* out, const auto& word) {
    absl::StrAppend(out, word.first);
  };
  Fail(
      WrongKind(*field, key.name,
                absl::StrCat("one of ", absl::StrJoin(key.words, ", ", name))));
}

void Reader::ReadVariables() {
  auto read = ProviderVariables::Read(fields_, rules_.where);
  if (!read.ok()) return Fail(read.status());
  variables_ = *std::move(read);
  variables_.Add("client_id", FormEscape(provider_.client_id));
}

void Reader::ReadTier() {
  TakeWord(kTier);
  provider_.enabled = provider_.tier != Tier::kP2;
  Take("enabled", provider_.enabled, "true or false");
}

void Reader::ReadAdapter() {
  std::string name;
  Take("adapter", name, "a string");
  if (name.empty()) return;
  provider_.adapter = FindAdapter(name);
  if (provider_.adapter == nullptr) {
    Fail(WrongKind(
        *Find("adapter"), "adapter",
        absl::StrCat("one of ", absl::StrJoin(AdapterNames(), ", "))));
  }
}

// The file of the secret holds the key where there is no secret.
void Reader::ReadClientSecret() {
  if (provider_.client_auth == ClientAuth::kNone) return;
  if (provider_.client_auth != ClientAuth::kPrivateKeyJwt) {
    provider_.client_secret = rules_.client_secret;
    return;
  }
  std::string key_id;
  Take("client_key_id", key_id, "a string");
  if (rules_.client_secret == nullptr) return;  // CheckComplete says it
  auto key = JwtSigner::FromPem(*rules_.client_secret, key_id);
  if (!key.ok()) {
    return Fail(errors::ConfigInvalid(
        rules_.where,
        "client_secret_file must hold a private key in PEM: RSA of 2048 bits "
        "or more, P-256 or Ed25519"));
  }
  provider_.client_key = std::make_shared<const JwtSigner>(*std::move(key));
  provider_.client_key_hash = Sha256(rules_.client_secret->Reveal());
}

// A name that can be stored beside its value, and said to an agent.
void Reader::CheckCaptured(const char* key,
                           const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
             c == '-' || c == '.';
    });
    if (!plain || name.empty()) {
      Fail(WrongKind(*Find(key), key, "a list of plain names"));
    }
  }
}

void Reader::ReadCallback() {
  CheckCaptured("response.capture", provider_.capture);
  CheckCaptured("callback.capture", provider_.callback_capture);
  for (const auto& [path, field] : fields_) {
    if (path[0] != "callback" || path.size() != 3) continue;
    const auto* values = std::get_if<std::vector<std::string>>(&field.value);
    const auto& names = provider_.callback_capture;
    if (values == nullptr) {
      Fail(WrongKind(field, TomlName(path), "a list of strings"));
    } else if (std::find(names.begin(), names.end(), path[2]) == names.end()) {
      Fail(errors::ConfigInvalid(
          field.where,
          absl::StrCat("callback.capture does not name ", path[2])));
    } else {
      std::vector<std::string>& allowed = provider_.callback_allow[path[2]];
      for (const std::string& value : *values) {
        auto filled = variables_.Fill(value);
        if (!filled.ok()) return Fail(filled.status());
        allowed.push_back(*std::move(filled));
      }
    }
  }
}

template <typename T>
void Reader::TakeTable(absl::StatusOr<T> read, T& target) {
  if (!read.ok()) return Fail(read.status());
  target = *std::move(read);
}

void Reader::CheckId() {
  std::string id;
  Take("id", id, "a string");
  if (!IsProviderId(id)) {
    const TomlField* field = Find("id");
    Fail(errors::ConfigInvalid(
        field == nullptr ? rules_.where : field->where,
        "id must be lower-case letters, digits and hyphens"));
  }
  provider_.id = ProviderId(std::move(id));
}

void Reader::CheckComplete() {
  auto need = [&](bool there, absl::string_view name) {
    if (!there) {
      Fail(errors::ConfigInvalid(rules_.where,
                                 absl::StrCat(name, " is missing")));
    }
  };
  const Provider& p = provider_;
  need(!p.client_id.empty(), "client_id");
  need(!p.client_is_document || p.client_auth == ClientAuth::kNone,
       "client_id");
  need(p.client_auth == ClientAuth::kNone || rules_.client_secret != nullptr,
       "client_secret_file");
  if (p.discovery) {
    need(!p.issuer.empty() || !p.protected_resource.empty(), "issuer");
  } else {
    need(!p.authorize_url.empty(), "authorize_url");
    need(!p.token_url.empty(), "token_url");
    need(p.protected_resource.empty(), "discovery");
  }
  need(
      p.revocation_style == RevocationStyle::kNone || !p.revocation_url.empty(),
      "revoke.url");
  need(p.callback_hmac.empty() || p.client_secret != nullptr,
       "client_secret_file");
  need(p.expires_source != ExpirySource::kIntrospect || p.discovery ||
           !p.introspect_url.empty(),
       "introspect_url");
  need(!p.authorization_response_iss || !p.issuer.empty(), "issuer");
  need(!p.scopes.empty() || p.open_scopes, "scopes");
  need(!p.scope_delimiter.empty(), "scope.delimiter");
}

absl::StatusOr<Provider> Reader::Read() && {
  CheckId();
  for (const StringKey& key : kStrings) {
    Take(key.name, provider_.*key.field, "a string");
  }
  if (provider_.client_id.empty() && Find("protected_resource") != nullptr) {
    provider_.client_id = rules_.client_document_url;
    provider_.client_is_document = true;
  }
  for (const BoolKey& key : kBools) {
    Take(key.name, provider_.*key.field, "true or false");
  }
  for (const ListKey& key : kLists) {
    Take(key.name, provider_.*key.field, "a list of strings");
  }
  for (const DurationKey& key : kDurations) TakeDuration(key);
  TakeWord(kClientAuth);
  TakeWord(kBody);
  TakeWord(kPkce);
  TakeWord(kRevoke);
  TakeWord(kRotation);
  TakeWord(kRefreshMethod);
  TakeWord(kExpirySource);
  TakeWord(kNarrowing);
  if (provider_.client_auth == ClientAuth::kJson) {
    provider_.body = BodyFormat::kJson;
  }
  ReadTier();
  ReadAdapter();
  Take("preset", provider_.preset, "a string");
  std::vector<std::string> not_echoed;
  Take("scope.not_echoed", not_echoed, "a list of strings");
  provider_.scope_not_echoed = ScopeSet(std::move(not_echoed));
  std::vector<std::string> account_scopes;
  Take("account.scopes", account_scopes, "a list of strings");
  provider_.account_scopes = ScopeSet(std::move(account_scopes));
  ReadVariables();  // before the URLs they go into
  for (const StringKey& key : kUrls) TakeUrl(key);
  TakeTable(ReadScopes(fields_), provider_.scopes);
  TakeTable(ReadParams(fields_, "authorize_params"),
            provider_.authorize_params);
  TakeTable(ReadParams(fields_, "token_params"), provider_.token_params);
  TakeTable(ReadParams(fields_, "refresh_params"), provider_.refresh_params);
  ReadCallback();
  provider_.facts = ReadFacts(fields_);
  if (provider_.display_name.empty()) {
    provider_.display_name = provider_.id.value;
  }
  ReadClientSecret();
  CheckComplete();
  RETURN_IF_ERROR(status_);
  return std::move(provider_);
}

}  // namespace

absl::StatusOr<Provider> ReadProvider(const TomlFields& fields,
                                      const ProviderRules& rules) {
  return Reader(fields, rules).Read();
}

bool IsProviderId(absl::string_view id) {
  return !id.empty() && id.size() <= 63 && id.front() != '-' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                  c == '-';
         });
}

}  // namespace tokenvault
