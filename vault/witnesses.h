#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "oauth/http_client.h"
#include "storage/store.h"
#include "vault/audit_tree.h"
#include "vault/note_signer.h"
#include "vault/witness_settings.h"

namespace tokenvault {

// Others remember how our log was, so that nobody can put an old database back,
// or write the past anew, and not be found out.
//
//   beside the database   the newest checkpoint in a small file
//   folder                the newest in ORIGIN.checkpoint, and all of a day in
//                         ORIGIN.DAY.checkpoints, one note after the other
//   url                   C2SP tlog-witness: it signs what grew out of what it
//                         signed before, and nothing else
//
// The file beside the database says nothing of who puts old copies of both
// back, or removes it; what is on another machine does.
//
// Thread-safe. Check and Publish wait for folders and for the network.
class Witnesses {
 public:
  // Between two tries of one that failed, and of one over the network.
  static constexpr absl::Duration kEvery = absl::Seconds(10);
  static constexpr absl::Duration kAgain = absl::Minutes(1);
  static constexpr absl::Duration kTimeout = absl::Seconds(5);

  // `beside` is the path of the file beside the database; "" for none.
  Witnesses(const Clock& clock, Store& store, NoteSigner& signer,
            AuditTree& tree, HttpClient& http,
            std::vector<WitnessSettings> settings, std::string beside);

  // Whether the log is what each of them saw, or grew out of it; the tree has
  // taken all of the log in. Who cannot be asked is logged, and who has nothing
  // of this log yet, or a checkpoint of another vault, is content.
  // DATABASE_ROLLED_BACK; STORAGE_*.
  absl::Status Check();

  // Gives the newest checkpoint to the file beside the database. What goes
  // wrong is logged.
  void PublishBeside();
  // And to all others for whom it is time; whether there are any.
  void Publish();
  bool HasOthers() const { return !settings_.empty(); }
  // What the file beside the database holds from now on: for a log that was
  // rolled back with an operator's word. It is told to folders, too; STORAGE_*.
  absl::Status Accept(const AuditCheckpoint& checkpoint);

  // What became of each, in the order of the configuration.
  struct State {
    std::string id;
    std::string place;  // the folder or the URL
    uint64_t size = 0;  // the newest checkpoint that it has; 0 for none
    absl::Time time = absl::InfinitePast();
    std::string problem;  // "" when the last try was good
  };
  absl::StatusOr<std::vector<State>> List() const;

 private:
  struct Try {
    absl::Duration last = -absl::InfiniteDuration();  // since boot
    std::string problem;
  };

  absl::Status CheckOne(const WitnessSettings& witness);
  absl::Status CheckFile(const std::string& path) const;
  absl::Status PublishTo(const WitnessSettings& witness,
                         const AuditCheckpoint& checkpoint);
  absl::Status AddToCheckpoint(uint64_t size, const std::string& lines);
  absl::Status Note(const WitnessSettings& witness, uint64_t size,
                    const std::string& note);
  absl::StatusOr<std::string> FileIn(const WitnessSettings& witness) const;
  bool IsDue(const WitnessSettings& witness) const;
  void Finish(const WitnessSettings& witness, const absl::Status& status);

  const Clock& clock_;
  Store& store_;
  NoteSigner& signer_;
  AuditTree& tree_;
  HttpClient& http_;
  const std::vector<WitnessSettings> settings_;
  const std::string beside_;

  Mutex publishing_;  // one at a time
  mutable Mutex mutex_;
  std::map<std::string, Try> tries_ ABSL_GUARDED_BY(mutex_);
  uint64_t beside_size_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tokenvault
