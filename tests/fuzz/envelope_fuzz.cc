// Envelopes come from a database that others can write to. Whatever is in one:
// no crash, no read outside of it, and nothing opens that was not sealed here.
//
// The first byte of the input chooses how it is used; the rest is
//   0: an envelope as it is;
//   1: changes to a good envelope, three bytes each: offset, offset, value;
//   2: a plaintext to seal and open again, and to open in another place.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "base/errors.h"
#include "crypto/envelope.h"
#include "crypto/key_ring.h"
#include "crypto/random.h"
#include "crypto/seal_context.h"
#include "crypto/sealer.h"
#include "crypto/secret_arena.h"

namespace tokenvault {
namespace {

void Require(bool fact) {
  if (!fact) std::abort();
}

// A key of each kind. The bytes are those of the known answers, so that the
// corpus holds envelopes that open.
class Vault {
 public:
  Vault()
      : arena_((Require(InitCrypto().ok()),
                SecretArena::Create(size_t{64} << 10).value())),
        data_key_(std::make_shared<const DataKey>(
            DataKey{RisingBytes(0x40, kKeyIdSize), 3, RisingKey(0x00)})),
        sealer_(data_key_),
        ring_(KeyRing::Of(5, RisingBytes(0x50, kKeyIdSize), RisingKey(0x20))) {}

  void OpenEverywhere(absl::string_view envelope) const {
    const absl::StatusOr<EnvelopeHeader> header = ParseEnvelopeHeader(envelope);
    const absl::StatusOr<Secret> record = sealer_.Open(envelope, RecordPlace());
    const absl::StatusOr<ArenaKey> dek =
        ring_->UnwrapDataKey(*arena_, KeyPlace(), 5, envelope);
    // At most one of them, and only with a good header.
    Require(!(record.ok() && dek.ok()));
    if (record.ok()) {
      Require(header.ok() && header->object == SealedObject::kRecord);
    }
    if (dek.ok()) {
      Require(header.ok() && header->object == SealedObject::kWrappedDek);
    }
    if (!header.ok()) Require(HasReason(header.status(), "SEAL_BROKEN"));
    if (!record.ok()) {
      Require(HasReason(record.status(), "SEAL_BROKEN") ||
              HasReason(record.status(), "KEY_UNKNOWN"));
    }
  }

  void OpenChanged(absl::string_view changes) const {
    std::string envelope =
        sealer_.Seal(Secret::Copy("1//refresh-token-example"), RecordPlace())
            .value();
    const std::string good = envelope;
    for (size_t i = 0; i + 2 < changes.size(); i += 3) {
      const size_t offset = (static_cast<uint8_t>(changes[i]) << 8 |
                             static_cast<uint8_t>(changes[i + 1])) %
                            envelope.size();
      envelope[offset] = changes[i + 2];
    }
    Require(sealer_.Open(envelope, RecordPlace()).ok() == (envelope == good));
  }

  void SealAndOpen(absl::string_view plaintext) const {
    const absl::StatusOr<std::string> envelope =
        sealer_.Seal(Secret::Copy(plaintext), RecordPlace());
    Require(envelope.ok() == (plaintext.size() <= kMaxSealedPlaintext));
    if (!envelope.ok()) return;
    const absl::StatusOr<Secret> opened =
        sealer_.Open(*envelope, RecordPlace());
    Require(opened.ok() && opened->Reveal() == plaintext);
    Binding elsewhere = RecordPlace();
    elsewhere.row_version += 1;
    Require(!sealer_.Open(*envelope, elsewhere).ok());
  }

 private:
  static std::string RisingBytes(int first, size_t size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) {
      bytes.push_back(static_cast<char>(first + i));
    }
    return bytes;
  }
  ArenaKey RisingKey(int first) const {
    return ArenaKey::From(*arena_, Secret(RisingBytes(first, kKeySize)))
        .value();
  }
  static std::string Deployment() {
    return std::string(
        "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
  }
  static Binding RecordPlace() {
    return {.deployment_id = Deployment(),
            .tenant = TenantId("tenant-a"),
            .subject = "user-1",
            .connection = "conn-42",
            .issuer = "https://issuer.example",
            .purpose = "refresh_token",
            .row_version = 7,
            .schema = 1};
  }
  static DataKeyBinding KeyPlace() {
    return {.deployment_id = Deployment(),
            .tenant = TenantId("tenant-a"),
            .subject = "user-1",
            .dek_id = RisingBytes(0x40, kKeyIdSize)};
  }

  const std::unique_ptr<SecretArena> arena_;
  const std::shared_ptr<const DataKey> data_key_;
  const Sealer sealer_;
  const std::shared_ptr<const KeyRing> ring_;
};

}  // namespace
}  // namespace tokenvault

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const vault = new tokenvault::Vault;
  if (size == 0) return 0;
  const absl::string_view rest(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  switch (data[0]) {
    case 0:
      vault->OpenEverywhere(rest);
      break;
    case 1:
      vault->OpenChanged(rest);
      break;
    case 2:
      vault->SealAndOpen(rest);
      break;
    default:
      return -1;  // not worth keeping
  }
  return 0;
}
