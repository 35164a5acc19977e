#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tokenvault {

// A server in a process of its own, started with `--ready-fd N` behind its
// arguments, and stopped in order when the object goes.
class ChildProcess {
 public:
  // Returns once it serves. UNAVAILABLE when it ended instead.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(
      std::vector<std::string> command,
      const std::vector<std::string>& environment = {});
  ~ChildProcess();

  // Ends it this instant, without a word to it. Only the destructor is left
  // then.
  void Kill();

  // Its gRPC listener, "127.0.0.1:43121".
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  // The processor time of all its threads so far.
  absl::Duration CpuTime() const;
  // Bytes of memory that are its own right now, and the most that ever were. 0
  // when it is gone.
  int64_t ResidentBytes() const;
  int64_t PeakResidentBytes() const;

 private:
  ChildProcess(pid_t pid, std::string address);

  const pid_t pid_;
  const std::string address_;
};

}  // namespace tokenvault
