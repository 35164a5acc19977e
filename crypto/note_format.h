#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// What signed notes and cosignatures of them share: keys in text, and the lines
// of a note. https://c2sp.org/signed-note
//
//   note      = text, "\n", line, { line }
//   line      = "— ", name, " ", base64(key id, signature), "\n"
//   vkey      = name, "+", hex(key id), "+", base64(type, public key)
//   key id    = the first 4 bytes of SHA-256(name, "\n", type, public key)
//
// A note, a line and a key have one way of being written: base64 with spare
// bits set, for one, is refused, so that nobody can change a byte unseen.
namespace tokenvault {

// The signature type identifier of C2SP.
enum class NoteKeyType : char {
  kEd25519 = 1,
  kCosignature = 4,  // Ed25519 with a time: c2sp.org/tlog-cosignature
};

// Of 4 bytes.
std::string NoteKeyId(absl::string_view name, NoteKeyType type,
                      absl::string_view public_key);

struct NoteKey {
  std::string name;
  std::string public_key;  // 32 bytes
};
// A vkey of that type and no other. FIELD_INVALID on "key".
absl::StatusOr<NoteKey> ParseNoteKey(absl::string_view vkey, NoteKeyType type);
std::string NoteKeyToString(const NoteKey& key, NoteKeyType type);

// Not empty, UTF-8, without "+", spaces of any kind and control characters.
bool IsNoteKeyName(absl::string_view name);

struct NoteSignature {
  std::string name;
  std::string key_id;     // 4 bytes
  std::string signature;  // what it is depends on the type of the key
};
std::string NoteSignatureLine(const NoteSignature& signature);

// A note in its parts, before anybody looked at a signature.
struct NoteParts {
  std::string text;  // with its line end
  std::vector<NoteSignature> signatures;
};
// FIELD_INVALID on "note". No longer than 1 MiB, with 64 signatures at most.
absl::StatusOr<NoteParts> SplitNote(absl::string_view note);

}  // namespace tokenvault
