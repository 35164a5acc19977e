#include "tests/crypto/known_answer.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "base/encoding.h"
#include "nlohmann/json.hpp"

namespace tokenvault {
namespace {

KnownAnswer FromJson(const nlohmann::json& json) {
  const auto bytes = [&json](const char* field) {
    return HexDecode(json.at(field).get<std::string>()).value();
  };
  return {.object = json.value("object", 1),
          .key = bytes("key"),
          .key_id = bytes("key_id"),
          .key_version = json.at("key_version").get<uint32_t>(),
          .nonce = bytes("nonce"),
          .context = bytes("context"),
          .plaintext = bytes("plaintext"),
          .ad_digest = bytes("ad_digest"),
          .enc_key = bytes("enc_key"),
          .commitment = bytes("commitment"),
          .envelope = bytes("envelope"),
          .envelope_sha256 = bytes("envelope_sha256")};
}

}  // namespace

KnownAnswer RecordKnownAnswer() {
  return FromJson(
      nlohmann::json::parse(ReadTestData("tkv1-known-answer.json")));
}

std::vector<KnownAnswer> WrapKnownAnswers() {
  std::vector<KnownAnswer> answers;
  for (const nlohmann::json& answer :
       nlohmann::json::parse(ReadTestData("tkv1-wraps-known-answer.json"))) {
    answers.push_back(FromJson(answer));
  }
  return answers;
}

Binding KnownBinding() {
  return {
      .deployment_id = HexDecode("00112233445566778899aabbccddeeff").value(),
      .tenant = TenantId("tenant-a"),
      .subject = "user-1",
      .connection = "conn-42",
      .issuer = "https://issuer.example",
      .purpose = "refresh_token",
      .row_version = 7,
      .schema = 1};
}

DataKeyBinding KnownDataKeyBinding() {
  return {
      .deployment_id = HexDecode("00112233445566778899aabbccddeeff").value(),
      .tenant = TenantId("tenant-a"),
      .subject = "user-1",
      .dek_id = HexDecode("404142434445464748494a4b4c4d4e4f").value()};
}

std::string ReadTestData(const std::string& name) {
  std::ifstream file(
      std::string(TOKENVAULT_SOURCE_DIR) + "/tests/testdata/" + name,
      std::ios::binary);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

std::unique_ptr<SecretArena> NewTestArena() {
  return SecretArena::Create(size_t{64} << 10).value();
}

ArenaKey KeyOf(SecretArena& arena, absl::string_view bytes) {
  return ArenaKey::From(arena, Secret::Copy(bytes)).value();
}

ArenaKey KeyOfByte(SecretArena& arena, char byte) {
  return KeyOf(arena, std::string(kKeySize, byte));
}

}  // namespace tokenvault
