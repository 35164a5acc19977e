#include "cli/init.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/passphrase.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "server/config.h"
#include "storage/open_store.h"
#include "tokenvault/v1/local_results.pb.h"
#include "vault/init_vault.h"
#include "vault/root_sources.h"

namespace tokenvault {
namespace {

constexpr int kInitialized = 0;
constexpr int kNotInitialized = 2;

constexpr size_t kArenaBytes = 64 * 1024;
// What SQLite and the lock put beside the database.
constexpr const char* kStoreFiles[] = {"", "-wal", "-shm", ".lock"};

bool Exists(const std::string& path) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0;
}

// The files of this run: removed again unless it ended well.
class MadeFiles {
 public:
  void Add(std::string path) { paths_.push_back(std::move(path)); }
  // Names of those that were there, and are removed now.
  std::vector<std::string> Remove() const {
    std::vector<std::string> removed;
    for (const std::string& path : paths_) {
      if (unlink(path.c_str()) == 0) removed.push_back(path);
    }
    return removed;
  }

 private:
  std::vector<std::string> paths_;
};

// Opens a new store. What was there before, or belongs to another process that
// came first, is never among the files of this run.
absl::StatusOr<std::unique_ptr<Store>> CreateStore(const std::string& path,
                                                   MadeFiles& made) {
  std::vector<std::string> missing;
  for (const char* suffix : kStoreFiles) {
    std::string name = absl::StrCat(path, suffix);
    if (!Exists(name)) missing.push_back(std::move(name));
  }
  auto store = OpenStore({path, true});
  if (HasReason(store.status(), "STORAGE_BUSY") ||
      HasReason(store.status(), "ALREADY_EXISTS")) {
    return store.status();
  }
  for (std::string& name : missing) made.Add(std::move(name));
  return store;
}

absl::StatusOr<Secret> FetchPassphrase(Session& session,
                                       const InitOptions& options,
                                       const RootSourceSettings& root) {
  if (options.passphrase_fd >= 0) {
    return ReadPassphrase("--passphrase-fd", options.passphrase_fd);
  }
  const bool by_flag = !options.passphrase_file.empty();
  const std::string path =
      by_flag ? options.passphrase_file : root.passphrase_file.path;
  if (path.empty()) return AskNewPassphrase(session.terminal());
  const char* name = by_flag ? "--passphrase-file" : "seal.passphrase_file";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return errors::FieldInvalid(name, absl::StrCat("cannot read ", path));
  }
  auto passphrase = ReadPassphrase(name, descriptor);
  close(descriptor);
  return passphrase;
}

// All of it, or a fault; `made` knows what to remove then.
absl::Status Make(Session& session, const InitOptions& options,
                  const Config& config, MadeFiles& made) {
  const RootSourceSettings& root = config.root_sources.front();
  ASSIGN_OR_RETURN(auto arena, SecretArena::Create(kArenaBytes));
  // First the store: if there is a vault, no key is made and nobody is asked.
  ASSIGN_OR_RETURN(auto store, CreateStore(config.storage.path, made));
  Secret passphrase;
  if (root.kind == "passphrase") {
    ASSIGN_OR_RETURN(passphrase, FetchPassphrase(session, options, root));
  }
  const bool makes_file = root.kind == "file" && !Exists(root.key_file.path);
  ASSIGN_OR_RETURN(NewRoot made_root,
                   MakeRoot(*arena, root, passphrase, session.now()));
  if (makes_file) made.Add(root.key_file.path);
  return InitVault(*store, *arena, made_root.key, made_root.source,
                   session.now());
}

v1::InitResult ResultOf(const Config& config, bool key_was_there) {
  v1::InitResult result;
  result.set_database(config.storage.path);
  const RootSourceSettings& root = config.root_sources.front();
  result.set_root_source(root.id);
  if (root.kind == "file") {
    result.set_key_file(root.key_file.path);
    result.set_key_file_made(!key_was_there);
  }
  return result;
}

std::string WhatToKeep(absl::string_view root_source) {
  if (root_source == "file") {
    return "both, apart from one another. Without the root key nobody can "
           "open\nthe database; with both, anybody can.";
  }
  if (root_source == "pkcs11") {
    return "the database, and the token in its maker's way. Without its key "
           "nobody can\nopen the database: 'tokenvault key source add' makes "
           "a second way in.";
  }
  return "the database; and keep the passphrase where it survives this "
         "machine.\nWithout it nobody can open the database.";
}

std::string ReportOf(const Terminal& terminal, const v1::InitResult& result,
                     const std::string& config_file) {
  Facts facts(10);
  facts.Add("Made", {result.database(), "the database, empty"});
  if (!result.key_file().empty()) {
    facts.Add(result.key_file_made() ? "Made" : "Used",
              {result.key_file(), result.key_file_made()
                                      ? "the root key, mode 0400"
                                      : "the root key that was there"});
  }
  facts.Add("Back up", {WhatToKeep(result.root_source())});
  facts.Add("Next", {absl::StrCat("tokenvaultd",
                                  config_file.empty()
                                      ? ""
                                      : absl::StrCat(" --config ", config_file),
                                  ", as the user that ran this command")});
  return facts.ToText(terminal);
}

int Check(Session& session, const Config& config) {
  const absl::Status found = OpenStore({config.storage.path, false}).status();
  v1::InitCheckResult result;
  // Only a vault that is there can be held by a daemon.
  result.set_in_use(HasReason(found, "STORAGE_BUSY"));
  result.set_initialized(found.ok() || result.in_use());
  if (!result.initialized() && !HasReason(found, "STORAGE_NOT_INITIALIZED")) {
    session.Fail(found, FaultOrigin::kHere);
    return kExitLocalMistake;
  }
  if (!session.PrintedFor(result)) {
    session.terminal().Print(result.in_use() ? "initialized, and in use\n"
                             : result.initialized() ? "initialized\n"
                                                    : "not initialized\n");
  }
  return result.initialized() ? kInitialized : kNotInitialized;
}

}  // namespace

int RunInit(Session& session, const InitOptions& options) {
  ConfigSources sources;
  sources.file = options.config;
  auto config = LoadConfig(sources);
  if (!config.ok()) return session.Fail(config.status(), FaultOrigin::kHere);
  if (options.check) return Check(session, *config);

  const bool key_was_there = Exists(config->root_sources.front().key_file.path);
  MadeFiles made;
  absl::Status status = Make(session, options, *config, made);
  if (!status.ok()) {
    const std::vector<std::string> removed = made.Remove();
    const int code = session.Fail(
        status, FaultOrigin::kHere,
        HasReason(status, "ALREADY_EXISTS")
            ? "this vault is initialized already; nothing was changed"
            : "");
    if (!removed.empty()) {
      session.terminal().Note(
          absl::StrCat("Removed again: ", absl::StrJoin(removed, ", ")));
    }
    return code;
  }
  const v1::InitResult result = ResultOf(*config, key_was_there);
  if (!session.PrintedFor(result)) {
    session.terminal().Print(
        ReportOf(session.terminal(), result, options.config));
  }
  return kExitDone;
}

}  // namespace tokenvault
