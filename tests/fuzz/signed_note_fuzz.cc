// A signed note is a file that anybody may have written. Nobody who lacks the
// seed gets a text out of it, and a proof is read in the form we write alone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "crypto/signed_note.h"
#include "vault/rotation_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tokenvault::NoteVerifier;
  using tokenvault::RotationProof;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  // The known note of the tests, whose key everybody has: it alone opens.
  static const auto* const kVerifier = new NoteVerifier(
      *NoteVerifier::Parse("PeterNeumann+c74f20a3+"
                           "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
  auto opened = tokenvault::OpenNote(text, *kVerifier);
  if (opened.ok() && text.substr(0, opened->size()) != *opened) std::abort();
  auto verifier = NoteVerifier::Parse(text);
  if (verifier.ok() && !NoteVerifier::Parse(verifier->ToString()).ok()) {
    std::abort();
  }
  auto proof = RotationProof::Parse(text);
  if (proof.ok() && proof->ToText() != text) std::abort();
  return 0;
}
