#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "oauth/http_client.h"
#include "storage/store.h"
#include "vault/audit_archiver.h"
#include "vault/audit_check.h"
#include "vault/audit_events.h"
#include "vault/audit_exporter.h"
#include "vault/audit_tree.h"
#include "vault/checkpoints.h"
#include "vault/key_keeper.h"
#include "vault/note_signer.h"
#include "vault/operations.h"
#include "vault/witnesses.h"

namespace tokenvault {

// Commits so many leaves that differ, as one batch.
inline absl::Status AppendLeaves(Store& store, absl::Time now, int count) {
  WriteBatch batch;
  for (int i = 0; i < count; ++i) {
    AuditEvent event;
    event.kind = audit_kind::kTokenGranted;
    event.detail = std::to_string(i);
    batch.Append(MakeAuditEntry(event, now));
  }
  return store.Commit(std::move(batch));
}

// A store, what signs its log, who sees it, and what becomes of it.
struct SeenLog {
  struct Places {
    std::vector<WitnessSettings> witnesses = {};
    std::string beside = {};
    std::string archive_folder = {};
    absl::Duration keep = absl::InfiniteDuration();
  };

  SeenLog(const Clock& clock, Store& store, KeyKeeper& keys, HttpClient& http,
          Operations& operations, const Places& places)
      : signer(clock, store, keys),
        tree(store),
        checkpoints(clock, store, signer, tree),
        witnesses(clock, store, signer, tree, http, places.witnesses,
                  places.beside),
        exporter(store, signer, tree, checkpoints),
        check(store, signer, tree, witnesses, exporter, operations),
        archiver(clock, store, signer, tree, witnesses, exporter, operations,
                 places.archive_folder, places.keep) {}

  // As at the opening of a vault.
  absl::Status Check() {
    absl::Status caught_up = checkpoints.CatchUp();
    return caught_up.ok() ? witnesses.Check() : caught_up;
  }

  NoteSigner signer;
  AuditTree tree;
  Checkpoints checkpoints;
  Witnesses witnesses;
  AuditExporter exporter;
  AuditCheck check;
  AuditArchiver archiver;
};

}  // namespace tokenvault
