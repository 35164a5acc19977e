#include "crypto/seal_context.h"

#include <sodium.h>

#include "crypto/big_endian.h"

namespace tokenvault {
namespace {

// The last byte of both is the literal's own NUL.
constexpr char kContextMagic[] = "TKV1ctx";
constexpr char kDigestPurpose[] = "TKV1/aad-digest";
static_assert(sizeof(kDigestPurpose) ==
              crypto_generichash_blake2b_PERSONALBYTES);

constexpr size_t kDigestSize = 32;

template <typename Unsigned>
std::string Encode(Unsigned value) {
  std::string bytes;
  AppendBigEndian(bytes, value);
  return bytes;
}

}  // namespace

SealContext SealContext::ForRecord(const Binding& binding) {
  SealContext context(SealedObject::kRecord, 8);
  context.Add(1, binding.deployment_id)
      .Add(2, binding.tenant.value)
      .Add(3, binding.subject)
      .Add(4, binding.connection)
      .Add(5, binding.issuer)
      .Add(6, binding.purpose)
      .Add(7, Encode<uint64_t>(binding.row_version))
      .Add(8, Encode<uint32_t>(binding.schema));
  return context;
}

SealContext SealContext::ForDataKey(const DataKeyBinding& binding,
                                    uint32_t kek_version) {
  SealContext context(SealedObject::kWrappedDek, 5);
  context.Add(1, binding.deployment_id)
      .Add(2, binding.tenant.value)
      .Add(3, binding.subject)
      .Add(9, binding.dek_id)
      .Add(10, Encode<uint32_t>(kek_version));
  return context;
}

SealContext SealContext::ForMasterKey(absl::string_view deployment_id,
                                      uint32_t kek_version,
                                      absl::string_view source_id) {
  SealContext context(SealedObject::kWrappedKek, 3);
  context.Add(1, deployment_id)
      .Add(10, Encode<uint32_t>(kek_version))
      .Add(11, source_id);
  return context;
}

SealContext SealContext::ForBackup(absl::string_view deployment_id,
                                   uint32_t kek_version,
                                   absl::string_view backup_id) {
  SealContext context(SealedObject::kBackupKey, 3);
  context.Add(1, deployment_id)
      .Add(10, Encode<uint32_t>(kek_version))
      .Add(12, backup_id);
  return context;
}

SealContext::SealContext(SealedObject object, uint16_t field_count)
    : object_(object), bytes_(kContextMagic, sizeof(kContextMagic)) {
  AppendBigEndian(bytes_, field_count);
}

SealContext& SealContext::Add(uint16_t tag, absl::string_view value) {
  AppendBigEndian(bytes_, tag);
  AppendBigEndian(bytes_, static_cast<uint32_t>(value.size()));
  bytes_.append(value.data(), value.size());
  return *this;
}

std::string SealContext::Digest() const {
  std::string digest(kDigestSize, '\0');
  crypto_generichash_blake2b_salt_personal(
      reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
      reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size(),
      nullptr, 0, nullptr,
      reinterpret_cast<const unsigned char*>(kDigestPurpose));
  return digest;
}

}  // namespace tokenvault
