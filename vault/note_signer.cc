#include "vault/note_signer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

constexpr size_t kIdBytesInName = 4;

NoteVerifier VerifierOf(const SigningKey& key) {
  return {key.name, key.public_key};
}

}  // namespace

absl::StatusOr<NoteVerifier> NoteSigner::Verifier() {
  ASSIGN_OR_RETURN(SigningKey key, Load());
  return VerifierOf(key);
}

absl::StatusOr<std::string> NoteSigner::Sign(absl::string_view text) {
  ASSIGN_OR_RETURN(SigningKey key, Load());
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(TenantId(), ""));
  ASSIGN_OR_RETURN(Secret seed,
                   sealer.Open(key.sealed_seed,
                               SigningSeedBinding(keys_.deployment_id(), key)));
  return SignNote(text, VerifierOf(key), seed);
}

absl::StatusOr<SigningKey> NoteSigner::Load() {
  absl::StatusOr<SigningKey> stored = store_.GetSigningKey();
  if (!HasReason(stored.status(), "NOT_FOUND")) return stored;
  NoteKeyPair pair = NewNoteKeyPair();
  SigningKey key;
  key.name =
      absl::StrCat("tokenvault-",
                   HexEncode(keys_.deployment_id().substr(0, kIdBytesInName)));
  key.public_key = std::move(pair.public_key);
  key.create_time = clock_.Now();
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(TenantId(), ""));
  ASSIGN_OR_RETURN(
      key.sealed_seed,
      sealer.Seal(pair.seed, SigningSeedBinding(keys_.deployment_id(), key)));
  WriteBatch batch;
  batch.Insert(std::move(key));
  absl::Status status = store_.Commit(std::move(batch));
  // Two at once: the first one's stands.
  if (!status.ok() && !HasReason(status, "ALREADY_EXISTS")) return status;
  return store_.GetSigningKey();
}

}  // namespace tokenvault
