#include "tests/verify/written_log.h"

#include <sodium.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/secret.h"
#include "crypto/audit_export.h"
#include "crypto/big_endian.h"
#include "crypto/bytes.h"
#include "crypto/checkpoint.h"
#include "crypto/log_proof.h"
#include "crypto/note_format.h"

namespace tokenvault {

TestWitness::TestWitness(const std::string& name) {
  key_.name = name;
  key_.public_key.resize(crypto_sign_PUBLICKEYBYTES);
  secret_key_.resize(crypto_sign_SECRETKEYBYTES);
  crypto_sign_keypair(Bytes(key_.public_key), Bytes(secret_key_));
}

std::string TestWitness::Line(const std::string& text, int64_t seconds) const {
  const std::string message =
      absl::StrCat("cosignature/v1\ntime ", seconds, "\n", text);
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Bytes(signature), nullptr, Bytes(message),
                       message.size(), Bytes(secret_key_));
  std::string time;
  AppendBigEndian(time, static_cast<uint64_t>(seconds));
  return NoteSignatureLine(
      {key_.name,
       NoteKeyId(key_.name, NoteKeyType::kCosignature, key_.public_key),
       time + signature});
}

WrittenLog::WrittenLog(uint64_t leaves,
                       const std::vector<uint64_t>& checkpoints) {
  seed_ = std::string(crypto_sign_SEEDBYTES, 's');
  verifier_.name = "tokenvault-test";
  verifier_.public_key.resize(crypto_sign_PUBLICKEYBYTES);
  std::string secret_key(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_seed_keypair(Bytes(verifier_.public_key), Bytes(secret_key),
                           Bytes(absl::string_view(seed_)));
  *this = Fork(0, leaves, checkpoints);
}

WrittenLog WrittenLog::Fork(uint64_t common, uint64_t leaves,
                            const std::vector<uint64_t>& checkpoints) const {
  WrittenLog fork;
  fork.verifier_ = verifier_;
  fork.seed_ = seed_;
  const std::string life = common == 0 ? "true" : "fork";
  for (uint64_t number = 1; number <= leaves; ++number) {
    const std::string leaf =
        number <= common
            ? leaves_[number - 1]
            : absl::StrCat(R"({"action":"token.granted","request_id":"r-)",
                           life, number, R"("})");
    fork.leaves_.push_back(leaf);
    MerkleRoot tree = fork.trees_.back();
    tree.Append(leaf);
    fork.trees_.push_back(std::move(tree));
  }
  for (const uint64_t size : checkpoints) {
    const Checkpoint checkpoint{verifier_.name, size,
                                fork.trees_.at(size).Root()};
    fork.notes_[size] =
        *SignNote(checkpoint.ToText(), verifier_, Secret(std::string(seed_)));
  }
  return fork;
}

void WrittenLog::Cosign(uint64_t size, const TestWitness& witness,
                        int64_t seconds) {
  std::string& note = notes_.at(size);
  note += witness.Line(SplitNote(note)->text, seconds);
}

absl::StatusOr<std::string> WrittenLog::Node(int level, uint64_t index) const {
  MerkleRoot tree;
  for (uint64_t i = index << level; i < (index + 1) << level; ++i) {
    tree.Append(leaves_.at(i));
  }
  return tree.Root();
}

std::string WrittenLog::Proof(uint64_t number, uint64_t size) const {
  const auto nodes = [this](int level, uint64_t index) {
    return Node(level, index);
  };
  return LogProof{leaf(number), number - 1,
                  *MerkleInclusionProof(number - 1, size, nodes), note(size)}
      .ToText();
}

std::vector<std::string> WrittenLog::Export(uint64_t first,
                                            uint64_t last) const {
  if (last == 0) last = leaves_.size();
  std::vector<std::string> lines = {ExportHeaderLine(
      {verifier_.name, key(), first, last, trees_.at(first - 1).subtrees()})};
  const auto put = [&](uint64_t size) {
    const auto it = notes_.find(size);
    if (it == notes_.end()) return;
    lines.push_back(
        ExportCheckpointLine({it->second, trees_.at(size).subtrees(), {}}));
  };
  put(first - 1);
  for (uint64_t number = first; number <= last; ++number) {
    lines.push_back(leaf(number));
    put(number);
  }
  const auto beyond = notes_.upper_bound(last);
  if (notes_.count(last) == 0 && beyond != notes_.end()) {
    const auto nodes = [this](int level, uint64_t index) {
      return Node(level, index);
    };
    lines.push_back(ExportCheckpointLine(
        {beyond->second,
         {},
         *MerkleConsistencyProof(last, beyond->first, nodes)}));
  }
  return lines;
}

std::string TextOfLines(const std::vector<std::string>& lines) {
  return absl::StrCat(absl::StrJoin(lines, "\n"), "\n");
}

size_t LineOfLeaf(const std::vector<std::string>& lines, uint64_t number) {
  size_t at = 0;
  while (number > 0) {
    if (!IsExportCheckpoint(lines.at(++at))) --number;
  }
  return at;
}

size_t LineOfCheckpoint(const std::vector<std::string>& lines, uint64_t size) {
  const std::string begin =
      absl::StrCat("{\"checkpoint\":\"tokenvault-test\\n", size, "\\n");
  size_t at = 0;
  while (!absl::StartsWith(lines.at(at), begin)) ++at;
  return at;
}

}  // namespace tokenvault
