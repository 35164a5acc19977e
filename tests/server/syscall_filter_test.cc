#include "server/syscall_filter.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

// A filter is for good, so each test is a process of its own.
class SyscallFilterDeathTest : public ::testing::Test {
 protected:
  SyscallFilterDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void Confine(SyscallFilter filter) {
  if (!ConfineSyscalls(filter).ok()) _exit(90);
}

// "2" with a filter, "0" without.
std::string StatusOf(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (absl::StartsWith(line, name + ":\t")) {
      return line.substr(name.size() + 2);
    }
  }
  return "";
}

struct Forbidden {
  const char* name;
  void (*act)();
};

void PrintTo(const Forbidden& one, std::ostream* out) { *out << one.name; }

// What an attacker inside the process would go on with.
const Forbidden kFatal[] = {
    {"AnotherProgram", [] { execl("/bin/true", "true", nullptr); }},
    {"AnotherProcess", [] { (void)fork(); }},
};
// Those that a process survives when nothing filters them.
const Forbidden kForbidden[] = {
    {"LookingAtAProcess", [] { syscall(SYS_ptrace, 0, getppid(), 0, 0); }},
    {"ReadingAProcess",
     [] {
       syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0);
     }},
    {"SignallingAProcess", [] { (void)kill(getppid(), 0); }},
    {"BecomingAnother", [] { syscall(SYS_setuid, geteuid()); }},
    {"Namespaces", [] { syscall(SYS_unshare, 0); }},
    {"Mounts", [] { syscall(SYS_mount, "", "", "", 0, ""); }},
    {"Bpf", [] { syscall(SYS_bpf, 0, nullptr, 0); }},
    {"IoUring", [] { syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"UserFaults", [] { syscall(SYS_userfaultfd, 0); }},
    {"AnonymousFiles", [] { syscall(SYS_memfd_create, "", 0); }},
    {"Keyrings", [] { syscall(SYS_keyctl, 0, 0); }},
    {"RawSockets", [] { (void)socket(AF_PACKET, SOCK_RAW, 0); }},
    {"TypingIntoTheTerminal", [] { (void)ioctl(0, TIOCSTI, "x"); }},
    {"BeingDumped", [] { prctl(PR_SET_DUMPABLE, 1); }},
    {"CodeThatIsWritten",
     [] {
       (void)mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
     }},
    {"DataThatBecomesCode",
     [] {
       void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
     }},
};

class ForbiddenCallDeathTest : public SyscallFilterDeathTest,
                               public ::testing::WithParamInterface<Forbidden> {
};

std::string NameOfCall(const ::testing::TestParamInfo<Forbidden>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Programs, ForbiddenCallDeathTest,
                         ::testing::ValuesIn(kFatal), NameOfCall);
INSTANTIATE_TEST_SUITE_P(Calls, ForbiddenCallDeathTest,
                         ::testing::ValuesIn(kForbidden), NameOfCall);

// That it is the filter, and nothing else, which ends them.
class CallWithoutFilterDeathTest : public ForbiddenCallDeathTest {};

INSTANTIATE_TEST_SUITE_P(Calls, CallWithoutFilterDeathTest,
                         ::testing::ValuesIn(kForbidden), NameOfCall);

// Tests are built with fault points, where it says which call that was.
TEST_P(ForbiddenCallDeathTest, EndsTheProcess) {
  EXPECT_EXIT(
      {
        Confine(SyscallFilter::kKill);
        GetParam().act();
        _exit(0);
      },
      ::testing::KilledBySignal(SIGSYS), "system call [0-9]+ is not allowed");
}

TEST_P(CallWithoutFilterDeathTest, LetsTheProcessLive) {
  EXPECT_EXIT(
      {
        Confine(SyscallFilter::kOff);
        GetParam().act();
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(SyscallFilterDeathTest, HoldsForThreadsThatAreThere) {
  EXPECT_EXIT(
      {
        int started[2];
        if (pipe2(started, O_CLOEXEC) != 0) _exit(91);
        std::thread older([&] {
          char byte = 0;
          if (read(started[0], &byte, 1) != 1) _exit(92);
          execl("/bin/true", "true", nullptr);
        });
        Confine(SyscallFilter::kKill);
        if (write(started[1], "x", 1) != 1) _exit(93);
        older.join();
        _exit(0);
      },
      ::testing::KilledBySignal(SIGSYS), "");
}

TEST_F(SyscallFilterDeathTest, IsInForce) {
  EXPECT_EXIT(
      {
        Confine(SyscallFilter::kKill);
        _exit(StatusOf("Seccomp") == "2" && StatusOf("NoNewPrivs") == "1" ? 0
                                                                          : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(SyscallFilterDeathTest, LetsThroughWhatServingTakes) {
  EXPECT_EXIT(
      {
        Confine(SyscallFilter::kKill);
        int result = 0;
        std::thread newer([&result] {
          addrinfo* found = nullptr;
          result = getaddrinfo("localhost", "443", nullptr, &found);
          if (result == 0) freeaddrinfo(found);
        });
        newer.join();
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) _exit(2);
        if (std::string large(size_t{8} << 20, 'x'); large.empty()) _exit(3);
        // A module for keys is loaded so: code, but none that can be written.
        const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        if (mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) ==
            MAP_FAILED) {
          _exit(4);
        }
        _exit(result);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(SyscallFilterDeathTest, OnlyLogsWhenToldSo) {
  EXPECT_EXIT(
      {
        Confine(SyscallFilter::kLog);
        if (StatusOf("Seccomp") != "2") _exit(1);
        execl("/bin/true", "true", nullptr);
        _exit(2);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(SyscallFilterDeathTest, IsNotThereWhenOff) {
  EXPECT_EXIT(
      {
        const std::string before = StatusOf("Seccomp");
        Confine(SyscallFilter::kOff);
        _exit(StatusOf("Seccomp") == before ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(SyscallFilterTest, SaysWhatIsInForce) {
  EXPECT_EQ(SyscallFilterInForce(SyscallFilter::kKill), "kill");
  EXPECT_EQ(SyscallFilterInForce(SyscallFilter::kLog), "log");
  EXPECT_EQ(SyscallFilterInForce(SyscallFilter::kOff), "off");
}

}  // namespace
}  // namespace tokenvault
