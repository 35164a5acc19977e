#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/ids.h"
#include "storage/store.h"
#include "vault/broker.h"
#include "vault/connection_admin.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/operations.h"
#include "vault/refresher.h"
#include "vault/token_cache.h"
#include "vault/upstream_revocations.h"

namespace tokenvault {

// A person as one tenant knows them.
struct Subject {
  TenantId tenant;
  UserId user;
};

// Erases people: after it, nothing in any file of the vault is theirs, and
// nobody can say which leaves of the audit log were about them. Backups of
// before are files of their own (docs/erasure.md).
//
//   1. close    in memory: no token for them and no question to them; one
//               commit: what they have open in browsers is gone
//   2. revoke   each connection here and, once, at its provider; a refresh that
//               is under way is waited for, and the token it brings ended too
//   3. shred    one commit: data key, connections, grants, the name that the
//               audit log has for them; a leaf with counts and no person in it
//   4. scrub    the database, its log and the landing file, until none of what
//               was removed is in them
//
// Only then is it done. Whatever stops it in between, running it again goes on:
// steps 1 and 2 do no harm twice, 3 happens once, and 4 happens every time,
// also for somebody who is not known (any more).
//
// What a provider did not confirm in step 2 is counted and not tried again: the
// token to do it with is shredded.
//
// Thread-safe; one operation at a time.
class Erasure {
 public:
  Erasure(const Clock& clock, Store& store, KeyKeeper& keys,
          const DirectoryHolder& directory, ConnectionAdmin& connections,
          UpstreamRevocations& upstream, Interactions& interactions,
          Refresher& refresher, Broker& broker, TokenCache& cache,
          Operations& operations);

  // Of whom anything is kept, by the vault's id for them, or by the id that
  // they have at their tenant's identity provider. None: not known. STORAGE_*,
  // VAULT_SEALED.
  absl::StatusOr<std::vector<Subject>> Find(const UserId& user) const;
  absl::StatusOr<std::vector<Subject>> FindByIdentity(
      const std::string& subject) const;

  // How much is kept of them. STORAGE_*.
  absl::StatusOr<PersonRows> Count(const std::vector<Subject>& people) const;

  // Erases them. OPERATION_RUNNING. Ends with STORAGE_BUSY when somebody reads
  // what was, so that the files cannot be scrubbed yet: run it again.
  absl::StatusOr<Operation::Progress> Start(std::vector<Subject> people,
                                            const std::string& request_id);

 private:
  absl::Status Erase(Operation& operation, const std::vector<Subject>& people,
                     const std::string& request_id);
  absl::Status EraseOne(Operation& operation, const Subject& person,
                        const std::string& request_id);
  absl::Status Close(const Subject& person, const std::string& request_id);
  absl::StatusOr<std::vector<Connection>> ListAll(const Subject& person) const;
  absl::Status RevokeAll(Operation& operation,
                         const std::vector<Connection>& connections,
                         const std::string& request_id);
  absl::Status Shred(Operation& operation, const Subject& person,
                     const PersonRows& kept,
                     const std::vector<Connection>& connections,
                     const std::string& request_id);
  absl::Status Scrub(Operation& operation);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  const DirectoryHolder& directory_;
  ConnectionAdmin& connections_;
  UpstreamRevocations& upstream_;
  Interactions& interactions_;
  Refresher& refresher_;
  Broker& broker_;
  TokenCache& cache_;
  Operations& operations_;
};

}  // namespace tokenvault
