// The token form of RootKey: random, and kept encrypted by a key that never
// leaves a PKCS#11 token.
//
//   params = {"mechanism": "AES-GCM", "root_key": hex of what the token gave}
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "crypto/root_key.h"

namespace tokenvault {
namespace {

constexpr char kMechanism[] = "AES-GCM";

// So that what one source stored opens for no other.
std::string TokenContext(absl::string_view source_id) {
  return absl::StrCat("TKV1/token-root-key ", source_id);
}

}  // namespace

absl::StatusOr<std::string> RootKey::CreateOnToken(
    const Pkcs11Key& key, absl::string_view source_id) {
  RETURN_IF_ERROR(MakeTokenKey(key));
  const Secret root(RandomBytes(kKeySize));
  ASSIGN_OR_RETURN(std::string encrypted,
                   EncryptByToken(key, TokenContext(source_id), root));
  return nlohmann::json{{"mechanism", kMechanism},
                        {"root_key", HexEncode(encrypted)}}
      .dump();
}

absl::StatusOr<RootKey> RootKey::FromToken(SecretArena& arena,
                                           const Pkcs11Key& key,
                                           absl::string_view source_id,
                                           absl::string_view params) {
  const absl::Status invalid = errors::RootKeyInvalid(
      "the stored parameters of the token's root key are not ours");
  const nlohmann::json object =
      nlohmann::json::parse(params.begin(), params.end(), /*cb=*/nullptr,
                            /*allow_exceptions=*/false);
  if (!object.is_object() || object.size() != 2) return invalid;
  const auto mechanism = object.find("mechanism");
  const auto root_key = object.find("root_key");
  if (mechanism == object.end() || *mechanism != kMechanism ||
      root_key == object.end() || !root_key->is_string()) {
    return invalid;
  }
  const std::optional<std::string> encrypted =
      HexDecode(root_key->get_ref<const std::string&>());
  if (!encrypted.has_value()) return invalid;
  ASSIGN_OR_RETURN(Secret root,
                   DecryptByToken(key, TokenContext(source_id), *encrypted));
  ASSIGN_OR_RETURN(ArenaKey in_arena, ArenaKey::From(arena, root));
  return RootKey(std::move(in_arena));
}

}  // namespace tokenvault
