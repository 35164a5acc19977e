#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/secret.h"
#include "server/config.h"
#include "server/late_handler.h"
#include "server/web_server.h"

namespace tokenvault {

// The whole daemon in one object: every part of the house, built bottom up from
// a Config, serving when Start returns.
//
//   auto vault = Assembly::Start(SystemClock(), std::move(parts));
//   (*vault)->addresses().grpc;
//   (*vault)->Stop(absl::Seconds(20));
//
// Thread-safe.
class Assembly {
 public:
  struct Parts {
    Config config;
    // Where `config` came from, to read it again; nothing in the demo.
    std::optional<ConfigSources> sources;
    // A key file to use when [seal] names none: dev mode only.
    std::string dev_key_file;
    // Asks somebody for the passphrase, once, where no file has it. Without it
    // the vault starts sealed.
    absl::AnyInvocable<absl::StatusOr<Secret>()> ask_passphrase;
    // Serves a database that is older than it was, and says so in its log.
    bool accept_rollback = false;
    // A listener that is there already, and its handler: the demo's.
    std::unique_ptr<WebServer> web;
    std::optional<LateHandler> web_handler;
  };

  struct Addresses {
    std::string grpc;   // "127.0.0.1:43121", "unix:/path"
    std::string http;   // "http://127.0.0.1:43122", "unix:/path"
    std::string admin;  // "unix:/path"
  };

  // Opens the vault and its ports; sealed, when it takes a person or a token
  // that is away to open it. In dev mode a store in memory is made a vault
  // first. CONFIG_INVALID, ROOT_KEY_INVALID, MEMORY_NOT_LOCKED,
  // DATABASE_ROLLED_BACK, STORAGE_*.
  static absl::StatusOr<std::unique_ptr<Assembly>> Start(const Clock& clock,
                                                         Parts parts);
  // Stops without grace if Stop was not called.
  ~Assembly();

  const Addresses& addresses() const;

  // As AdminService.ReloadConfig; the result is logged.
  void Reload();

  // Takes no new calls, lets those under way end, writes the last audit leaf.
  // Calling it again does nothing.
  void Stop(absl::Duration grace);

 private:
  class Impl;
  explicit Assembly(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenvault
