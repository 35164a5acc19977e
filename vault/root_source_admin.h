#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/secret.h"
#include "storage/store.h"
#include "vault/key_keeper.h"
#include "vault/operations.h"
#include "vault/root_sources.h"

namespace tokenvault {

// Which root sources the vault has. Each opens every master key that is in use,
// and one is always left. Thread-safe.
class RootSourceAdmin {
 public:
  RootSourceAdmin(const Clock& clock, Store& store, KeyKeeper& keys,
                  RootSources& sources, Operations& operations);

  struct SourceInfo {
    std::string id;
    std::string kind;
    absl::Time create_time = absl::InfinitePast();  // while it is of no vault
    std::vector<uint32_t> key_versions;             // that it wraps
    // Whether it opens now; ROOT_SOURCE_CLOSED also while it is only
    // configured.
    absl::Status opens;
  };
  // Those of the vault, then those that are only configured. Each is tried.
  absl::StatusOr<std::vector<SourceInfo>> List() const;

  // Wraps every master key in use by a configured source; with `renews`, anew
  // by one that the vault has, whose secret or whose cost is to change.
  // `passphrase` is for that type only. RESOURCE_DENIED when it is not
  // configured, ALREADY_EXISTS, RESOURCE_DENIED when there is none to renew,
  // ROOT_SOURCE_CLOSED, ROOT_KEY_INVALID, VAULT_SEALED, OPERATION_RUNNING.
  absl::Status Add(const std::string& id, const Secret& passphrase, bool renews,
                   const std::string& request_id);

  // Removes it and its wraps, from the files too. ROOT_SOURCE_NEEDED when no
  // other source opens, or when it alone wraps a key that is not destroyed;
  // RESOURCE_DENIED, OPERATION_RUNNING, STORAGE_*: of those, STORAGE_BUSY when
  // it is removed but not yet gone from the files.
  absl::Status Remove(const std::string& id, const std::string& request_id);

 private:
  absl::StatusOr<std::vector<KekWrap>> WrapAllBy(const RootKey& root,
                                                 const std::string& id) const;
  absl::Status CheckOthersDo(const std::string& id) const;

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  RootSources& sources_;
  Operations& operations_;
};

}  // namespace tokenvault
