#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"

// Text that says who signed it, in the form of C2SP signed-note: lines, an
// empty line, and "— NAME SIGNATURE". With Ed25519 alone.
namespace tokenvault {

// Who signs, and how to check it. In text: "NAME+KEYID+KEY", the vkey of C2SP.
struct NoteVerifier {
  std::string name;        // without spaces and "+"
  std::string public_key;  // 32 bytes

  std::string ToString() const;
  // FIELD_INVALID on "key"; so is the key of a witness (crypto/cosignature.h).
  static absl::StatusOr<NoteVerifier> Parse(absl::string_view text);
};

struct NoteKeyPair {
  std::string public_key;  // 32 bytes
  Secret seed;             // 32 bytes: what is kept
};
// At random.
NoteKeyPair NewNoteKeyPair();

// `text` and its signature. `text` ends with a line end and holds no empty line
// before it that a reader could take for the end: it is ours. INTERNAL else.
absl::StatusOr<std::string> SignNote(absl::string_view text,
                                     const NoteVerifier& signer,
                                     const Secret& seed);

// The text of `note`, if `verifier` signed it; other signatures beside its own
// are not looked at. FIELD_INVALID on "note": it has another form, or is not
// signed by that key, or not as it stands, or twice.
absl::StatusOr<std::string> OpenNote(absl::string_view note,
                                     const NoteVerifier& verifier);

// `note` with the signature lines of `more`, such as a witness answers, behind
// its own; those it has already are left out. Nobody looks at what they sign.
// FIELD_INVALID on "note" or "signatures".
absl::StatusOr<std::string> AddNoteSignatures(absl::string_view note,
                                              absl::string_view more);

}  // namespace tokenvault
