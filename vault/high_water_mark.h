#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// How far the audit log had come, kept in a file beside the database and not in
// it: who puts an old copy of the database back is found out at the next start.
//
//   tokenvault high-water mark v1
//   deployment 6f1a…            hex
//   audit-sequence 4711
//   audit-leaf 3c9f…            hex: the leaf's hash of RFC 6962
//   mac …                       base64url: made with a key of this vault
//
// It is behind the log by what was written in the last ten seconds, or the last
// thousand leaves, and never ahead of it. It says nothing of who puts an old
// copy of both back, or removes it: only what is kept on another machine does.
//
// Thread-compatible. All of it needs the keys: VAULT_SEALED.
class HighWaterMark {
 public:
  static constexpr absl::Duration kEvery = absl::Seconds(10);
  static constexpr uint64_t kLeaves = 1000;

  // `path` is of the mark.
  HighWaterMark(const Clock& clock, const Store& store, const KeyKeeper& keys,
                std::string path);

  // Whether the database is the one that the mark was made of, or a later one;
  // also when there is no mark, or one of another vault. DATABASE_ROLLED_BACK,
  // also when the mark was changed; STORAGE_*.
  absl::Status Check() const;
  // Writes how far the log is now. STORAGE_*.
  absl::Status Write();
  // The same when it is time for it. What goes wrong is logged.
  void Keep();

  // What Write would write. STORAGE_*.
  static absl::StatusOr<std::string> TextOf(const Store& store,
                                            const KeyKeeper& keys);

 private:
  const Clock& clock_;
  const Store& store_;
  const KeyKeeper& keys_;
  const std::string path_;
  absl::Duration written_ = -absl::InfiniteDuration();  // since boot
  uint64_t sequence_ = 0;                               // as written last
  bool failing_ = false;
};

}  // namespace tokenvault
