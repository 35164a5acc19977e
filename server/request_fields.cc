#include "server/request_fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/limits.h"
#include "vault/approval_request.h"

namespace tokenvault {
namespace {

// Characters, not bytes; the text is UTF-8, which protobuf has checked.
size_t CharactersIn(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

bool HasControl(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

absl::Status CheckLine(absl::string_view field, absl::string_view text,
                       size_t max_characters) {
  if (HasControl(text)) {
    return errors::FieldInvalid(field, "must be one line of plain text");
  }
  if (CharactersIn(text) > max_characters) {
    return errors::FieldInvalid(
        field,
        absl::StrCat("must have at most ", max_characters, " characters"));
  }
  return absl::OkStatus();
}

bool IsWordOf(absl::string_view text, absl::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains(extra, c);
  });
}

absl::Status CheckDetail(const v1::ActionDetail& detail) {
  constexpr char kField[] = "purpose.details";
  const std::string& type = detail.type();
  if (type.empty() || type.size() > kMaxActionTypeSize ||
      !IsWordOf(type, "._") || type != absl::AsciiStrToLower(type)) {
    return errors::FieldInvalid("purpose.details.type",
                                "must be lower-case words with dots");
  }
  if (detail.fields_size() > kMaxActionFields) {
    return errors::FieldInvalid(
        kField, absl::StrCat("at most ", kMaxActionFields, " fields each"));
  }
  for (const auto& [name, value] : detail.fields()) {
    RETURN_IF_ERROR(CheckLine(kField, name, kMaxActionTypeSize));
    RETURN_IF_ERROR(CheckLine(kField, value, kMaxActionFieldCharacters));
  }
  return absl::OkStatus();
}

std::string Describe(const v1::ActionDetail& detail) {
  // A map has no order; a person and an audit log want one.
  std::vector<std::string> fields;
  for (const auto& [name, value] : detail.fields()) {
    fields.push_back(absl::StrCat(name, ": ", value));
  }
  std::sort(fields.begin(), fields.end());
  if (fields.empty()) return detail.type();
  return absl::StrCat(detail.type(), " (", absl::StrJoin(fields, ", "), ")");
}

// Reads the filter's grammar:
//   filter    = [ condition *( "AND" condition ) ]
//   condition = field "=" ( DQUOTE *value DQUOTE / WORD )
class FilterReader {
 public:
  explicit FilterReader(absl::string_view text) : rest_(text) { Skip(); }

  bool AtEnd() const { return rest_.empty(); }

  bool Word(std::string& word) {
    size_t size = 0;
    while (size < rest_.size() &&
           (absl::ascii_isalnum(rest_[size]) || rest_[size] == '_')) {
      ++size;
    }
    word = std::string(rest_.substr(0, size));
    rest_.remove_prefix(size);
    Skip();
    return size > 0;
  }

  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    Skip();
    return true;
  }

  bool Value(std::string& value) {
    if (rest_.empty() || rest_[0] != '"') return Word(value);
    size_t end = rest_.find('"', 1);
    if (end == absl::string_view::npos) return false;
    value = std::string(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    Skip();
    return true;
  }

 private:
  void Skip() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  absl::string_view rest_;
};

}  // namespace

absl::Status CheckRequestId(const std::string& request_id) {
  constexpr absl::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (request_id.empty()) return absl::OkStatus();
  bool good = request_id.size() == kForm.size();
  for (size_t i = 0; good && i < kForm.size(); ++i) {
    good = kForm[i] == '-' ? request_id[i] == '-'
                           : absl::ascii_isxdigit(request_id[i]);
  }
  if (good) return absl::OkStatus();
  return errors::FieldInvalid("request_id", "must be a UUID");
}

absl::StatusOr<ScopeSet> ReadScopes(
    const google::protobuf::RepeatedPtrField<std::string>& scopes,
    const char* field) {
  if (scopes.empty() || scopes.size() > kMaxScopes) {
    return errors::FieldInvalid(field,
                                absl::StrCat("must be 1 to ", kMaxScopes));
  }
  for (const std::string& scope : scopes) {
    if (scope.empty() || scope.size() > kMaxScopeSize) {
      return errors::FieldInvalid(field, absl::StrCat("must be words of 1 to ",
                                                      kMaxScopeSize, " bytes"));
    }
  }
  return ScopeSet(std::vector<std::string>(scopes.begin(), scopes.end()));
}

absl::StatusOr<absl::Duration> ReadMinTtl(
    const v1::GetScopedTokenRequest& request) {
  absl::Duration min_ttl = FromDuration(request.min_ttl());
  if (min_ttl < absl::ZeroDuration() || min_ttl > kMaxMinTtl) {
    return errors::FieldInvalid(
        "min_ttl", absl::StrCat("must be 0 to ",
                                absl::ToInt64Minutes(kMaxMinTtl), " minutes"));
  }
  return min_ttl;
}

absl::Status CheckResource(const std::string& resource) {
  if (resource.empty()) return absl::OkStatus();
  size_t colon = resource.find(':');
  bool good = resource.size() <= kMaxUrlSize && colon != 0 &&
              colon != std::string::npos &&
              IsWordOf(absl::string_view(resource).substr(0, colon), "+-.") &&
              !absl::StrContains(resource, "#") &&
              std::all_of(resource.begin(), resource.end(),
                          [](char c) { return absl::ascii_isgraph(c); });
  if (good) return absl::OkStatus();
  return errors::FieldInvalid("resource",
                              "must be an absolute URI without a fragment");
}

absl::Status CheckReturnUri(const std::string& return_uri,
                            const std::vector<std::string>& allowed) {
  if (return_uri.empty() ||
      std::find(allowed.begin(), allowed.end(), return_uri) != allowed.end()) {
    return absl::OkStatus();
  }
  return errors::FieldInvalid(
      "return_uri", "must be one of the agent's configured return_uris");
}

absl::StatusOr<std::string> ReadPurpose(const v1::Purpose& purpose) {
  RETURN_IF_ERROR(
      CheckLine("purpose.summary", purpose.summary(), kMaxPurposeCharacters));
  if (purpose.task_id().size() > kMaxTaskIdSize ||
      !IsWordOf(purpose.task_id(), "._:-")) {
    return errors::FieldInvalid("purpose.task_id",
                                absl::StrCat("must be at most ", kMaxTaskIdSize,
                                             " of [A-Za-z0-9._:-]"));
  }
  if (purpose.details_size() > kMaxActionDetails) {
    return errors::FieldInvalid("purpose.details",
                                absl::StrCat("at most ", kMaxActionDetails));
  }
  std::vector<std::string> parts;
  if (!purpose.summary().empty()) parts.push_back(purpose.summary());
  for (const v1::ActionDetail& detail : purpose.details()) {
    RETURN_IF_ERROR(CheckDetail(detail));
    parts.push_back(Describe(detail));
  }
  if (!purpose.task_id().empty()) {
    parts.push_back(absl::StrCat("task ", purpose.task_id()));
  }
  return absl::StrJoin(parts, "; ");
}

std::string ReadDetails(const v1::Purpose& purpose) {
  std::vector<DeclaredAct> acts;
  for (const v1::ActionDetail& detail : purpose.details()) {
    acts.push_back(
        {detail.type(), {detail.fields().begin(), detail.fields().end()}});
  }
  return CanonicalDetails(acts);
}

absl::Status CheckComment(const std::string& comment) {
  return CheckLine("comment", comment, kMaxPurposeCharacters);
}

absl::Status CheckLabel(absl::string_view field, const std::string& label) {
  return CheckLine(field, label, kMaxLabelCharacters);
}

absl::StatusOr<int> ReadPageSize(int page_size) {
  if (page_size < 0) {
    return errors::FieldInvalid("page_size", "must not be negative");
  }
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

std::string MakePageToken(absl::string_view position) {
  // The prefix lets a later version mean something else.
  return Base64UrlEncode(absl::StrCat("1:", position));
}

absl::StatusOr<std::string> ReadPageToken(const std::string& token) {
  if (token.empty()) return std::string();
  std::optional<std::string> text = Base64UrlDecode(token);
  absl::string_view position;
  if (text.has_value()) position = *text;
  if (token.size() > kMaxUrlSize || !absl::ConsumePrefix(&position, "1:")) {
    return errors::FieldInvalid("page_token",
                                "must come from a previous answer");
  }
  return std::string(position);
}

absl::StatusOr<std::vector<FilterCondition>> ReadFilter(
    const std::string& filter, const std::vector<std::string>& fields) {
  auto invalid = [](absl::string_view problem) {
    return errors::FieldInvalid("filter", problem);
  };
  if (filter.size() > kMaxFilterSize) return invalid("is too long");
  std::vector<FilterCondition> conditions;
  FilterReader reader(filter);
  while (!reader.AtEnd()) {
    std::string word;
    if (!conditions.empty() && (!reader.Word(word) || word != "AND")) {
      return invalid("conditions are joined by AND");
    }
    FilterCondition condition;
    if (!reader.Word(condition.field) || !reader.Take('=') ||
        !reader.Value(condition.value)) {
      return invalid("a condition looks like field = \"value\"");
    }
    if (std::find(fields.begin(), fields.end(), condition.field) ==
        fields.end()) {
      return invalid(absl::StrCat("fields are: ", absl::StrJoin(fields, ", ")));
    }
    for (const FilterCondition& earlier : conditions) {
      if (earlier.field == condition.field) {
        return invalid("names a field twice");
      }
    }
    conditions.push_back(std::move(condition));
    if (conditions.size() > kMaxFilterConditions) {
      return invalid("has too many conditions");
    }
  }
  return conditions;
}

}  // namespace tokenvault
