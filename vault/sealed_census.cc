#include "vault/sealed_census.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/merkle_tree.h"
#include "base/status_macros.h"
#include "crypto/big_endian.h"
#include "crypto/envelope.h"
#include "crypto/sealer.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

class Census {
 public:
  Census(KeyKeeper& keys, CensusDepth depth) : keys_(keys), depth_(depth) {}

  void Look(const Dek& dek, const SealedByDek& sealed) {
    leaf_.clear();
    leaf_ += dek.dek_id;
    AppendBigEndian(leaf_, dek.kek_version);
    absl::StrAppend(&leaf_, EnvelopeCommitment(dek.wrapped));
    tree_.Append(leaf_);
    ++found_.data_keys_by_version[dek.kek_version];
    absl::StatusOr<std::shared_ptr<const DataKey>> key = keys_.OpenDataKey(dek);
    if (!key.ok()) return Broken(NameOf(dek));
    ++found_.data_keys;
    Open(Sealer(*std::move(key)), sealed);
  }

  SealedCensus Result() && {
    found_.complete = true;
    found_.root = tree_.Root();
    return std::move(found_);
  }
  SealedCensus Stopped() && { return std::move(found_); }

 private:
  static std::string NameOf(const Dek& dek) {
    if (!dek.subject.empty()) {
      return absl::StrCat("data key of users/", dek.subject);
    }
    return dek.tenant.empty()
               ? "data key of the vault"
               : absl::StrCat("data key of tenants/", dek.tenant.value);
  }

  void Open(const Sealer& sealer, const SealedByDek& sealed) {
    const std::string& id = keys_.deployment_id();
    for (const Connection& connection : sealed.connections) {
      const std::string name =
          absl::StrCat("connections/", connection.id.value);
      absl::StatusOr<Secret> opened = sealer.Open(
          connection.sealed_refresh_token, RefreshTokenBinding(id, connection));
      if (opened.ok() && IsOlder(connection, sealed)) {
        Broken(absl::StrCat("an older copy of ", name));
      } else {
        Count(opened, name);
      }
      if (depth_ == CensusDepth::kOneRecordEach) return;
    }
    for (const OAuthFlow& flow : sealed.flows) {
      Count(sealer.Open(flow.sealed_verifier, FlowVerifierBinding(id, flow)),
            absl::StrCat("a browser's way to providers/", flow.provider.value));
      if (depth_ == CensusDepth::kOneRecordEach) return;
    }
    if (sealed.signing_key.has_value()) {
      Count(sealer.Open(sealed.signing_key->sealed_seed,
                        SigningSeedBinding(id, *sealed.signing_key)),
            "signing key");
    }
  }

  // Whether the audit log says that another envelope was written after it. A
  // row that was put back as a whole opens: its generation is its own.
  static bool IsOlder(const Connection& connection, const SealedByDek& sealed) {
    auto logged = sealed.logged_commitments.find(connection.id);
    return logged != sealed.logged_commitments.end() &&
           logged->second != LoggedCommitment(connection.sealed_refresh_token);
  }

  void Count(const absl::StatusOr<Secret>& opened, const std::string& name) {
    if (!opened.ok()) return Broken(name);
    ++found_.records;
  }

  void Broken(const std::string& name) {
    ++found_.broken_count;
    if (found_.broken.size() < kMostNamed) found_.broken.push_back(name);
  }

  KeyKeeper& keys_;
  const CensusDepth depth_;
  SealedCensus found_;
  MerkleRoot tree_;
  std::string leaf_;
};

}  // namespace

absl::StatusOr<SealedCensus> CountSealed(const Store& store, KeyKeeper& keys,
                                         CensusDepth depth,
                                         absl::FunctionRef<bool()> go_on) {
  Census census(keys, depth);
  const LogLookup lookup = depth == CensusDepth::kAllRecords
                               ? LogLookup::kCommitments
                               : LogLookup::kNone;
  absl::Status visited = store.VisitDataKeys(
      lookup, [&](const Dek& dek, const SealedByDek& sealed) {
        if (!go_on()) return absl::CancelledError();
        census.Look(dek, sealed);
        return absl::OkStatus();
      });
  if (absl::IsCancelled(visited)) return std::move(census).Stopped();
  RETURN_IF_ERROR(visited);
  return std::move(census).Result();
}

}  // namespace tokenvault
