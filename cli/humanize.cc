#include "cli/humanize.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tokenvault {
namespace {

struct Unit {
  absl::Duration size;
  const char* one;
  const char* many;
};

const Unit kUnits[] = {
    {absl::Hours(24), "day", "days"},
    {absl::Hours(1), "h", "h"},
    {absl::Minutes(1), "min", "min"},
    {absl::Seconds(1), "s", "s"},
};

std::string Amount(int64_t count, const Unit& unit) {
  return absl::StrCat(Grouped(count), " ", count == 1 ? unit.one : unit.many);
}

// The `parts` largest units of a length of at least one second.
std::string InUnits(absl::Duration length, int parts) {
  std::string text;
  for (const Unit& unit : kUnits) {
    const int64_t count = absl::IDivDuration(length, unit.size, &length);
    if (count == 0 && text.empty()) continue;
    if (count > 0) {
      absl::StrAppend(&text, text.empty() ? "" : " ", Amount(count, unit));
    }
    if (--parts == 0) break;
  }
  return text;
}

}  // namespace

std::string Grouped(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(digits.begin() + static_cast<std::ptrdiff_t>(at), ' ');
  }
  return digits;
}

std::string Counted(int64_t number, absl::string_view one,
                    absl::string_view many) {
  return absl::StrCat(Grouped(number), " ", number == 1 ? one : many);
}

std::string Bytes(int64_t size) {
  if (size < 1024) return Counted(size, "byte", "bytes");
  double amount = static_cast<double>(size);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    amount /= 1024;
    unit = next;
    if (amount < 1024) break;
  }
  return amount < 10 ? absl::StrFormat("%.1f %s", amount, unit)
                     : absl::StrFormat("%.0f %s", amount, unit);
}

std::string Lasting(absl::Duration length) {
  if (length < absl::Seconds(1)) return "0 s";
  if (length == absl::InfiniteDuration()) return "for ever";
  return InUnits(length, 2);
}

std::string Relative(absl::Time when, absl::Time now) {
  const absl::Duration away = absl::AbsDuration(now - when);
  if (away < absl::Seconds(5)) return "just now";
  if (away == absl::InfiniteDuration()) return "never";
  const std::string length = InUnits(away, 1);
  return when < now ? absl::StrCat(length, " ago")
                    : absl::StrCat("in ", length);
}

std::string Absolute(absl::Time when) {
  return absl::FormatTime("%Y-%m-%d %H:%M", when, absl::UTCTimeZone());
}

std::string When(const google::protobuf::Timestamp& when, absl::Time now) {
  if (!IsSet(when)) return "-";
  const absl::Time time = TimeOf(when);
  return absl::StrCat(Absolute(time), " (", Relative(time, now), ")");
}

absl::Time TimeOf(const google::protobuf::Timestamp& when) {
  return absl::FromUnixSeconds(when.seconds()) +
         absl::Nanoseconds(when.nanos());
}

absl::Duration DurationOf(const google::protobuf::Duration& length) {
  return absl::Seconds(length.seconds()) + absl::Nanoseconds(length.nanos());
}

bool IsSet(const google::protobuf::Timestamp& when) {
  return when.seconds() != 0 || when.nanos() != 0;
}

}  // namespace tokenvault
