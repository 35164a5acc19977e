#include "crypto/argon2_params.h"

#include <optional>

#include "base/encoding.h"
#include "base/errors.h"
#include "crypto/random.h"
#include "nlohmann/json.hpp"

namespace tokenvault {
namespace {

constexpr size_t kSaltSize = 16;
constexpr uint64_t kMinOps = 1;
constexpr uint64_t kMaxOps = 16;
constexpr uint64_t kMinMemory = uint64_t{64} << 20;
constexpr uint64_t kMaxMemory = uint64_t{4} << 30;
constexpr char kAlgorithm[] = "argon2id13";

}  // namespace

Argon2Params Argon2Params::New() {
  Argon2Params params;
  params.salt = RandomBytes(kSaltSize);
  return params;
}

absl::StatusOr<Argon2Params> Argon2Params::FromJson(absl::string_view json) {
  const absl::Status invalid = errors::RootKeyInvalid(
      "the stored parameters of the passphrase are not ours, or out of bounds");
  const nlohmann::json object =
      nlohmann::json::parse(json.begin(), json.end(), /*cb=*/nullptr,
                            /*allow_exceptions=*/false);
  if (!object.is_object() || object.size() != 4) return invalid;
  const auto algorithm = object.find("algorithm");
  const auto salt = object.find("salt");
  const auto ops = object.find("ops");
  const auto mem_bytes = object.find("mem_bytes");
  if (algorithm == object.end() || *algorithm != kAlgorithm ||
      salt == object.end() || !salt->is_string() || ops == object.end() ||
      !ops->is_number_unsigned() || mem_bytes == object.end() ||
      !mem_bytes->is_number_unsigned()) {
    return invalid;
  }
  const std::optional<std::string> salt_bytes =
      HexDecode(salt->get_ref<const std::string&>());
  if (!salt_bytes.has_value()) return invalid;
  const Argon2Params params = {.salt = *salt_bytes,
                               .ops = ops->get<uint64_t>(),
                               .mem_bytes = mem_bytes->get<uint64_t>()};
  if (!params.InBounds()) return invalid;
  return params;
}

std::string Argon2Params::ToJson() const {
  return nlohmann::json{{"algorithm", kAlgorithm},
                        {"salt", HexEncode(salt)},
                        {"ops", ops},
                        {"mem_bytes", mem_bytes}}
      .dump();
}

bool Argon2Params::InBounds() const {
  return salt.size() == kSaltSize && ops >= kMinOps && ops <= kMaxOps &&
         mem_bytes >= kMinMemory && mem_bytes <= kMaxMemory;
}

}  // namespace tokenvault
