#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/key_keeper.h"
#include "vault/note_signer.h"
#include "vault/operations.h"
#include "vault/root_sources.h"
#include "vault/sealed_census.h"

namespace tokenvault {

// A new master key, while the vault serves, and the end of the old one.
//
//   0. look     every root source opens the key in use; the disk has room
//   1. create   vN+1 PENDING, wrapped by every root source; read back,
//               unwrapped, compared. (Here is the place for other replicas to
//               say that they hold it; there is one process, and nobody to ask)
//   2. flip     one commit: vN+1 ACTIVE, vN DECRYPT_ONLY; the store takes no
//               data key under an older one any more
//   3. re-wrap  batches of data keys, each with its own precondition
//   4. prove    at one moment no data key is under an older key, and all open
//   5. retire   one commit: the signed proof, the older keys RETIRED, the leaf;
//               the older keys leave memory, so that a use of one is an error
//
// and later, by another word of an operator, Destroy.
//
// The work list is a predicate ("wrapped by an older version"), so a crash or
// Ctrl-C at any point loses nothing: running it again finishes a pending key or
// goes on re-wrapping or proving, and makes a new key only when nothing was
// left over (and never with Extent::kLeftOver).
//
// Thread-safe.
class KeyRotation {
 public:
  // How long a retired key is kept before it can be destroyed: whatever still
  // asks for it, such as a backup that was put back, fails loudly till then and
  // can be helped.
  static constexpr absl::Duration kTripwire = absl::Hours(24);

  KeyRotation(const Clock& clock, Store& store, KeyKeeper& keys,
              const RootSources& roots, NoteSigner& signer,
              Operations& operations);

  // kLeftOver: only what an earlier run left, and never a new key.
  enum class Extent { kAll, kLeftOver };

  // What there is to do, without doing it.
  absl::StatusOr<Operation::Progress> Preview(Extent extent = Extent::kAll);
  // OPERATION_RUNNING, VAULT_SEALED; ROOT_SOURCE_CLOSED, ROOT_KEY_INVALID or
  // STORAGE_FULL when a look beforehand finds a root source that does not open,
  // or a disk without room. It ends with SEAL_BROKEN, and the old keys stay,
  // when something does not open; `broken` of the progress names it.
  absl::StatusOr<Operation::Progress> Start(int rows_per_second,
                                            const std::string& request_id,
                                            Extent extent = Extent::kAll);
  // Opens everything, or one record of each data key, and changes nothing.
  // OPERATION_RUNNING, VAULT_SEALED; ends like Start.
  absl::StatusOr<Operation::Progress> Verify(CensusDepth depth);

  // Removes all wraps of a retired key, from the files too: what it wrapped is
  // then gone for ever, but for copies that have wraps of their own. KEY_IN_USE
  // when it is not retired, for less than kTripwire, still wraps a data key, or
  // a backup that was not forgotten needs it; RESOURCE_DENIED; STORAGE_*, and
  // STORAGE_BUSY when it is destroyed but not yet gone from the files.
  absl::StatusOr<Kek> Destroy(uint32_t version, const std::string& request_id);

  // What the proofs are checked by. Errors of NoteSigner.
  absl::StatusOr<NoteVerifier> ProofVerifier() { return signer_.Verifier(); }

  struct KeyInfo {
    Kek key;
    int64_t data_keys = 0;
    std::vector<std::string> sources;
  };
  absl::StatusOr<std::vector<KeyInfo>> ListKeys() const;

 private:
  absl::Status Rotate(Operation& operation, int rows_per_second,
                      const std::string& request_id, Extent extent);
  absl::StatusOr<uint32_t> PrepareKey(const std::string& request_id,
                                      Extent extent);
  absl::StatusOr<bool> MakesKey(const std::vector<Kek>& keys,
                                Extent extent) const;
  absl::Status Preflight(uint32_t active) const;
  absl::Status Flip(uint32_t version);
  absl::Status Rewrap(Operation& operation, uint32_t version,
                      int rows_per_second);
  absl::StatusOr<Dek> RewrapOne(Dek dek, uint32_t version) const;
  absl::Status Prove(Operation& operation, uint32_t version,
                     const std::string& request_id);
  absl::Status Retire(const SealedCensus& census, uint32_t version,
                      const std::string& request_id);
  absl::StatusOr<SealedCensus> Open(Operation& operation, CensusDepth depth);
  void NoteEnd(Operation& operation);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  const RootSources& roots_;
  NoteSigner& signer_;
  Operations& operations_;
};

}  // namespace tokenvault
