#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "crypto/binding.h"

namespace tokenvault {

// What an envelope holds. Values are on disk: never renumber.
enum class SealedObject : uint8_t {
  kRecord = 1,      // a secret of a row, under a data key
  kWrappedDek = 2,  // a data key, under a master key
  kWrappedKek = 3,  // a master key, under a root key
  kBackupKey = 4,   // the key of one backup, under a master key
};

// The bytes that say where an envelope belongs; what must be there for each
// kind of object is there by construction.
//
//   context = "TKV1ctx" 00 ‖ u16 count ‖ count × field      (all big-endian)
//   field   = u16 tag ‖ u32 length ‖ length bytes           (tags rise)
//
//   tag                 01 record   02 wrapped DEK   03 wrapped KEK   04 backup
//    1 deployment_id        x             x                x             x
//    2 tenant               x             x
//    3 subject              x             x
//    4 connection           x
//    5 issuer               x
//    6 purpose              x
//    7 row_version (u64)    x
//    8 schema (u32)         x
//    9 dek_id                             x
//   10 kek_version (u32)                  x                x             x
//   11 root_source                                         x
//   12 backup id                                                         x
//
// This must not change: everything ever sealed would stop opening.
// A value.
class SealContext {
 public:
  static SealContext ForRecord(const Binding& binding);
  static SealContext ForDataKey(const DataKeyBinding& binding,
                                uint32_t kek_version);
  static SealContext ForMasterKey(absl::string_view deployment_id,
                                  uint32_t kek_version,
                                  absl::string_view source_id);
  static SealContext ForBackup(absl::string_view deployment_id,
                               uint32_t kek_version,
                               absl::string_view backup_id);

  SealedObject object() const { return object_; }
  const std::string& bytes() const { return bytes_; }
  // `ad` of docs/sealed-format.md: 32 bytes of BLAKE2b over bytes().
  std::string Digest() const;

 private:
  SealContext(SealedObject object, uint16_t field_count);
  SealContext& Add(uint16_t tag, absl::string_view value);

  SealedObject object_;
  std::string bytes_;
};

}  // namespace tokenvault
