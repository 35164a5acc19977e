#include "server/demo/ledger.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr size_t kMostEntries = 4096;
constexpr size_t kMostFamilies = 1024;  // of a persona
constexpr size_t kFingerprintDigits = 12;

}  // namespace

const char* DemoEventName(DemoEvent event) {
  switch (event) {
    case DemoEvent::kCodeIssued:
      return "code_issued";
    case DemoEvent::kCodeUsed:
      return "code_used";
    case DemoEvent::kCodeReplayed:
      return "code_replayed";
    case DemoEvent::kAccessTokenIssued:
      return "access_token_issued";
    case DemoEvent::kAccessTokenUsed:
      return "access_token_used";
    case DemoEvent::kAccessTokenRefused:
      return "access_token_refused";
    case DemoEvent::kAccessTokenRevoked:
      return "access_token_revoked";
    case DemoEvent::kRefreshTokenIssued:
      return "refresh_token_issued";
    case DemoEvent::kRefreshTokenUsed:
      return "refresh_token_used";
    case DemoEvent::kRefreshTokenReplayed:
      return "refresh_token_replayed";
    case DemoEvent::kFamilyRevoked:
      return "family_revoked";
    case DemoEvent::kFault:
      return "fault";
  }
  return "";
}

void DemoLedger::Write(Entry entry, absl::Time now) {
  Counters& counters = counters_[entry.persona];
  if (entry.event == DemoEvent::kCodeReplayed ||
      entry.event == DemoEvent::kRefreshTokenReplayed) {
    ++counters.replays;
  }
  if (entry.event == DemoEvent::kFamilyRevoked) ++counters.families_revoked;
  entry.token = Fingerprint(entry.token);
  entry.family = Fingerprint(entry.family);
  while (entries_.size() >= kMostEntries) entries_.pop_front();
  entries_.push_back({++sequence_, now, std::move(entry)});
}

void DemoLedger::CountTokenCall(const std::string& persona,
                                const std::string& family) {
  Counters& counters = counters_[persona];
  ++counters.token_calls;
  if (family.empty()) return;
  std::string name = Fingerprint(family);
  auto [calls, is_new] = counters.calls_of.try_emplace(name, 0);
  ++calls->second;
  if (!is_new) return;
  counters.families.push_back(std::move(name));
  if (counters.families.size() > kMostFamilies) {
    counters.calls_of.erase(counters.families.front());
    counters.families.pop_front();
  }
}

std::string DemoLedger::ToJson(absl::string_view persona,
                               uint64_t after) const {
  json personas = json::object();
  for (const auto& [name, counters] : counters_) {
    if (!persona.empty() && name != persona) continue;
    personas[name] = {{"token_calls", counters.token_calls},
                      {"replays", counters.replays},
                      {"families_revoked", counters.families_revoked},
                      {"families", counters.calls_of}};
  }
  json entries = json::array();
  for (const Kept& kept : entries_) {
    const Entry& entry = kept.entry;
    if (kept.sequence <= after) continue;
    if (!persona.empty() && entry.persona != persona) continue;
    json row = {{"sequence", kept.sequence},
                {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", kept.time,
                                          absl::UTCTimeZone())},
                {"persona", entry.persona},
                {"event", DemoEventName(entry.event)}};
    for (const auto& [key, value] :
         std::initializer_list<std::pair<const char*, const std::string&>>{
             {"client", entry.client},
             {"person", entry.person},
             {"family", entry.family},
             {"token", entry.token},
             {"why", entry.why}}) {
      if (!value.empty()) row[key] = value;
    }
    entries.push_back(std::move(row));
  }
  return json{{"sequence", sequence_},
              {"personas", std::move(personas)},
              {"entries", std::move(entries)}}
      .dump();
}

std::string DemoLedger::Fingerprint(absl::string_view token) {
  if (token.empty()) return "";
  return HexEncode(Sha256(token)).substr(0, kFingerprintDigits);
}

}  // namespace tokenvault
