#include "crypto/cosignature.h"

#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/big_endian.h"
#include "crypto/bytes.h"
#include "crypto/note_format.h"

namespace tokenvault {
namespace {

constexpr NoteKeyType kCosigns = NoteKeyType::kCosignature;
constexpr size_t kTimeSize = 8;
constexpr uint64_t kLatest = std::numeric_limits<int64_t>::max();

// Nothing when it does not hold.
std::optional<absl::Time> TimeOfCosignature(const std::string& signature,
                                            const std::string& text,
                                            const WitnessKey& witness) {
  if (signature.size() != kTimeSize + crypto_sign_BYTES) return std::nullopt;
  const uint64_t seconds = uint64_t{ReadBigEndian32(signature.data())} << 32 |
                           ReadBigEndian32(signature.data() + 4);
  const std::string message =
      absl::StrCat("cosignature/v1\ntime ", seconds, "\n", text);
  if (seconds > kLatest ||
      crypto_sign_verify_detached(
          Bytes(absl::string_view(signature).substr(kTimeSize)), Bytes(message),
          message.size(), Bytes(witness.public_key)) != 0) {
    return std::nullopt;
  }
  return absl::FromUnixSeconds(static_cast<int64_t>(seconds));
}

}  // namespace

std::string WitnessKey::ToString() const {
  return NoteKeyToString({name, public_key}, kCosigns);
}

absl::StatusOr<WitnessKey> WitnessKey::Parse(absl::string_view text) {
  ASSIGN_OR_RETURN(NoteKey key, ParseNoteKey(text, kCosigns));
  return WitnessKey{std::move(key.name), std::move(key.public_key)};
}

absl::StatusOr<std::optional<absl::Time>> CosignedAt(
    absl::string_view note, const WitnessKey& witness) {
  ASSIGN_OR_RETURN(const NoteParts parts, SplitNote(note));
  const std::string key_id =
      NoteKeyId(witness.name, kCosigns, witness.public_key);
  std::optional<absl::Time> first;
  for (const NoteSignature& line : parts.signatures) {
    if (line.name != witness.name || line.key_id != key_id) continue;
    const std::optional<absl::Time> time =
        TimeOfCosignature(line.signature, parts.text, witness);
    if (!time.has_value()) {
      return errors::FieldInvalid("note", "has a cosignature that is false");
    }
    if (!first.has_value() || *time < *first) first = time;
  }
  return first;
}

}  // namespace tokenvault
