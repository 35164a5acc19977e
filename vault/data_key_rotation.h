#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/broker.h"
#include "vault/erasure.h"
#include "vault/key_keeper.h"
#include "vault/operations.h"

namespace tokenvault {

// Whose data keys are to be replaced: those of these people, or if there are
// none, all of a tenant with its own.
struct DataKeyScope {
  TenantId tenant;
  std::vector<Subject> people;
};

// New data keys, and what they seal sealed anew under them, while the vault
// serves: one commit for each data key holds the new one (the next generation,
// another id, wrapped by the active master key) in the place of the old one,
// and every record under it. The store takes no record under the old one from
// then on (storage/sqlite/schema/0004_erasure.sql); who had sealed one is
// refused, opens the new key and seals it again.
//
// A refresh that is under way is waited for: its answer may have landed under
// the old key. One that cannot be settled now, since the disk or its provider
// is away, leaves its person for a later run, by name.
//
// The vault's own data key is not replaced, ever: it makes the keyed hashes by
// which we know people, links and cookies. It seals the seed of the signing
// key.
//
// Running a tenant's again after a crash or Ctrl-C goes on with those that are
// left: the audit log says when it was begun and whether it ended.
//
// Thread-safe; one operation at a time.
class DataKeyRotation {
 public:
  DataKeyRotation(const Clock& clock, Store& store, KeyKeeper& keys,
                  Broker& broker, Operations& operations);

  // How many data keys there are to replace, as rows_total.
  absl::StatusOr<Operation::Progress> Preview(const DataKeyScope& scope) const;
  // OPERATION_RUNNING. It ends with SEAL_BROKEN when something does not open;
  // `broken` names it, and its data key stays as it was.
  absl::StatusOr<Operation::Progress> Start(DataKeyScope scope,
                                            const std::string& request_id);

 private:
  using Visit = absl::FunctionRef<absl::Status(const Dek&)>;

  absl::StatusOr<std::optional<absl::Time>> BegunAt(
      const TenantId& tenant) const;
  absl::Status ForEach(const DataKeyScope& scope,
                       std::optional<absl::Time> begun, Visit visit) const;
  absl::Status Run(Operation& operation, const DataKeyScope& scope,
                   const std::string& request_id);
  absl::Status Note(absl::string_view kind, const DataKeyScope& scope,
                    const std::string& detail, const std::string& request_id);
  absl::Status ReplaceSome(Operation& operation, const std::vector<Dek>& some,
                           const std::string& request_id, int64_t& left);
  absl::Status Replace(Operation& operation, const Dek& dek,
                       const std::string& request_id);
  absl::StatusOr<int64_t> ReplaceOnce(const Dek& dek,
                                      const std::string& request_id);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  Broker& broker_;
  Operations& operations_;
};

}  // namespace tokenvault
