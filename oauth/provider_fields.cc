#include "oauth/provider_fields.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/provider_schema.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kLongestDefault = absl::Hours(24 * 365);

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
  template <typename E, size_t N>
  void MatchWord(const TomlField& field, absl::string_view name,
                 const std::pair<const char*, E> (&words)[N], E& target);

  void ReadVariables();
  void ReadScopes();
  void ReadParams(const char* table,
                  std::vector<std::pair<std::string, std::string>>& params);
  void CheckId();
  void CheckComplete();

  const TomlFields& fields_;
  const ProviderRules& rules_;
  Provider provider_;
  std::vector<std::pair<std::string, std::string>> variables_;  // {"{x}", "y"}
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
  text = absl::StrReplaceAll(text, variables_);
  auto url = ParseUrl(text);
  if (!url.ok() || (url->scheme != "https" && !rules_.allow_http_loopback)) {
    Fail(errors::ConfigInvalid(
        Find(key.name)->where,
        absl::StrCat(key.name, " must be a plain https:// URL")));
  }
  provider_.*key.field = std::move(text);
}

void Reader::TakeDuration(const DurationKey& key) {
  std::string text;
  Take(key.name, text, "a duration such as \"5m\"");
  if (text.empty()) return;
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) ||
      duration < absl::ZeroDuration() || duration > kLongestDefault) {
    Fail(WrongKind(*Find(key.name), key.name, "a duration such as \"5m\""));
    return;
  }
  provider_.*key.field = duration;
}

template <typename E, size_t N>
void Reader::MatchWord(const TomlField& field, absl::string_view name,
                       const std::pair<const char*, E> (&words)[N], E& target) {
  const std::string* text = std::get_if<std::string>(&field.value);
  for (const auto& [word, value] : words) {
    if (text != nullptr && *text == word) {
      target = value;
      return;
    }
  }
  Fail(WrongKind(
      field, name,
      absl::StrCat(
          "one of ",
          absl::StrJoin(words, ", ", [](std::string* out, const auto& word) {
            absl::StrAppend(out, word.first);
          }))));
}

template <typename E, size_t N>
void Reader::TakeWord(const WordKey<E, N>& key) {
  if (const TomlField* field = Find(key.name); field != nullptr) {
    MatchWord(*field, key.name, key.words, provider_.*key.field);
  }
}

// A variable goes into a URL, often into its host: one plain label, so that no
// dot, port or slash can lead it elsewhere.
void Reader::ReadVariables() {
  std::vector<std::string> declared = ReadVars(fields_);
  for (const auto& [path, field] : fields_) {
    if (path[0] != "vars" || path.size() != 2) continue;
    const std::string* text = std::get_if<std::string>(&field.value);
    if (std::find(declared.begin(), declared.end(), path[1]) ==
        declared.end()) {
      Fail(errors::ConfigInvalid(
          field.where, absl::StrCat("this preset has no variable ", path[1])));
    } else if (text == nullptr || text->empty() || text->size() > 63 ||
               text->front() == '-' || text->back() == '-' ||
               !std::all_of(text->begin(), text->end(), [](char c) {
                 return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                        c == '-';
               })) {
      Fail(errors::ConfigInvalid(
          field.where, absl::StrCat("vars.", path[1],
                                    " must be letters, digits and hyphens")));
    } else {
      variables_.emplace_back(absl::StrCat("{", path[1], "}"), *text);
    }
  }
  for (const std::string& name : declared) {
    if (fields_.count({"vars", name}) == 0) {
      Fail(errors::ConfigInvalid(rules_.where,
                                 absl::StrCat("vars.", name, " is missing")));
    }
  }
  variables_.emplace_back("{client_id}", FormEscape(provider_.client_id));
}

void Reader::ReadScopes() {
  std::map<std::string, ScopeInfo> scopes;
  for (const auto& [path, field] : fields_) {
    if (path[0] != "scopes") continue;
    ScopeInfo& scope = scopes[path[1]];
    scope.alias = path[1];
    const std::string name = TomlName(path);
    if (path[2] == "risk") {
      MatchWord(field, name, kRisks, scope.risk);
      continue;
    }
    const std::string* text = std::get_if<std::string>(&field.value);
    if (text == nullptr || text->empty()) {
      Fail(WrongKind(field, name, "a string"));
      continue;
    }
    (path[2] == "value" ? scope.value : scope.says) = *text;
  }
  for (auto& [alias, scope] : scopes) {
    if (scope.value.empty()) scope.value = alias;
    provider_.scopes.push_back(std::move(scope));
  }
}

// An empty value takes a preset's parameter away.
void Reader::ReadParams(
    const char* table,
    std::vector<std::pair<std::string, std::string>>& params) {
  for (const auto& [path, field] : fields_) {
    if (path[0] != table) continue;
    const std::string* text = std::get_if<std::string>(&field.value);
    if (text == nullptr) {
      Fail(WrongKind(field, TomlName(path), "a string"));
    } else if (!text->empty()) {
      params.emplace_back(path[1], *text);
    }
  }
}

void Reader::CheckId() {
  std::string id;
  Take("id", id, "a string");
  const bool good =
      !id.empty() && id.size() <= 63 && id.front() != '-' &&
      std::all_of(id.begin(), id.end(), [](char c) {
        return absl::ascii_islower(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
      });
  if (!good) {
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
  need(p.client_auth == ClientAuth::kNone || p.client_secret != nullptr,
       "client_secret_file");
  if (p.discovery) {
    need(!p.issuer.empty(), "issuer");
  } else {
    need(!p.authorize_url.empty(), "authorize_url");
    need(!p.token_url.empty(), "token_url");
  }
  need(
      p.revocation_style == RevocationStyle::kNone || !p.revocation_url.empty(),
      "revoke.url");
  need(!p.authorization_response_iss || !p.issuer.empty(), "issuer");
  need(!p.scopes.empty() || p.open_scopes, "scopes");
  need(!p.scope_delimiter.empty(), "scope.delimiter");
}

absl::StatusOr<Provider> Reader::Read() && {
  CheckId();
  for (const StringKey& key : kStrings) {
    Take(key.name, provider_.*key.field, "a string");
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
  TakeWord(kNarrowing);
  Take("preset", provider_.preset, "a string");
  std::vector<std::string> not_echoed;
  Take("scope.not_echoed", not_echoed, "a list of strings");
  provider_.scope_not_echoed = ScopeSet(std::move(not_echoed));
  std::vector<std::string> account_scopes;
  Take("account.scopes", account_scopes, "a list of strings");
  provider_.account_scopes = ScopeSet(std::move(account_scopes));
  ReadVariables();  // before the URLs they go into
  for (const StringKey& key : kUrls) TakeUrl(key);
  ReadScopes();
  ReadParams("authorize_params", provider_.authorize_params);
  ReadParams("token_params", provider_.token_params);
  provider_.facts = ReadFacts(fields_);
  if (provider_.display_name.empty()) {
    provider_.display_name = provider_.id.value;
  }
  if (provider_.client_auth != ClientAuth::kNone) {
    provider_.client_secret = rules_.client_secret;
  }
  CheckComplete();
  RETURN_IF_ERROR(status_);
  return std::move(provider_);
}

}  // namespace

absl::StatusOr<Provider> ReadProvider(const TomlFields& fields,
                                      const ProviderRules& rules) {
  return Reader(fields, rules).Read();
}

std::vector<ProviderFact> ReadFacts(const TomlFields& fields) {
  std::map<std::string, ProviderFact> facts;
  for (const auto& [path, field] : fields) {
    if (path[0] != "facts") continue;
    ProviderFact& fact = facts[path[1]];
    if (auto* list = std::get_if<std::vector<std::string>>(&field.value)) {
      fact.fields = *list;
    } else if (auto* text = std::get_if<std::string>(&field.value)) {
      (path[2] == "source" ? fact.source : fact.verified_on) = *text;
    }
  }
  std::vector<ProviderFact> result;
  result.reserve(facts.size());
  for (auto& [name, fact] : facts) result.push_back(std::move(fact));
  return result;
}

std::vector<std::string> ReadVars(const TomlFields& fields) {
  std::vector<std::string> names;
  for (const auto& [path, field] : fields) {
    if (path[0] == "vars" && path.size() == 3) names.push_back(path[1]);
  }
  return names;
}

}  // namespace tokenvault
