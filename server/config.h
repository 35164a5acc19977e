#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/secret.h"
#include "vault/directory.h"
#include "vault/notices.h"
#include "vault/root_sources.h"
#include "vault/witness_settings.h"

// The configuration: TOML in, one checked value out. docs/configuration.md says
// what may be written; deploy/tokenvault.toml is a complete example.
//
// Everything that can be wrong with a configuration is found here, before the
// daemon opens a port or a key. All problems of a file are reported together,
// one a line: "file:line:column: what, and what to write instead". No value
// that may be a secret is ever quoted.
namespace tokenvault {

struct ConfigSources {
  // Empty: $TOKENVAULT_CONFIG, then /etc/tokenvault/tokenvault.toml.
  std::string file;
  // Loopback only, plain HTTP and dev credentials allowed.
  bool dev = false;
  // A look from somebody's shell (`config check`): secrets that only the daemon
  // can read become warnings, and are not checked further.
  bool check_only = false;
};

struct ServerSettings {
  std::string grpc_listen;  // "unix:/path" or "127.0.0.1:8443"
  std::string grpc_tls_cert_file;
  std::string grpc_tls_key_file;
  std::string grpc_client_ca_file;
  std::vector<std::string> trust_domains;
  std::string http_listen;  // "unix:/path" or "127.0.0.1:8080"
  std::string http_tls_cert_file;
  std::string http_tls_key_file;
  std::string http_client_ca_file;
  std::string public_url;    // "https://connect.example.com"
  std::string admin_listen;  // "unix:/path", nothing else
  bool reflection = false;
  absl::Duration shutdown_grace;
  std::string log_level;  // "debug", "info", "warning", "error"
  std::string seccomp;    // "kill", "log", "off"
  bool allow_swap = false;
};

LogLevel LevelOf(const ServerSettings& server);

struct StorageSettings {
  std::string path;  // of the SQLite file; ":memory:" only in dev
};

struct EgressSettings {
  bool allow_http_loopback = false;  // only in dev
  std::vector<std::string> allow;    // CIDRs that the address guard lets pass
  std::string ca_file;               // "" for the system's
  absl::Duration timeout;
};

struct AuditSettings {
  std::vector<WitnessSettings> witnesses;
  // Leaves older than `keep` go to the folder; for ever: none do.
  std::string archive_folder;
  absl::Duration keep = absl::InfiniteDuration();
};

// How approvers hear of an approval.
struct NoticeSettings {
  WebhookSettings webhook;
  EmailSettings email;
};

// One line of `config show --effective`. References to secrets are shown, what
// they hold is not.
struct ConfigValueShown {
  std::string key;     // "server.grpc_listen", "agents.calendar-bot.owner"
  std::string value;   // as TOML
  std::string origin;  // "/etc/…toml:3:1", "TOKENVAULT_SERVER_…", "default"
};

struct Config {
  bool dev = false;
  ServerSettings server;
  // What opens the master keys, in the order in which it is tried; none only in
  // dev.
  std::vector<RootSourceSettings> root_sources;
  StorageSettings storage;
  AuditSettings audit;
  EgressSettings egress;
  NoticeSettings notices;
  std::shared_ptr<const Directory> directory;
  std::vector<ConfigValueShown> effective;  // sorted by key
  std::vector<std::string> warnings;        // sentences for an operator
  // Equal for equal configurations. What stands before a "-" is the same on
  // every machine; what follows changes with the secrets, is keyed by this
  // process, and so says nothing about them.
  std::string generation;
};

// Reads the file, conf.d/*.toml beside it (in name order; a later value wins,
// an id given twice is an error), presets.d/*.toml beside it (each a preset)
// and TOKENVAULT_SECTION_KEY from the environment, then every secret file they
// name. No network, no root key. CONFIG_INVALID.
absl::StatusOr<Config> LoadConfig(const ConfigSources& sources);

// The same from memory: touches no file, unless `read_secret` does.
struct ConfigText {
  std::string name;  // as errors call it
  std::string toml;
};
struct ParseOptions {
  bool dev = false;
  // Reads the secret behind a `*_file` reference ("/path", "cred:NAME"). Null:
  // every reference is good and holds "secret". A status of its own is reported
  // at the place of the reference, as a warning if UNAVAILABLE, else as a
  // problem: its message is a sentence of ours.
  std::function<absl::StatusOr<Secret>(const std::string& reference)>
      read_secret;
  // What "cred:" stands for in paths; "" when there is none.
  std::string credentials_directory;
  // An operator's own presets, named by their files.
  std::vector<ConfigText> presets;
  // Pairs of TOKENVAULT_… name and value.
  std::vector<std::pair<std::string, std::string>> environment;
};
absl::StatusOr<Config> ParseConfig(const std::vector<ConfigText>& texts,
                                   const ParseOptions& options);

// Whether the file holds nothing but good [[policies]] for `config`.
// CONFIG_INVALID.
absl::Status CheckPolicyFile(const std::string& path, const Config& config);

// Keys that differ and that a reload cannot change: listeners, public_url,
// storage, seal, egress, the audit log's, those of notices. Who reloads
// refuses, or says so; it must not serve half of each.
std::vector<std::string> KeysThatNeedRestart(const Config& old,
                                             const Config& next);

// Where the parts of the demo (`tokenvaultd --dev` without a file) listen.
struct DemoAddresses {
  std::string grpc_listen = "127.0.0.1:7443";
  std::string http_listen = "127.0.0.1:7480";
  std::string public_url = "http://127.0.0.1:7480";
  std::string admin_listen;       // "unix:/path"
  std::string demo_provider_url;  // DemoProvider::base_url()
};

// The configuration of the demo, from server/demo.toml: tenant "default",
// provider "demo", agent "demo-agent", all in memory.
absl::StatusOr<Config> DemoConfig(const DemoAddresses& addresses);

}  // namespace tokenvault
