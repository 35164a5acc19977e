#include "verify/proof_check.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/merkle_tree.h"
#include "base/status_macros.h"
#include "crypto/checkpoint.h"
#include "crypto/log_proof.h"

namespace tokenvault {

absl::StatusOr<ProvenLeaf> CheckProof(
    absl::string_view text, const std::optional<std::string>& leaf,
    const NoteVerifier& log, const std::vector<WitnessKey>& witnesses) {
  ASSIGN_OR_RETURN(const LogProof proof, LogProof::Parse(text));
  ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                   OpenCheckpoint(proof.checkpoint, log));
  if (!leaf.has_value() && !proof.extra.has_value()) {
    return errors::FieldInvalid("leaf", "is not in the proof: give it");
  }
  if (leaf.has_value() && proof.extra.has_value() && *leaf != *proof.extra) {
    return errors::FieldInvalid("leaf", "is not the one in the proof");
  }
  ASSIGN_OR_RETURN(
      const std::string root,
      RootOfInclusion(MerkleLeafHash(leaf.has_value() ? *leaf : *proof.extra),
                      proof.index, checkpoint.size, proof.hashes));
  if (root != checkpoint.root) {
    return errors::FieldInvalid("proof", "does not lead to the checkpoint");
  }
  ProvenLeaf proven{proof.index + 1, checkpoint.size, {}};
  for (const WitnessKey& witness : witnesses) {
    ASSIGN_OR_RETURN(const auto time, CosignedAt(proof.checkpoint, witness));
    if (time.has_value()) {
      proven.witnesses.push_back({witness.name, checkpoint.size, *time});
    }
  }
  return proven;
}

std::string ProofJson(const absl::StatusOr<ProvenLeaf>& proven) {
  nlohmann::ordered_json json = {{"ok", proven.ok()}};
  if (!proven.ok()) {
    json["problem"] = std::string(proven.status().message());
    return absl::StrCat(json.dump(), "\n");
  }
  json["leaf"] = proven->number;
  json["size"] = proven->size;
  json["witnesses"] = nlohmann::ordered_json::array();
  for (const Vouched& vouched : proven->witnesses) {
    json["witnesses"].push_back(
        {{"by", Printable(vouched.by)}, {"at", TimeText(vouched.at)}});
  }
  return absl::StrCat(json.dump(), "\n");
}

}  // namespace tokenvault
