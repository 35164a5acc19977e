// The beginning of a backup is read before anything of it is proved. Whatever
// it is, it is read in the form that we write alone, and nothing else happens.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "vault/backup_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tokenvault::BackupManifest;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  auto beginning = tokenvault::ParseBackupBeginning(text);
  if (beginning.ok()) {
    if (beginning->size > size) std::abort();
    const std::string written = beginning->manifest.ToText();
    if (text.find(written) != 12) std::abort();
  }
  auto manifest = BackupManifest::Parse(text);
  if (manifest.ok() && manifest->ToText() != text) std::abort();
  return 0;
}
