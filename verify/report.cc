#include "verify/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tokenvault {
namespace {

using nlohmann::ordered_json;

constexpr size_t kLongestPrinted = 200;

const char* StateName(LeafRange::State state) {
  switch (state) {
    case LeafRange::State::kWitnessed:
      return "witnessed";
    case LeafRange::State::kSigned:
      return "signed";
    case LeafRange::State::kUnsigned:
      return "unsigned";
    case LeafRange::State::kDamaged:
      return "damaged";
  }
  return "";
}

std::string StateText(const LeafRange& range) {
  switch (range.state) {
    case LeafRange::State::kWitnessed:
      break;
    case LeafRange::State::kSigned:
      return "signed by the log's key alone";
    case LeafRange::State::kUnsigned:
      return "unsigned: no checkpoint covers them";
    case LeafRange::State::kDamaged:
      return "DAMAGED";
  }
  return absl::StrCat(
      "witnessed by ",
      absl::StrJoin(range.witnesses, ", ",
                    [&](std::string* out, const Vouched& vouched) {
                      absl::StrAppend(out, Printable(vouched.by));
                      if (vouched.size < range.last) {
                        absl::StrAppend(out, " up to ", vouched.size);
                      }
                      if (vouched.at != absl::InfinitePast()) {
                        absl::StrAppend(out, " at ", TimeText(vouched.at));
                      }
                    }));
}

std::string FaultText(const Fault& fault) {
  std::string where = Printable(fault.file);
  if (fault.line > 0) absl::StrAppend(&where, " line ", fault.line);
  if (!where.empty()) absl::StrAppend(&where, ": ");
  if (fault.first > 0) {
    absl::StrAppend(&where, "leaves ", fault.first, " to ", fault.last, ": ");
  }
  return absl::StrCat(where, fault.problem);
}

ordered_json FaultJson(const Fault& fault) {
  ordered_json json = ordered_json::object();
  if (!fault.file.empty()) json["file"] = Printable(fault.file);
  if (fault.line > 0) json["line"] = fault.line;
  if (fault.first > 0) {
    json["first"] = fault.first;
    json["last"] = fault.last;
  }
  json["problem"] = fault.problem;
  return json;
}

ordered_json RangeJson(const LeafRange& range) {
  ordered_json json = {{"first", range.first},
                       {"last", range.last},
                       {"state", StateName(range.state)}};
  for (const Vouched& vouched : range.witnesses) {
    ordered_json witness = {{"by", Printable(vouched.by)},
                            {"up_to", vouched.size}};
    if (vouched.at != absl::InfinitePast()) {
      witness["at"] = TimeText(vouched.at);
    }
    json["witnesses"].push_back(witness);
  }
  return json;
}

bool SameVouched(const LeafRange& a, const LeafRange& b) {
  return a.state == b.state && a.witnesses.empty() && b.witnesses.empty();
}

}  // namespace

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string Printable(absl::string_view text) {
  std::string safe(text.substr(0, kLongestPrinted));
  for (char& c : safe) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (text.size() > kLongestPrinted) safe += "...";
  return safe;
}

void Report::Add(Fault fault) {
  if (faults.size() == kMostFaults) {
    ++more_faults;
  } else {
    faults.push_back(std::move(fault));
  }
}

void Report::Add(LeafRange range) {
  if (range.first > range.last) return;
  if (!ranges.empty() && ranges.back().last + 1 == range.first &&
      SameVouched(ranges.back(), range)) {
    ranges.back().last = range.last;
  } else {
    ranges.push_back(std::move(range));
  }
}

std::vector<std::string> Report::CannotSee() const {
  bool witnessed = false;
  for (const LeafRange& range : ranges) {
    witnessed = witnessed || range.state == LeafRange::State::kWitnessed;
  }
  std::vector<std::string> list;
  if (!key_was_given) {
    list.push_back(
        "whether the key is the vault's: it was taken from the export itself; "
        "give the one you kept by --key");
  }
  if (!witnessed) {
    list.push_back(
        "whether the holder of the key wrote all of it anew: no witness "
        "vouches "
        "for any of it; give checkpoints that somebody else kept by "
        "--witnessed");
  }
  if (!ranges.empty()) {
    if (ranges.front().first > 1) {
      list.push_back(absl::StrCat("what the leaves before ",
                                  ranges.front().first, " say"));
    }
    list.push_back(absl::StrCat("leaves after ", ranges.back().last));
  }
  if (kept_before > 0) {
    list.push_back(absl::StrCat("whether ", kept_before,
                                " checkpoints of before the first leaf that "
                                "somebody kept are of this log"));
  }
  list.push_back(
      "whether what was logged is true, and whether something was not logged");
  list.push_back("whose name is behind p-...");
  return list;
}

std::string Report::ToText() const {
  std::string text;
  absl::StrAppend(
      &text, "log          ", Printable(origin), "\n", "key          ",
      Printable(key), key_was_given ? " (as given)" : " (of the export itself)",
      "\n", "leaves       ", leaves, ", in ", files,
      files == 1 ? " file\n" : " files\n", "checkpoints  ", checkpoints,
      " signed by this key; ", kept, " kept by somebody else\n\n");
  for (const LeafRange& range : ranges) {
    absl::StrAppend(
        &text,
        absl::StrFormat(
            "%-24s", absl::StrCat("leaves ", range.first, " to ", range.last)),
        "  ", StateText(range), "\n");
  }
  if (!faults.empty()) absl::StrAppend(&text, "\nfaults\n");
  for (const Fault& fault : faults) {
    absl::StrAppend(&text, "  ", FaultText(fault), "\n");
  }
  if (more_faults > 0) {
    absl::StrAppend(&text, "  and ", more_faults, " more\n");
  }
  absl::StrAppend(&text, "\nwhat this check cannot see\n");
  for (const std::string& line : CannotSee()) {
    absl::StrAppend(&text, "  ", line, "\n");
  }
  absl::StrAppend(&text, "\n",
                  ok() ? "nothing is wrong with what was checked"
                       : "this is not the log as it was written",
                  "\n");
  return text;
}

std::string Report::ToJson() const {
  ordered_json json = {{"ok", ok()},
                       {"origin", Printable(origin)},
                       {"key", Printable(key)},
                       {"key_was_given", key_was_given},
                       {"files", files},
                       {"leaves", leaves},
                       {"checkpoints", checkpoints},
                       {"kept", kept},
                       {"ranges", ordered_json::array()},
                       {"faults", ordered_json::array()},
                       {"more_faults", more_faults},
                       {"cannot_see", CannotSee()}};
  for (const LeafRange& range : ranges) {
    json["ranges"].push_back(RangeJson(range));
  }
  for (const Fault& fault : faults) {
    json["faults"].push_back(FaultJson(fault));
  }
  return absl::StrCat(json.dump(2, ' ', true), "\n");
}

}  // namespace tokenvault
