#include "server/messages.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/embedded.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "oauth/toml_fields.h"

namespace tokenvault {

// Generated: the files of server/web/messages.
const std::vector<EmbeddedFile>& MessageFiles();

namespace {

// Around a word, these make any letters run from right to left. Word by word,
// as the words of such a language would, so that values between them keep their
// own order.
constexpr absl::string_view kTurn = "\u200F\u202E";
constexpr absl::string_view kTurnBack = "\u202C\u200F";
constexpr absl::string_view kIsolate = "\u2068";
constexpr absl::string_view kEndIsolate = "\u2069";
constexpr absl::string_view kDirectionKey = "language.direction";

// A bug of ours, which no test has met.
[[noreturn]] void NoSuchWords(absl::string_view what) {
  Log(LogLevel::kError, "page.words_missing", what);
  std::abort();
}

// The next piece of a sentence: a place with its braces, a mark, or the text up
// to one of these.
absl::string_view TakePiece(absl::string_view& sentence) {
  size_t size = 1;
  if (sentence[0] == '{') {
    const size_t close = sentence.find('}');
    size = close == absl::string_view::npos ? sentence.size() : close + 1;
  } else if (sentence[0] != '*' && sentence[0] != '`') {
    size = std::min(sentence.find_first_of("{*`"), sentence.size());
  }
  const absl::string_view piece = sentence.substr(0, size);
  sentence.remove_prefix(size);
  return piece;
}

bool IsPlace(absl::string_view piece) {
  return piece.size() > 2 && piece.front() == '{' && piece.back() == '}';
}

absl::string_view NameOfPlace(absl::string_view piece) {
  return piece.substr(1, piece.size() - 2);
}

std::set<std::string> PlacesOf(absl::string_view sentence) {
  std::set<std::string> places;
  while (!sentence.empty()) {
    const absl::string_view piece = TakePiece(sentence);
    if (IsPlace(piece)) places.emplace(NameOfPlace(piece));
  }
  return places;
}

bool IsWellFormed(absl::string_view sentence) {
  int stress = 0;
  int code = 0;
  if (sentence.empty()) return false;
  while (!sentence.empty()) {
    const absl::string_view piece = TakePiece(sentence);
    if (piece == "*") ++stress;
    if (piece == "`") ++code;
    if (piece.front() != '{') continue;
    if (!IsPlace(piece)) return false;
    for (char c : NameOfPlace(piece)) {
      if (!absl::ascii_islower(c) && c != '_') return false;
    }
  }
  return stress % 2 == 0 && code % 2 == 0;
}

std::string EscapeHtml(absl::string_view text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string AsTemplate(absl::string_view sentence) {
  std::string html;
  bool stressed = false;
  bool code = false;
  while (!sentence.empty()) {
    const absl::string_view piece = TakePiece(sentence);
    if (IsPlace(piece)) {
      absl::StrAppend(&html, "{{", NameOfPlace(piece), "}}");
    } else if (piece == "*") {
      html += stressed ? "</strong>" : "<strong>";
      stressed = !stressed;
    } else if (piece == "`") {
      html += code ? "</span>" : "<span class=\"mono\">";
      code = !code;
    } else {
      html += EscapeHtml(piece);
    }
  }
  return html;
}

std::string MirrorText(absl::string_view text) {
  std::string mirrored;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (space == 0) {
      mirrored += ' ';
      text.remove_prefix(1);
      continue;
    }
    absl::StrAppend(&mirrored, kTurn, text.substr(0, space), kTurnBack);
    text.remove_prefix(space);
  }
  return mirrored;
}

std::string MirrorSentence(absl::string_view sentence) {
  std::string mirrored = "⟦";
  while (!sentence.empty()) {
    const absl::string_view piece = TakePiece(sentence);
    if (IsPlace(piece)) {
      absl::StrAppend(&mirrored, kIsolate, piece, kEndIsolate);
    } else if (piece == "*" || piece == "`") {
      absl::StrAppend(&mirrored, piece);
    } else {
      mirrored += MirrorText(piece);
    }
  }
  return absl::StrCat(mirrored, "⟧");
}

}  // namespace

absl::StatusOr<Messages> Messages::Read(absl::string_view locale,
                                        absl::string_view toml) {
  Messages messages;
  messages.locale_ = std::string(locale);
  ASSIGN_OR_RETURN(const TomlFields fields,
                   ReadToml(toml, absl::StrCat(locale, ".toml")));
  for (const auto& [path, field] : fields) {
    const auto* sentence = std::get_if<std::string>(&field.value);
    if (path.size() != 2 || sentence == nullptr || !IsWellFormed(*sentence)) {
      return errors::ConfigInvalid(field.where, "is not a sentence of a page");
    }
    messages.sentences_[absl::StrJoin(path, ".")] = *sentence;
  }
  auto direction = messages.sentences_.find(std::string(kDirectionKey));
  if (direction == messages.sentences_.end() ||
      (direction->second != "ltr" && direction->second != "rtl")) {
    return errors::ConfigInvalid(
        absl::StrCat(locale, ".toml"),
        "language.direction must be \"ltr\" or \"rtl\"");
  }
  return messages;
}

Messages Messages::Mirror(absl::string_view locale, const Messages& english) {
  Messages mirror;
  mirror.locale_ = std::string(locale);
  for (const auto& [key, sentence] : english.sentences_) {
    mirror.sentences_[key] =
        key == kDirectionKey ? "rtl" : MirrorSentence(sentence);
  }
  return mirror;
}

const std::string& Messages::Sentence(absl::string_view key) const {
  auto found = sentences_.find(std::string(key));
  if (found == sentences_.end()) NoSuchWords(key);
  return found->second;
}

std::string Messages::Say(absl::string_view key, const Values& values) const {
  std::string said;
  absl::string_view sentence = Sentence(key);
  while (!sentence.empty()) {
    const absl::string_view piece = TakePiece(sentence);
    if (!IsPlace(piece)) {
      absl::StrAppend(&said, piece);
      continue;
    }
    auto value = std::find_if(
        values.begin(), values.end(),
        [&](const auto& one) { return one.first == NameOfPlace(piece); });
    if (value == values.end()) NoSuchWords(key);
    said += value->second;
  }
  return said;
}

std::string Messages::Translate(absl::string_view page_template) const {
  std::string translated;
  while (true) {
    const size_t open = page_template.find("[[");
    absl::StrAppend(&translated, page_template.substr(0, open));
    if (open == absl::string_view::npos) return translated;
    page_template.remove_prefix(open + 2);
    const size_t close = page_template.find("]]");
    if (close == absl::string_view::npos) NoSuchWords(page_template);
    translated += AsTemplate(Sentence(page_template.substr(0, close)));
    page_template.remove_prefix(close + 2);
  }
}

absl::Status Messages::CheckSameAs(const Messages& other) const {
  for (const auto& [key, sentence] : sentences_) {
    auto theirs = other.sentences_.find(key);
    if (theirs == other.sentences_.end()) {
      return errors::ConfigInvalid(other.locale_,
                                   absl::StrCat(key, " is missing"));
    }
    if (PlacesOf(sentence) != PlacesOf(theirs->second)) {
      return errors::ConfigInvalid(other.locale_,
                                   absl::StrCat(key, " has other places"));
    }
  }
  for (const auto& [key, sentence] : other.sentences_) {
    if (sentences_.count(key) == 0) {
      return errors::ConfigInvalid(
          other.locale_, absl::StrCat(key, " is in no other language"));
    }
  }
  return absl::OkStatus();
}

const std::vector<Messages>& PageLanguages() {
  static const auto* const kLanguages = [] {
    auto* languages = new std::vector<Messages>;
    for (const EmbeddedFile& file : MessageFiles()) {
      absl::StatusOr<Messages> messages =
          Messages::Read(absl::StripSuffix(file.name, ".toml"), file.content);
      // Compiled in: a test has read it.
      if (!messages.ok()) NoSuchWords(messages.status().message());
      if (!languages->empty()) {
        absl::Status same = languages->front().CheckSameAs(*messages);
        if (!same.ok()) NoSuchWords(same.message());
      }
      languages->push_back(*std::move(messages));
    }
    languages->push_back(Messages::Mirror(kMirrorLocale, languages->front()));
    return languages;
  }();
  return *kLanguages;
}

const Messages& EnglishMessages() { return PageLanguages().front(); }

}  // namespace tokenvault
