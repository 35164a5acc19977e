#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tokenvault {

enum class DemoEvent {
  kCodeIssued,
  kCodeUsed,
  kCodeReplayed,
  kAccessTokenIssued,
  kAccessTokenUsed,     // at the API, and good enough
  kAccessTokenRefused,  // at the API: unknown, ended, or too narrow
  kAccessTokenRevoked,
  kRefreshTokenIssued,
  kRefreshTokenUsed,
  kRefreshTokenReplayed,
  kFamilyRevoked,
  kFault,  // an answer that was spoilt on purpose
};
const char* DemoEventName(DemoEvent event);  // "refresh_token_replayed"

// The other party's book: what it issued, what came back, what it ended. A
// vault's own account of the same hour can be held against it.
//
// No token is in it. What stands for one is the first twelve hex digits of its
// SHA-256: enough to find it again for who has it. Bounded: the oldest entries
// make room, the counters of a persona stay.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoLedger {
 public:
  struct Entry {
    std::string persona;
    DemoEvent event = DemoEvent::kFault;
    std::string client;
    std::string person;
    // Hashed on the way in, both: what all tokens of one consent share, and
    // the token or code itself.
    std::string family;
    std::string token;
    std::string why;  // of kFamilyRevoked and kFault
  };
  void Write(Entry entry, absl::Time now);
  // A call of the token endpoint; `family` once it is known, else "".
  void CountTokenCall(const std::string& persona, const std::string& family);

  // {"sequence", "personas": {name: {"token_calls", "replays",
  // "families_revoked", "families": {family: token calls}}}, "entries": […]}
  // with the entries of `persona` ("" for all) after the sequence `after`.
  std::string ToJson(absl::string_view persona, uint64_t after) const;

  // "3f0c9e8a1b2d" for a token; "" for "".
  static std::string Fingerprint(absl::string_view token);

 private:
  struct Kept {
    uint64_t sequence;
    absl::Time time;
    Entry entry;
  };
  struct Counters {
    uint64_t token_calls = 0;
    uint64_t replays = 0;
    uint64_t families_revoked = 0;
    std::map<std::string, uint64_t> calls_of;  // by family
    std::deque<std::string> families;          // of calls_of, oldest first
  };

  uint64_t sequence_ = 0;
  std::deque<Kept> entries_;
  std::map<std::string, Counters> counters_;
};

}  // namespace tokenvault
