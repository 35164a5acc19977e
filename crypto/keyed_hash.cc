#include "crypto/keyed_hash.h"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "crypto/big_endian.h"
#include "crypto/bytes.h"

namespace tokenvault {
namespace {

constexpr size_t kHashSize = 32;
constexpr size_t kPurposeSize = crypto_generichash_blake2b_PERSONALBYTES;

}  // namespace

std::string KeyedHash::Hash(absl::string_view purpose,
                            absl::string_view data) const {
  return Hash(purpose, {data});
}

std::string KeyedHash::Hash(
    absl::string_view purpose,
    std::initializer_list<absl::string_view> fields) const {
  // Purposes are constants of ours and the key is there unless somebody moved
  // this object away: both are bugs that must not become a weaker hash.
  if (purpose.size() > kPurposeSize || key_.view().empty()) std::abort();
  unsigned char personal[kPurposeSize] = {};
  if (!purpose.empty()) {
    std::memcpy(personal, purpose.data(), purpose.size());
  }

  crypto_generichash_blake2b_state state;
  crypto_generichash_blake2b_init_salt_personal(
      &state, Bytes(key_.view()), kKeySize, kHashSize, nullptr, personal);
  for (absl::string_view field : fields) {
    std::string length;
    AppendBigEndian(length, static_cast<uint64_t>(field.size()));
    crypto_generichash_blake2b_update(&state, Bytes(length), length.size());
    crypto_generichash_blake2b_update(&state, Bytes(field), field.size());
  }
  std::string hash(kHashSize, '\0');
  crypto_generichash_blake2b_final(
      &state, reinterpret_cast<unsigned char*>(hash.data()), hash.size());
  sodium_memzero(&state, sizeof(state));
  return hash;
}

}  // namespace tokenvault
