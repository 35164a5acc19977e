#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/secret_memory.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "server/assembly.h"
#include "server/config.h"
#include "server/dev_mode.h"
#include "server/grpc_server.h"
#include "server/passphrase_prompt.h"
#include "server/swap.h"
#include "server/syscall_filter.h"
#include "server/version.h"

namespace tokenvault {
namespace {

constexpr char kUsage[] =
    R"(tokenvaultd: keeps people's OAuth grants, gives agents short-lived tokens

  tokenvaultd [--config FILE]            serve
  tokenvaultd --check-config             look at the configuration and exit
  tokenvaultd --dev                      a demo: memory only, loopback only

  --config FILE    default: $TOKENVAULT_CONFIG, then
                   /etc/tokenvault/tokenvault.toml
  --accept-rollback
                   serve a database that is older than it was: tokens that may
                   be stale are not used, and the audit log says so
  --check-config   no network, no key; exit 0 or 1, problems on stderr
  --dev            without --config a built-in demo; with it, that
                   configuration with dev credentials and plain HTTP, on
                   loopback only
  --dev-ports G,H,D   gRPC, HTTP and demo provider (7443,7480,7490); 0: any
  --dev-token-ttl D   how long the demo provider's tokens live (10m)
  --passphrase-fd N   read the vault's passphrase from this descriptor; without
                   it and a passphrase_file it is asked on the terminal, and
                   where there is none the vault waits for 'tokenvault unseal'
  --allow-swap     serve though the system has swap
  --ready-fd N     write the addresses as a line of JSON to this descriptor
                   once serving
  --version, --help

Signals: HUP reads the configuration again, TERM and INT stop in order.
)";

// Locked memory for refresh tokens, client secrets and passphrases. A call to a
// provider needs a few KiB of it while it is under way; a process that nobody
// gave a limit of its own may lock 8 MiB.
constexpr size_t kSecretBytes = size_t{4} << 20;

struct Flags {
  std::string config;
  bool accept_rollback = false;
  bool check_config = false;
  bool dev = false;
  DevOptions demo;
  bool allow_swap = false;
  int ready_fd = -1;
  int passphrase_fd = -1;
  bool version = false;
  bool help = false;
  bool list_fault_points = false;
};

bool ReadPorts(const std::string& text, DevOptions& options) {
  std::vector<std::string> parts = absl::StrSplit(text, ',');
  auto read = [](const std::string& part, int& port) {
    return absl::SimpleAtoi(part, &port) && port >= 0 && port <= 65535;
  };
  return parts.size() == 3 && read(parts[0], options.grpc) &&
         read(parts[1], options.http) && read(parts[2], options.demo);
}

// Nothing when the command line is not one we understand.
std::optional<Flags> ReadFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const bool has_value = i + 1 < argc;
    if (flag == "--config" && has_value) {
      flags.config = argv[++i];
    } else if (flag == "--dev-ports" && has_value) {
      if (!ReadPorts(argv[++i], flags.demo)) return std::nullopt;
    } else if (flag == "--dev-token-ttl" && has_value) {
      if (!absl::ParseDuration(argv[++i], &flags.demo.token_ttl) ||
          flags.demo.token_ttl < absl::Seconds(1)) {
        return std::nullopt;
      }
    } else if (flag == "--ready-fd" && has_value) {
      if (!absl::SimpleAtoi(argv[++i], &flags.ready_fd)) return std::nullopt;
    } else if (flag == "--passphrase-fd" && has_value) {
      if (!absl::SimpleAtoi(argv[++i], &flags.passphrase_fd)) {
        return std::nullopt;
      }
    } else if (flag == "--accept-rollback") {
      flags.accept_rollback = true;
    } else if (flag == "--check-config") {
      flags.check_config = true;
    } else if (flag == "--allow-swap") {
      flags.allow_swap = true;
    } else if (flag == "--dev") {
      flags.dev = true;
    } else if (flag == "--version") {
      flags.version = true;
    } else if (flag == "--help" || flag == "-h") {
      flags.help = true;
#ifdef TOKENVAULT_FAULTS
    } else if (flag == "--list-fault-points") {
      flags.list_fault_points = true;
#endif
    } else {
      return std::nullopt;
    }
  }
  return flags;
}

int Fail(const absl::Status& status) {
  fprintf(stderr, "tokenvaultd: %s\n", std::string(status.message()).c_str());
  if (HasReason(status, "DATABASE_ROLLED_BACK")) {
    fputs(
        "hint: put the newest database back, or run 'tokenvault restore'; "
        "--accept-rollback serves this one all the same\n",
        stderr);
  }
  return 1;
}

// No dump of our memory, no file that others can read, no right that we do not
// have already; and locked memory for secrets, before there are any.
// MEMORY_NOT_LOCKED.
absl::Status Harden() {
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  umask(077);
  signal(SIGPIPE, SIG_IGN);
  return LockSecrets(kSecretBytes);
}

// From here on only what serving takes. After the configuration is read, since
// that says how; before anything of the vault is opened.
absl::Status Confine(const std::string& seccomp) {
  const SyscallFilter filter = seccomp == "off"   ? SyscallFilter::kOff
                               : seccomp == "log" ? SyscallFilter::kLog
                                                  : SyscallFilter::kKill;
  RETURN_IF_ERROR(ConfineSyscalls(filter));
  Log(LogLevel::kInfo, "confined", "system calls are filtered",
      {{LogKey::kOutcome, std::string(SyscallFilterInForce(filter))}});
  return absl::OkStatus();
}

// Blocked in every thread; the main one waits for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// systemd's protocol for Type=notify: a datagram to the socket it names.
void NotifySystemd(const char* message) {
  const char* path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {};
  if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
      strlen(path) >= sizeof(address.sun_path)) {
    return;
  }
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const socklen_t size =
      static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path)) +
      static_cast<socklen_t>(strlen(path));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, message, strlen(message), MSG_NOSIGNAL,
         reinterpret_cast<const struct sockaddr*>(&address), size);
  close(fd);
}

void TellReady(int fd, const Assembly::Addresses& addresses,
               const std::string& demo_url) {
  if (fd < 0) return;
  nlohmann::ordered_json line;
  line["grpc"] = addresses.grpc;
  line["http"] = addresses.http;
  line["admin"] = addresses.admin;
  if (!demo_url.empty()) line["demo"] = demo_url;
  const std::string text = line.dump() + "\n";
  if (write(fd, text.data(), text.size()) < 0) {
    Log(LogLevel::kWarning, "ready_fd.unwritable",
        "the descriptor of --ready-fd cannot be written");
  }
  close(fd);
}

// What production configured must not be served with the rules of a demo.
absl::Status CheckDemoIsMeant() {
  const char* configured = getenv("TOKENVAULT_CONFIG");
  if (configured == nullptr || *configured == '\0') return absl::OkStatus();
  return errors::ConfigInvalid(
      "TOKENVAULT_CONFIG",
      "names a configuration; unset it for the demo, or say --config FILE to "
      "run that file with --dev");
}

absl::StatusOr<Demo> Prepare(const Flags& flags, const PrivateFolder* folder) {
  if (flags.dev && flags.config.empty()) {
    RETURN_IF_ERROR(CheckDemoIsMeant());
    return PrepareDemo(SystemClock(), flags.demo, *folder);
  }
  Demo served;
  served.parts.sources = ConfigSources{flags.config, flags.dev};
  ASSIGN_OR_RETURN(served.parts.config, LoadConfig(*served.parts.sources));
  if (folder != nullptr) {
    ASSIGN_OR_RETURN(served.parts.dev_key_file, MakeDevKey(*folder));
  }
  return served;
}

int CheckConfig(const Flags& flags) {
  absl::StatusOr<Config> config =
      LoadConfig({flags.config, flags.dev, /*check_only=*/true});
  if (!config.ok()) return Fail(config.status());
  for (const std::string& warning : config->warnings) {
    fprintf(stderr, "tokenvaultd: warning: %s\n", warning.c_str());
  }
  printf("the configuration is good\n");
  return 0;
}

int Serve(const Flags& flags, const sigset_t& signals) {
  std::optional<PrivateFolder> folder;
  if (flags.dev) {
    absl::StatusOr<PrivateFolder> made = PrivateFolder::Create();
    if (!made.ok()) return Fail(made.status());
    folder.emplace(*std::move(made));
  }
  absl::StatusOr<Demo> prepared =
      Prepare(flags, folder.has_value() ? &*folder : nullptr);
  if (!prepared.ok()) return Fail(prepared.status());
  prepared->parts.ask_passphrase = PassphraseSource(flags.passphrase_fd);
  prepared->parts.accept_rollback = flags.accept_rollback;
  const absl::Duration grace = prepared->parts.config.server.shutdown_grace;
  for (const std::string& warning : prepared->parts.config.warnings) {
    Log(LogLevel::kWarning, "config.warning", warning);
  }
  const ServerSettings& server = prepared->parts.config.server;
  absl::Status alone = CheckSwap(server.allow_swap || flags.allow_swap);
  if (alone.ok()) alone = Confine(server.seccomp);
  if (!alone.ok()) return Fail(alone);
  absl::StatusOr<std::unique_ptr<Assembly>> vault =
      Assembly::Start(SystemClock(), std::move(prepared->parts));
  if (!vault.ok()) return Fail(vault.status());

  const Assembly::Addresses& addresses = (*vault)->addresses();
  std::string demo_url;
  if (prepared->provider != nullptr) {
    demo_url = prepared->provider->base_url();
    fputs(DemoBanner(addresses, demo_url).c_str(), stderr);
  }
  Log(LogLevel::kInfo, "ready", "serving",
      {{LogKey::kAddress, addresses.grpc}});
  TellReady(flags.ready_fd, addresses, demo_url);
  NotifySystemd("READY=1");

  int signal_number = 0;
  while (sigwait(&signals, &signal_number) == 0) {
    if (signal_number != SIGHUP) break;
    (*vault)->Reload();
  }
  NotifySystemd("STOPPING=1");
  Log(LogLevel::kInfo, "stopping", "no new calls are taken");
  (*vault)->Stop(grace);
  if (prepared->provider != nullptr) prepared->provider->Stop();
  Log(LogLevel::kInfo, "stopped", "all calls have ended");
  return 0;
}

int Main(int argc, char** argv) {
  std::optional<Flags> flags = ReadFlags(argc, argv);
  if (!flags.has_value()) {
    fputs(
        "tokenvaultd: unknown or incomplete option\n"
        "hint: run 'tokenvaultd --help'\n",
        stderr);
    return 2;
  }
  if (flags->help) {
    fputs(kUsage, stdout);
    return 0;
  }
  if (flags->version) {
    printf("tokenvaultd %s\n", Version().c_str());
    return 0;
  }
#ifdef TOKENVAULT_FAULTS
  if (const char* fault = getenv("TOKENVAULT_FAULT")) ArmFaultPoint(fault);
#endif
  if (flags->list_fault_points) {
    for (absl::string_view point : FaultPoints()) {
      printf("%s\n", std::string(point).c_str());
    }
    return 0;
  }
  if (absl::Status crypto = InitCrypto(); !crypto.ok()) return Fail(crypto);
  if (flags->check_config) return CheckConfig(*flags);
  if (absl::Status hardened = Harden(); !hardened.ok()) return Fail(hardened);
  const sigset_t signals = BlockSignals();
  SilenceGrpcLog();
  return Serve(*flags, signals);
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) { return tokenvault::Main(argc, argv); }
