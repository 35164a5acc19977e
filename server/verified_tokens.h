#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "server/authenticator.h"

namespace tokenvault {

// Tokens that verified, by a hash of them, for one generation of the directory.
// Bounded. Thread-safe. Inside of server/authenticator.
class VerifiedTokens {
 public:
  struct Entry {
    std::string generation;
    absl::Time until;
    AgentId agent;  // of a workload's token
    Person person;  // of a person's token
  };

  // Nothing for what is unknown, over, or of another generation.
  std::optional<Entry> Find(const std::string& key,
                            const std::string& generation, absl::Time now);
  void Add(const std::string& key, Entry entry);
  // All of them: each is verified anew when it comes again.
  void Clear();

 private:
  static constexpr size_t kMost = 20000;

  Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
