#include "server/syscall_filter.h"

#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/errors.h"
#include "base/status_macros.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOKENVAULT_NO_FILTER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOKENVAULT_NO_FILTER
#endif
#endif

namespace tokenvault {
namespace {

// By what they are for. Names that this machine's kernel does not have are left
// out by libseccomp.
constexpr const char* kAllowed[] = {
    // Files: the database and what is beside it, configuration, keys, time
    // zones, the resolver's; also those of a module for keys.
    "access", "chmod", "close", "dup", "dup2", "dup3", "faccessat",
    "faccessat2", "fadvise64", "fallocate", "fchmod", "fchmodat", "fchown",
    "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate",
    "getcwd", "getdents64", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat",
    "open", "openat", "pipe2", "pread64", "preadv", "pwrite64", "pwritev",
    "read", "readlink", "readlinkat", "readv", "rename", "renameat",
    "renameat2", "rmdir", "stat", "statfs", "statx", "umask", "unlink",
    "unlinkat", "utimensat", "write", "writev",
    // Sockets; socket(2) itself is looked at below.
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname",
    "getsockopt", "listen", "recvfrom", "recvmmsg", "recvmsg", "sendmmsg",
    "sendmsg", "sendto", "setsockopt", "shutdown",
    // Waiting.
    "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait",
    "epoll_pwait2", "epoll_wait", "eventfd2", "nanosleep", "poll", "ppoll",
    "pselect6", "select", "timerfd_create", "timerfd_settime",
    // Memory; mmap(2) and mprotect(2) are looked at below.
    "brk", "madvise", "memfd_secret", "mlock", "mlock2", "mremap", "msync",
    "munlock", "munmap",
    // Threads, not processes: clone(2) is looked at below.
    "exit", "exit_group", "futex", "get_robust_list", "getcpu", "gettid",
    "membarrier", "restart_syscall", "rseq", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_yield", "set_robust_list",
    "set_tid_address", "tgkill",
    // Signals to itself.
    "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack",
    // Time, chance, and who and where we are.
    "clock_getres", "clock_gettime", "getegid", "geteuid", "getgid",
    "getgroups", "getpgrp", "getpid", "getppid", "getrandom", "getresgid",
    "getresuid", "getrlimit", "getrusage", "gettimeofday", "getuid", "sysinfo",
    "time", "times", "uname"};

constexpr int kSocketFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
// Of sockets; and of the terminal that a passphrase may be asked on.
constexpr unsigned long kIoctls[] = {FIONBIO, FIONREAD, FIOCLEX, TCGETS,
                                     TCSETS,  TCSETSW,  TCSETSF, TIOCGWINSZ};
constexpr int kPrctls[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE,
                           PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ};
constexpr scmp_datum_t kCloneThread = 0x00010000;  // <linux/sched.h>

// The first refusal of libseccomp, as a negative errno.
class Rules {
 public:
  explicit Rules(uint32_t otherwise)
      : context_(seccomp_init(otherwise), &seccomp_release),
        result_(context_ == nullptr ? -ENOMEM : 0) {}

  void Allow(const char* name) { Add(SCMP_ACT_ALLOW, name, {}); }
  void AllowIf(const char* name, const scmp_arg_cmp& condition) {
    Add(SCMP_ACT_ALLOW, name, {condition});
  }
  void Refuse(const char* name, uint16_t error) {
    Add(SCMP_ACT_ERRNO(error), name, {});
  }
  void Set(scmp_filter_attr attribute, uint32_t value) {
    if (result_ == 0) {
      result_ = seccomp_attr_set(context_.get(), attribute, value);
    }
  }
  int Load() {
    if (result_ == 0) result_ = seccomp_load(context_.get());
    return result_;
  }

 private:
  void Add(uint32_t action, const char* name,
           const std::vector<scmp_arg_cmp>& conditions) {
    if (result_ != 0) return;
    const int number = seccomp_syscall_resolve_name(name);
    // Older than the headers, or of another machine.
    if (number < 0) return;
    result_ = seccomp_rule_add_array(context_.get(), action, number,
                                     static_cast<unsigned>(conditions.size()),
                                     conditions.data());
  }

  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int result_;
};

scmp_arg_cmp Argument(unsigned index, scmp_compare how, scmp_datum_t a,
                      scmp_datum_t b = 0) {
  return {index, how, a, b};
}

// glibc asks for clone3 first, whose flags are in memory, where no filter sees
// them; told that there is none, it takes clone.
void AddRules(Rules& rules) {
  for (const char* name : kAllowed) rules.Allow(name);
  rules.Refuse("clone3", ENOSYS);
  rules.AllowIf("clone",
                Argument(0, SCMP_CMP_MASKED_EQ, kCloneThread, kCloneThread));
  rules.AllowIf("mmap", Argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  rules.AllowIf("mmap", Argument(2, SCMP_CMP_MASKED_EQ, PROT_WRITE, 0));
  rules.AllowIf("mprotect", Argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  for (int family : kSocketFamilies) {
    const auto value = static_cast<scmp_datum_t>(family);
    rules.AllowIf("socket", Argument(0, SCMP_CMP_EQ, value));
    rules.AllowIf("socketpair", Argument(0, SCMP_CMP_EQ, value));
  }
  for (unsigned long request : kIoctls) {
    rules.AllowIf("ioctl", Argument(1, SCMP_CMP_EQ, request));
  }
  for (int option : kPrctls) {
    rules.AllowIf("prctl",
                  Argument(0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(option)));
  }
  // Only the process itself may be asked about; limits are never changed.
  rules.AllowIf("prlimit64", Argument(2, SCMP_CMP_EQ, 0));
}

#ifdef TOKENVAULT_FAULTS
// Only what a signal handler may call.
void TellAndEnd(int, siginfo_t* info, void*) {
  char text[] = "tokenvaultd: system call 0000 is not allowed\n";
  char* digit = text + sizeof("tokenvaultd: system call 0000") - 2;
  for (int number = info->si_syscall, i = 0; i < 4; ++i, number /= 10) {
    *digit-- = static_cast<char>('0' + number % 10);
  }
  if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) _exit(1);
  signal(SIGSYS, SIG_DFL);
  raise(SIGSYS);
}
#endif

uint32_t ActionOf(SyscallFilter filter) {
  if (filter == SyscallFilter::kLog) return SCMP_ACT_LOG;
#ifdef TOKENVAULT_FAULTS
  struct sigaction tell = {};
  tell.sa_sigaction = TellAndEnd;
  tell.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &tell, nullptr);
  return SCMP_ACT_TRAP;
#else
  return SCMP_ACT_KILL_PROCESS;
#endif
}

}  // namespace

absl::Status ConfineSyscalls(SyscallFilter filter) {
  if (SyscallFilterInForce(filter) == "off") return absl::OkStatus();
  Rules rules(ActionOf(filter));
  // All threads there are, or none: Load() fails when one cannot follow.
  rules.Set(SCMP_FLTATR_CTL_TSYNC, 1);
  rules.Set(SCMP_FLTATR_CTL_NNP, 1);
  rules.Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree, not a list
  AddRules(rules);
  if (rules.Load() != 0) {
    return errors::ConfigInvalid(
        "server.seccomp",
        "this system takes no filter of system calls; write \"off\" to serve "
        "without one");
  }
  return absl::OkStatus();
}

absl::string_view SyscallFilterInForce(SyscallFilter filter) {
#ifdef TOKENVAULT_NO_FILTER
  (void)filter;
  return "off";
#else
  switch (filter) {
    case SyscallFilter::kKill:
      return "kill";
    case SyscallFilter::kLog:
      return "log";
    case SyscallFilter::kOff:
      return "off";
  }
  return "off";
#endif
}

std::vector<std::string> AllowedSyscalls() {
  std::vector<std::string> names(std::begin(kAllowed), std::end(kAllowed));
  for (const char* name : {"clone", "ioctl", "mmap", "mprotect", "prctl",
                           "prlimit64", "socket", "socketpair"}) {
    names.emplace_back(name);
  }
  return names;
}

}  // namespace tokenvault
