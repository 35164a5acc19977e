#include "crypto/signed_note.h"

#include <sodium.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/bytes.h"
#include "crypto/note_format.h"

namespace tokenvault {
namespace {

constexpr NoteKeyType kSigns = NoteKeyType::kEd25519;

static_assert(crypto_sign_PUBLICKEYBYTES == 32);
static_assert(crypto_sign_SEEDBYTES == 32);

std::string KeyId(const NoteVerifier& verifier) {
  return NoteKeyId(verifier.name, kSigns, verifier.public_key);
}

absl::Status CannotOpen(absl::string_view problem) {
  return errors::FieldInvalid("note", problem);
}

}  // namespace

std::string NoteVerifier::ToString() const {
  return NoteKeyToString({name, public_key}, kSigns);
}

absl::StatusOr<NoteVerifier> NoteVerifier::Parse(absl::string_view text) {
  ASSIGN_OR_RETURN(NoteKey key, ParseNoteKey(text, kSigns));
  return NoteVerifier{std::move(key.name), std::move(key.public_key)};
}

NoteKeyPair NewNoteKeyPair() {
  NoteKeyPair pair;
  pair.public_key.resize(crypto_sign_PUBLICKEYBYTES);
  pair.seed = Secret::OfSize(crypto_sign_SEEDBYTES);
  randombytes_buf(Bytes(pair.seed), pair.seed.size());
  Secret secret_key = Secret::OfSize(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(Bytes(pair.public_key), Bytes(secret_key),
                           Bytes(pair.seed.Reveal()));
  return pair;
}

absl::StatusOr<std::string> SignNote(absl::string_view text,
                                     const NoteVerifier& signer,
                                     const Secret& seed) {
  if (!absl::EndsWith(text, "\n") || absl::StrContains(text, "\n\n") ||
      seed.size() != crypto_sign_SEEDBYTES || !IsNoteKeyName(signer.name)) {
    return errors::Internal("this cannot become a signed note");
  }
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  Secret secret_key = Secret::OfSize(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(Bytes(public_key), Bytes(secret_key),
                           Bytes(seed.Reveal()));
  if (public_key != signer.public_key) {
    return errors::Internal("the seed is of another signing key");
  }
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Bytes(signature), nullptr, Bytes(text), text.size(),
                       Bytes(secret_key.Reveal()));
  return absl::StrCat(
      text, "\n", NoteSignatureLine({signer.name, KeyId(signer), signature}));
}

absl::StatusOr<std::string> OpenNote(absl::string_view note,
                                     const NoteVerifier& verifier) {
  ASSIGN_OR_RETURN(NoteParts parts, SplitNote(note));
  const std::string key_id = KeyId(verifier);
  bool signed_by_key = false;
  for (const NoteSignature& line : parts.signatures) {
    if (line.name != verifier.name || line.key_id != key_id) continue;
    if (signed_by_key) return CannotOpen("is signed twice by this key");
    if (line.signature.size() != crypto_sign_BYTES ||
        crypto_sign_verify_detached(Bytes(line.signature), Bytes(parts.text),
                                    parts.text.size(),
                                    Bytes(verifier.public_key)) != 0) {
      return CannotOpen("was changed after it was signed, or was never signed");
    }
    signed_by_key = true;
  }
  if (!signed_by_key) return CannotOpen("is not signed by this key");
  return std::move(parts.text);
}

absl::StatusOr<std::string> AddNoteSignatures(absl::string_view note,
                                              absl::string_view more) {
  ASSIGN_OR_RETURN(const NoteParts parts, SplitNote(note));
  // Read as the end of a note of its own, and then both as one.
  const auto added = SplitNote(absl::StrCat(parts.text, "\n", more));
  if (!added.ok() || added->text != parts.text) {
    return errors::FieldInvalid("signatures", "are not lines of signatures");
  }
  std::string all(note);
  for (const NoteSignature& signature : added->signatures) {
    const std::string line = NoteSignatureLine(signature);
    if (!absl::StrContains(all, absl::StrCat("\n", line))) {
      absl::StrAppend(&all, line);
    }
  }
  RETURN_IF_ERROR(SplitNote(all).status());
  return all;
}

}  // namespace tokenvault
