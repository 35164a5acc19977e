#include "server/config_hours.h"

#include <algorithm>
#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace {

const std::vector<std::string>& DayWords() {
  static const auto* const kWords = new std::vector<std::string>{
      "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  return *kWords;
}

// "08:00" in minutes; nothing for what is no time of a day.
std::optional<int> ParseClock(absl::string_view text) {
  int hour = 0;
  int minute = 0;
  const bool shape =
      text.size() == 5 && text[2] == ':' && absl::ascii_isdigit(text[0]) &&
      absl::ascii_isdigit(text[1]) && absl::ascii_isdigit(text[3]) &&
      absl::ascii_isdigit(text[4]);
  if (!shape || !absl::SimpleAtoi(text.substr(0, 2), &hour) ||
      !absl::SimpleAtoi(text.substr(3), &minute) || minute > 59 ||
      hour * 60 + minute > 24 * 60) {
    return std::nullopt;
  }
  return hour * 60 + minute;
}

int ReadClock(ConfigTable& table, absl::string_view key,
              absl::string_view otherwise) {
  const std::string text = table.String(key, otherwise);
  if (auto minutes = ParseClock(text)) return *minutes;
  table.Problem(key, absl::StrCat(key,
                                  " wants a time of the day from "
                                  "\"00:00\" to \"24:00\""));
  return ParseClock(otherwise).value_or(0);
}

std::bitset<7> ReadDays(ConfigTable& table) {
  std::bitset<7> days;
  const std::vector<std::string> words = table.Strings("days", DayWords());
  for (const std::string& word : words) {
    auto day = std::find(DayWords().begin(), DayWords().end(), word);
    if (day != DayWords().end()) {
      days.set(static_cast<size_t>(day - DayWords().begin()));
      continue;
    }
    table.Problem("days", absl::StrCat("there is no day \"", word, "\"",
                                       DidYouMean(word, DayWords())));
    return days;
  }
  if (words.empty()) {
    table.Problem("days",
                  "days is empty: write some of \"mon\" to \"sun\", or leave "
                  "it out for every day");
  }
  return days;
}

}  // namespace

PolicyHours ReadHours(const ConfigNode& node, absl::string_view path,
                      ConfigReport& report) {
  ConfigTable table(&node, path, report);
  PolicyHours hours;
  hours.days = ReadDays(table);
  hours.from = ReadClock(table, "from", "00:00");
  hours.to = ReadClock(table, "to", "24:00");
  const std::string zone = table.RequiredString(
      "zone", "write a zone of the tz database, such as \"Europe/Berlin\"");
  table.Finish();
  // A name, not a path, which the library would take too.
  const bool is_name = !zone.empty() && absl::ascii_isalpha(zone[0]) &&
                       !absl::StrContains(zone, "..") &&
                       !absl::StrContains(zone, ":");
  if (!zone.empty() && (!is_name || !absl::LoadTimeZone(zone, &hours.zone))) {
    table.Problem("zone",
                  "this machine knows no such time zone: write one such as "
                  "\"Europe/Berlin\" or \"UTC\" (Debian's package tzdata has "
                  "them)");
  }
  if (hours.from == hours.to || hours.from == 24 * 60) {
    table.Problem("from",
                  "from and to leave no time between them: for a whole "
                  "day leave both out");
  }
  return hours;
}

}  // namespace tokenvault
