#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// The words of our pages in one language: what server/web/messages/LOCALE.toml
// says. A sentence may have places for values, "{agent}", and marks for the
// templates: *stressed*, `code`.
//
//   messages.Say("denied.title_by_you", {{"agent", "Calendar Bot"}})
//
// Values are put in as they are; escaping is the template's. Immutable.
class Messages {
 public:
  using Values = std::vector<std::pair<absl::string_view, std::string>>;

  // CONFIG_INVALID, with the line, for what is no catalogue.
  static absl::StatusOr<Messages> Read(absl::string_view locale,
                                       absl::string_view toml);
  // English as a language that runs from right to left and that nobody speaks,
  // ⟦like this⟧: what shows without brackets is in no catalogue.
  static Messages Mirror(absl::string_view locale, const Messages& english);

  const std::string& locale() const { return locale_; }
  // "ltr" or "rtl", for <html dir>.
  std::string direction() const { return Say("language.direction"); }

  // For the code that fills pages. A key or a value that is not there is a bug
  // of ours, and ends the process: tests say every sentence.
  std::string Say(absl::string_view key, const Values& values = {}) const;
  // For a template: each "[[key]]" becomes the sentence as HTML, and each place
  // in it a "{{value}}", which the template engine then fills and escapes.
  std::string Translate(absl::string_view page_template) const;

  // Whether `other` has the same keys with the same places, so that a page of
  // the one is a page of the other. CONFIG_INVALID names the first difference.
  absl::Status CheckSameAs(const Messages& other) const;

  const std::map<std::string, std::string>& sentences() const {
    return sentences_;
  }

 private:
  const std::string& Sentence(absl::string_view key) const;

  std::string locale_;
  std::map<std::string, std::string> sentences_;
};

// The languages that are compiled in: English first, the mirror of it last.
// Checked against one another when they are first asked for, at the start of
// the daemon.
const std::vector<Messages>& PageLanguages();
const Messages& EnglishMessages();

inline constexpr char kMirrorLocale[] = "ar-XB";

}  // namespace tokenvault
