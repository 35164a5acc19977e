#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/records.h"

namespace tokenvault {

// What a backup says of itself in clear, before anything of it is opened: whose
// it is, what opens it, and what must be in it. As text it is canonical JSON
// (RFC 8785), the same for ever; who changes it makes the first chunk of the
// backup unopenable.
struct BackupManifest {
  // A master key that the database of the backup needs, as one root source
  // wraps it: with that source alone the backup can be opened.
  struct Wrap {
    uint32_t kek_version = 0;
    std::string key_id;  // 16 bytes
    std::string source_id;
    std::string wrapped;  // TKV1 object 03
  };

  std::string backup_id;      // a ULID
  std::string deployment_id;  // 16 bytes
  absl::Time time;
  int schema_version = 0;  // of the database
  std::vector<RootSource> sources;
  std::vector<Wrap> wraps;  // each version by each source

  // The key of the stream: TKV1 object 04, under this master key.
  uint32_t kek_version = 0;
  std::string wrapped_key;

  // What there was at that moment, by opening it.
  int64_t data_keys = 0;
  int64_t records = 0;
  int64_t broken = 0;          // that did not open then, either
  std::string data_keys_root;  // SealedCensus::root
  int64_t connections = 0;     // rows
  // The newest leaf of the audit log; 0 and "" before the first.
  uint64_t audit_sequence = 0;
  std::string audit_leaf_hash;  // of RFC 6962

  uint32_t lowest_kek_version() const;
  uint32_t highest_kek_version() const;

  std::string ToText() const;
  // BACKUP_BROKEN for everything that ToText does not write.
  static absl::StatusOr<BackupManifest> Parse(absl::string_view text);
};

}  // namespace tokenvault
