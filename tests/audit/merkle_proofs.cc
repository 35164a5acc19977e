// Answers, a line a question, what base/merkle_tree makes of the leaves "0",
// "1", …, so that others can judge it (tests/audit/proofs.mjs):
//
//   merkle_proofs LEAVES
//   root SIZE | inclusion INDEX SIZE | consistency OLD SIZE
//
// An answer is hashes in hex with spaces between, or "error".
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/merkle_tree.h"

namespace tokenvault {
namespace {

// All full subtrees over those leaves: hashes one behind the other, by level.
class Subtrees {
 public:
  explicit Subtrees(uint64_t leaves) {
    std::string level;
    for (uint64_t i = 0; i < leaves; ++i) {
      level += MerkleLeafHash(std::to_string(i));
    }
    while (!level.empty()) {
      std::string above;
      for (size_t at = 0; at + 2 * kSha256Size <= level.size();
           at += 2 * kSha256Size) {
        above += MerkleNodeHash(level.substr(at, kSha256Size),
                                level.substr(at + kSha256Size, kSha256Size));
      }
      levels_.push_back(std::move(level));
      level = std::move(above);
    }
  }

  absl::StatusOr<std::string> At(int level, uint64_t index) const {
    const size_t at = index * kSha256Size;
    if (level >= static_cast<int>(levels_.size()) ||
        at >= levels_[level].size()) {
      return errors::NotFound("subtree");
    }
    return levels_[level].substr(at, kSha256Size);
  }

 private:
  std::vector<std::string> levels_;
};

absl::StatusOr<std::vector<std::string>> Answer(const std::string& line,
                                                const Subtrees& subtrees) {
  std::istringstream words(line);
  std::string word;
  uint64_t a = 0;
  uint64_t b = 0;
  words >> word >> a >> b;
  const auto nodes = [&](int level, uint64_t index) {
    return subtrees.At(level, index);
  };
  if (word == "inclusion") return MerkleInclusionProof(a, b, nodes);
  if (word == "consistency") return MerkleConsistencyProof(a, b, nodes);
  const absl::StatusOr<std::string> root = MerkleRootOf(a, nodes);
  if (!root.ok()) return root.status();
  return std::vector<std::string>{*root};
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  const tokenvault::Subtrees subtrees(std::strtoull(argv[1], nullptr, 10));
  // Many questions come at once: answers leave when there are no more.
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  for (std::string line; std::getline(std::cin, line);) {
    const auto hashes = tokenvault::Answer(line, subtrees);
    if (!hashes.ok()) {
      std::cout << "error";
    } else {
      for (const std::string& hash : *hashes) {
        std::cout << tokenvault::HexEncode(hash) << ' ';
      }
    }
    std::cout << '\n';
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();
  }
  return 0;
}
