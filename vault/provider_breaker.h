#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "storage/records.h"

namespace tokenvault {

// Doubts a provider that says too much at once. A wrong client secret, or a
// provider that calls every grant invalid, is not the end of every connection:
// it is one fault, of the provider or of its operator here.
//
//   closed ──invalid_client, or many grants gone──▶ open ──a probe works──▶
//   closed
//
// While it is open one request at a time, every kProbe, is let through; the
// others are refused with whose turn it is. Kept in memory: a start begins in
// good faith. Thread-safe.
class ProviderBreaker {
 public:
  // More connections than this lost, and more than were refreshed since the
  // first of the last of them, is a storm: within kWindow, or however slowly
  // while nothing works in between.
  static constexpr size_t kMostLost = 10;
  static constexpr absl::Duration kWindow = absl::Minutes(1);
  static constexpr absl::Duration kProbe = absl::Seconds(5);

  // PROVIDER_MISCONFIGURED while the provider is in doubt.
  absl::Status Admit(const ProviderId& provider, absl::Time now);

  // The client was refused. Opens.
  void OnMisconfigured(const ProviderId& provider, absl::string_view problem,
                       absl::Time now);

  // kExplained: we know why the grant may be gone, and it is not the provider's
  // doing. Such losses make no storm, but may be part of one.
  enum class Loss { kUnexplained, kExplained };

  // The provider says that this grant is gone. `believed`: mark it. Otherwise
  // the provider is in doubt, and `doubtful` are the connections that were
  // marked on its word of late: they are to be restored.
  struct Verdict {
    bool believed = true;
    std::string problem;  // what is wrong, when it is not believed
    std::vector<Connection> doubtful;
  };
  Verdict OnGrantGone(const Connection& connection, Loss loss, absl::Time now);

  // A token came. Closes.
  void OnSuccess(const ProviderId& provider, absl::Time now);

  struct Doubt {
    ProviderId provider;
    std::string problem;  // what opened it
    absl::Time since;
  };
  // Those that are in doubt now, by name.
  std::vector<Doubt> Doubts() const;

  // Keeps of a connection that is not there any more that it was lost, and
  // nothing of whose it was.
  void ForgetPersonOf(const ConnectionId& connection);

  // The configuration changed: every provider is believed again.
  void Reset();

 private:
  struct Lost {
    absl::Time time;
    Loss loss;
    Connection connection;
  };
  struct State {
    std::string problem;    // "" while closed
    absl::Time since;       // while open
    absl::Time next_probe;  // while open
    // One for each connection. What is older than the window counts for as long
    // as nothing has worked since.
    std::deque<Lost> lost;
    std::deque<absl::Time> refreshed;  // within the window
    absl::Time last_refreshed = absl::InfinitePast();
  };
  static void Forget(State& state, absl::Time now);
  static bool IsStorm(const State& state);

  mutable Mutex mutex_;
  absl::flat_hash_map<ProviderId, State> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
