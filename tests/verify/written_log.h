#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/merkle_tree.h"
#include "crypto/cosignature.h"
#include "crypto/signed_note.h"

namespace tokenvault {

// Signs checkpoints as a witness does.
class TestWitness {
 public:
  explicit TestWitness(const std::string& name);
  const WitnessKey& key() const { return key_; }
  // The line for a note of that text.
  std::string Line(const std::string& text, int64_t seconds) const;

 private:
  WitnessKey key_;
  std::string secret_key_;
};

// A log as the vault would have written it, with a checkpoint at each of these
// sizes; and exports of it.
class WrittenLog {
 public:
  WrittenLog(uint64_t leaves, const std::vector<uint64_t>& checkpoints);

  // Another log of the same key, with the first leaves and their checkpoints of
  // this one.
  WrittenLog Fork(uint64_t common, uint64_t leaves,
                  const std::vector<uint64_t>& checkpoints) const;

  const NoteVerifier& verifier() const { return verifier_; }
  std::string key() const { return verifier_.ToString(); }
  const std::string& note(uint64_t size) const { return notes_.at(size); }
  void Cosign(uint64_t size, const TestWitness& witness, int64_t seconds);
  std::string leaf(uint64_t number) const { return leaves_.at(number - 1); }
  // In the form of crypto/log_proof.h: of a leaf at a checkpoint.
  std::string Proof(uint64_t number, uint64_t size) const;

  // Line 0 is the header.
  std::vector<std::string> Export(uint64_t first = 1, uint64_t last = 0) const;

 private:
  WrittenLog() = default;
  absl::StatusOr<std::string> Node(int level, uint64_t index) const;

  NoteVerifier verifier_;
  std::string seed_;
  std::vector<std::string> leaves_;
  std::vector<MerkleRoot> trees_ = {MerkleRoot()};  // by size
  std::map<uint64_t, std::string> notes_;
};

std::string TextOfLines(const std::vector<std::string>& lines);
// Where in an export from the first leaf that leaf or checkpoint stands.
size_t LineOfLeaf(const std::vector<std::string>& lines, uint64_t number);
size_t LineOfCheckpoint(const std::vector<std::string>& lines, uint64_t size);

}  // namespace tokenvault
