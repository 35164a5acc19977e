#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tokenvault {

// Another program in a process of its own, whose words go nowhere; ended when
// the object goes, if it has not ended by itself.
class QuietProgram {
 public:
  // The first word of `command` is a file. `environment` comes before ours.
  // UNAVAILABLE when it cannot be started.
  static absl::StatusOr<std::unique_ptr<QuietProgram>> Start(
      std::vector<std::string> command,
      std::vector<std::string> environment = {});
  ~QuietProgram();

  // Waits for its end: the exit code. UNAVAILABLE when it ended otherwise.
  // Once.
  absl::StatusOr<int> Wait();
  // The processor time so far of it and the processes that it began and that
  // are still there.
  absl::Duration CpuTime() const;

 private:
  explicit QuietProgram(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  bool ended_ = false;
};

// Starts it and waits: the exit code.
absl::StatusOr<int> RunToEnd(std::vector<std::string> command,
                             std::vector<std::string> environment = {});

}  // namespace tokenvault
