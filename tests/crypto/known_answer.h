#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "crypto/binding.h"
#include "crypto/secret_arena.h"

// What the tests of sealing share: an arena, keys one can read, and the known
// answers of tests/testdata, which were made by another implementation.
namespace tokenvault {

// One known answer, all fields as bytes.
struct KnownAnswer {
  int object = 1;
  std::string key;
  std::string key_id;
  uint32_t key_version = 0;
  std::string nonce;
  std::string context;
  std::string plaintext;
  std::string ad_digest;
  std::string enc_key;
  std::string commitment;
  std::string envelope;
  std::string envelope_sha256;
};

// A record, under a data key.
KnownAnswer RecordKnownAnswer();
// A wrapped data key and a wrapped master key.
std::vector<KnownAnswer> WrapKnownAnswers();

// The place of RecordKnownAnswer().
Binding KnownBinding();
// The place of the first of WrapKnownAnswers().
DataKeyBinding KnownDataKeyBinding();

// The content of a file of tests/testdata.
std::string ReadTestData(const std::string& name);

// 64 KiB: 2048 keys.
std::unique_ptr<SecretArena> NewTestArena();
ArenaKey KeyOf(SecretArena& arena, absl::string_view bytes);
// A key of 32 equal bytes.
ArenaKey KeyOfByte(SecretArena& arena, char byte);

}  // namespace tokenvault
