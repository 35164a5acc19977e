#include "crypto/signed_note.h"

#include <sodium.h>

#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "crypto/bytes.h"

namespace tokenvault {
namespace {

constexpr char kEd25519 = '\x01';  // the algorithm, in C2SP's numbers
constexpr size_t kNoteKeyIdSize = 4;
constexpr size_t kLongestNote = size_t{1} << 20;
// Before a signature: an em dash and a space.
constexpr absl::string_view kSignedBy = "\xe2\x80\x94 ";

static_assert(crypto_sign_PUBLICKEYBYTES == 32);
static_assert(crypto_sign_SEEDBYTES == 32);

std::string TypedKey(const NoteVerifier& verifier) {
  return absl::StrCat(absl::string_view(&kEd25519, 1), verifier.public_key);
}

std::string KeyId(const NoteVerifier& verifier) {
  return Sha256(absl::StrCat(verifier.name, "\n", TypedKey(verifier)))
      .substr(0, kNoteKeyIdSize);
}

bool IsKeyName(absl::string_view name) {
  return !name.empty() &&
         name.find_first_of("+ \t\r\n") == absl::string_view::npos;
}

absl::Status NotANote(absl::string_view problem) {
  return errors::FieldInvalid("note", problem);
}

}  // namespace

std::string NoteVerifier::ToString() const {
  return absl::StrCat(name, "+", absl::BytesToHexString(KeyId(*this)), "+",
                      absl::Base64Escape(TypedKey(*this)));
}

absl::StatusOr<NoteVerifier> NoteVerifier::Parse(absl::string_view text) {
  const std::vector<std::string> parts =
      absl::StrSplit(absl::StripAsciiWhitespace(text), absl::MaxSplits('+', 2));
  std::string typed;
  if (parts.size() != 3 || !IsKeyName(parts[0]) ||
      !absl::Base64Unescape(parts[2], &typed) ||
      typed.size() != 1 + crypto_sign_PUBLICKEYBYTES || typed[0] != kEd25519) {
    return errors::FieldInvalid("key", "is not NAME+KEYID+KEY of Ed25519");
  }
  NoteVerifier verifier{parts[0], typed.substr(1)};
  if (absl::BytesToHexString(KeyId(verifier)) != parts[1]) {
    return errors::FieldInvalid("key", "has an id that is not of this key");
  }
  return verifier;
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
      seed.size() != crypto_sign_SEEDBYTES || !IsKeyName(signer.name)) {
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
      text, "\n", kSignedBy, signer.name, " ",
      absl::Base64Escape(absl::StrCat(KeyId(signer), signature)), "\n");
}

absl::StatusOr<std::string> OpenNote(absl::string_view note,
                                     const NoteVerifier& verifier) {
  if (note.size() > kLongestNote) return NotANote("is too long");
  const size_t split = note.rfind("\n\n");
  if (split == absl::string_view::npos || !absl::EndsWith(note, "\n")) {
    return NotANote("has no signature");
  }
  const absl::string_view text = note.substr(0, split + 1);
  const std::string key_id = KeyId(verifier);
  bool signed_by_key = false;
  for (absl::string_view line :
       absl::StrSplit(note.substr(split + 2), '\n', absl::SkipEmpty())) {
    if (!absl::ConsumePrefix(&line, kSignedBy)) {
      return NotANote("has a line among its signatures that is none");
    }
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    std::string bytes;
    if (!IsKeyName(parts.first) ||
        !absl::Base64Unescape(parts.second, &bytes)) {
      return NotANote("has a signature that is none");
    }
    if (parts.first != verifier.name ||
        bytes.substr(0, kNoteKeyIdSize) != key_id) {
      continue;
    }
    if (bytes.size() != kNoteKeyIdSize + crypto_sign_BYTES ||
        crypto_sign_verify_detached(
            Bytes(absl::string_view(bytes).substr(kNoteKeyIdSize)), Bytes(text),
            text.size(), Bytes(verifier.public_key)) != 0) {
      return NotANote("was changed after it was signed, or was never signed");
    }
    signed_by_key = true;
  }
  if (!signed_by_key) return NotANote("is not signed by this key");
  return std::string(text);
}

}  // namespace tokenvault
