#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// What becomes of a system call that the daemon has no use for.
enum class SyscallFilter {
  kKill,  // it ends the process
  kLog,   // it goes through, and the kernel's log tells of it
  kOff,
};

// Lets every thread of this process, now and later, make only the system calls
// that serving takes: files, sockets, memory, threads, time. No other program,
// no look at another process, no namespaces, no kernel modules; no new process
// either, only threads; and no memory that is writable and executable at once.
// For good: nothing takes a filter back. It also gives up, for good, every
// right that executing a file could bring (no_new_privs).
//
// A build with fault points, which tests run, says on stderr which call it was
// before it ends. In a build with a sanitizer this is kOff, since those trace
// themselves; the answer is then OK too, see SyscallFilterInForce.
//
// CONFIG_INVALID of server.seccomp when the kernel or the machine knows no such
// filters; write "off" for one of those.
absl::Status ConfineSyscalls(SyscallFilter filter);

// "kill", "log" or "off": what ConfineSyscalls(filter) does in this build.
absl::string_view SyscallFilterInForce(SyscallFilter filter);

// The names of the calls that are let through whatever their arguments, and of
// those that are looked at: for the test of the systemd unit.
std::vector<std::string> AllowedSyscalls();

}  // namespace tokenvault
