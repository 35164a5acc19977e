#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "crypto/secret_arena.h"

namespace tokenvault {

// BLAKE2b-256 under a key of ours: what is stored instead of a value that must
// be found again but not read (`state`, cookies, links), and the pseudonyms of
// people. Without the key nobody can tell a guess from a miss.
//
// `purpose` keeps uses apart: one value hashed for two purposes gives two
// unrelated results. It is a constant of at most 16 characters of ours; a
// longer one ends the process.
//
// Immutable but for moving; thread-safe. The arena outlives it.
//
//   KeyedHash hash(std::move(key));
//   flow.state_hash = hash.Hash("oauth-state", state);
//   user = hash.Hash("user", {issuer, subject});
class KeyedHash {
 public:
  explicit KeyedHash(ArenaKey key) : key_(std::move(key)) {}

  // 32 raw bytes. The same as of a list of one.
  std::string Hash(absl::string_view purpose, absl::string_view data) const;
  // Every field goes in with its length, so {"ab", "c"} is not {"a", "bc"}.
  std::string Hash(absl::string_view purpose,
                   std::initializer_list<absl::string_view> fields) const;

 private:
  ArenaKey key_;
};

}  // namespace tokenvault
