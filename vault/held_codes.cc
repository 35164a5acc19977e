#include "vault/held_codes.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "vault/bindings.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

// One line each of verifier, nonce and hints, and the code after them: the only
// one of the four that a stranger writes as they like.
Secret Pack(const ReturnedCode& code) {
  const std::string hints =
      nlohmann::json(code.hints)
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return Secret(absl::StrCat(code.verifier.Reveal(), "\n", code.nonce, "\n",
                             hints, "\n", code.code.Reveal()));
}

absl::StatusOr<ReturnedCode> Unpack(const Secret& packed) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(packed.Reveal(), absl::MaxSplits('\n', 3));
  if (parts.size() != 4) return errors::StorageCorrupt();
  ReturnedCode code;
  code.verifier = Secret::Copy(parts[0]);
  code.nonce = std::string(parts[1]);
  const auto hints =
      nlohmann::json::parse(parts[2], nullptr, /*allow_exceptions=*/false);
  if (!hints.is_object()) return errors::StorageCorrupt();
  code.hints = hints.get<std::map<std::string, std::string>>();
  code.code = Secret::Copy(parts[3]);
  return code;
}

}  // namespace

HeldCodes::HeldCodes(const Clock& clock, Store& store, KeyKeeper& keys)
    : clock_(clock), store_(store), keys_(keys), flows_(clock, store, keys) {}

// Which trip, and the proof that we gave it out.
absl::StatusOr<std::string> HeldCodes::ConnectCodeOf(
    const OAuthFlow& flow) const {
  const std::string trip = HexEncode(flow.state_hash);
  ASSIGN_OR_RETURN(const std::string proof, keys_.Derive("connect-code", trip));
  return absl::StrCat(trip, ".", proof);
}

absl::StatusOr<std::string> HeldCodes::Hold(OAuthFlow flow,
                                            const ReturnedCode& code) {
  flow.code_held = true;
  flow.expire_time = clock_.Now() + kLifetime;
  const Secret packed = Pack(code);
  absl::Status status;
  // Again when the tenant's data key was replaced meanwhile.
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(flow.tenant, ""));
    ASSIGN_OR_RETURN(
        flow.sealed_verifier,
        sealer.Seal(packed, FlowVerifierBinding(keys_.deployment_id(), flow)));
    WriteBatch batch;
    batch.Update(flow);
    status = store_.Commit(std::move(batch));
    if (!HasReason(status, "VERSION_CONFLICT")) break;
    keys_.Forget(flow.tenant, "");
    ASSIGN_OR_RETURN(OAuthFlow now, store_.GetFlow(flow.state_hash));
    flow.version = now.version;
  }
  RETURN_IF_ERROR(status);
  return ConnectCodeOf(flow);
}

absl::StatusOr<HeldCodes::Taken> HeldCodes::Take(
    const Interaction& question, absl::string_view connect_code) {
  Taken taken;
  taken.failed = "connect_code";
  std::optional<std::string> state_hash =
      HexDecode(connect_code.substr(0, connect_code.find('.')));
  if (!state_hash.has_value()) return taken;
  absl::Status status;
  // Again when its record was sealed under a new data key meanwhile.
  for (int i = 0; i < kCommitTries; ++i) {
    absl::StatusOr<OAuthFlow> flow = store_.GetFlow(*state_hash);
    if (HasReason(flow.status(), "NOT_FOUND")) return taken;
    RETURN_IF_ERROR(flow.status());
    ASSIGN_OR_RETURN(const std::string expected, ConnectCodeOf(*flow));
    if (!EqualInConstantTime(connect_code, expected) ||
        flow->tenant != question.tenant || flow->interaction != question.id) {
      return taken;
    }
    taken.flow = *std::move(flow);
    if (!taken.flow.code_held) {
      taken.failed = "replayed";
      return taken;
    }
    status = TakeFrom(taken);
    if (!HasReason(status, "VERSION_CONFLICT")) break;
  }
  RETURN_IF_ERROR(status);
  return taken;
}

absl::Status HeldCodes::TakeFrom(Taken& taken) {
  const bool late = clock_.Now() >= taken.flow.expire_time;
  if (!late) {
    ASSIGN_OR_RETURN(const Secret packed, flows_.OpenVerifier(taken.flow));
    ASSIGN_OR_RETURN(taken.code, Unpack(packed));
  }
  taken.flow.code_held = false;
  taken.flow.sealed_verifier.clear();
  WriteBatch batch;
  batch.Update(taken.flow);
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  taken.flow.version += 1;
  taken.failed = late ? "expired" : "";
  return absl::OkStatus();
}

}  // namespace tokenvault
