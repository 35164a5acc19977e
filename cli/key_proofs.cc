#include "cli/key_proofs.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"
#include "crypto/signed_note.h"
#include "vault/rotation_proof.h"

namespace tokenvault {
namespace {

constexpr size_t kLargestProof = 64 * 1024;

absl::StatusOr<v1::ListMasterKeysResponse> FetchKeys(Session& session) {
  return session.daemon().Call(&Channel::Admin::ListMasterKeys,
                               v1::ListMasterKeysRequest());
}

absl::StatusOr<std::string> ReadProof(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return errors::FieldInvalid("file", "cannot be read");
  std::string text(kLargestProof + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad() || text.size() > kLargestProof) {
    return errors::FieldInvalid("file", "is no proof: it is too large");
  }
  return text;
}

absl::StatusOr<NoteVerifier> VerifierFor(Session& session,
                                         const std::string& key) {
  if (!key.empty()) return NoteVerifier::Parse(key);
  ASSIGN_OR_RETURN(v1::ListMasterKeysResponse keys, FetchKeys(session));
  if (keys.proof_verifier().empty()) {
    return errors::FieldInvalid("key",
                                "is not known: this vault has proved nothing "
                                "yet");
  }
  return NoteVerifier::Parse(keys.proof_verifier());
}

std::string WhatOpened(int64_t data_keys, int64_t records) {
  return absl::StrCat(Counted(data_keys, "data key", "data keys"), " and ",
                      Counted(records, "record", "records"));
}

// The one to print: of that generation, or the newest there is.
const v1::MasterKey* FindProof(const v1::ListMasterKeysResponse& keys,
                               uint32_t generation) {
  const v1::MasterKey* found = nullptr;
  for (const v1::MasterKey& key : keys.keys()) {
    if (!key.proof().empty() &&
        (generation == 0 || key.generation() == generation)) {
      found = &key;
    }
  }
  return found;
}

absl::StatusOr<bool> Confirmed(Session& session, uint32_t generation) {
  return session.Confirmed(
      absl::StrCat("This removes what opens master key ", generation,
                   ". What it wrapped can then be opened by nobody, for ever: "
                   "copies of the database from before its rotation alone "
                   "have wraps of their own."),
      absl::StrCat("destroy ", generation));
}

}  // namespace

int RunKeyVerify(Session& session, const KeyVerifyOptions& options) {
  v1::VerifyKeysRequest request;
  request.set_all_records(options.all);
  auto started = session.daemon().Call(&Channel::Admin::VerifyKeys, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) {
    return StopOperation(session, *ended, "nothing was changed");
  }
  const bool broken = ended->broken_count() > 0;
  if (!broken && !ended->error_reason().empty()) {
    return FailToLook(session, *ended);
  }
  if (session.PrintedOneFor(*ended)) {
    return broken ? kExitCheckFailed : kExitDone;
  }
  Facts facts(kBarLabelWidth);
  facts.Add("Opened",
            {WhatOpened(ended->data_keys_opened(), ended->records_opened())});
  if (!options.all) {
    facts.Add("Looked at",
              {"one record of each data key; --all for every one"});
  }
  facts.Add("Broken",
            {broken ? Cell(Grouped(ended->broken_count()), Color::kRed)
                    : Cell("none", Color::kGreen)});
  session.terminal().Print(facts.ToText(session.terminal()));
  for (const std::string& name : ended->broken()) {
    session.terminal().Print(absl::StrCat("  ", SanitizeLine(name), "\n"));
  }
  return broken ? kExitCheckFailed : kExitDone;
}

int RunKeyProof(Session& session, const KeyProofOptions& options) {
  auto keys = FetchKeys(session);
  if (!keys.ok()) return session.Fail(keys.status());
  const v1::MasterKey* key = FindProof(*keys, options.generation);
  if (key == nullptr) {
    session.terminal().Complain(
        options.generation == 0
            ? "no rotation has been proved yet"
            : absl::StrCat("there is no proof for generation ",
                           options.generation),
        "'tokenvault key rotate' ends with one");
    return kExitCheckFailed;
  }
  if (session.PrintedFor(*key)) return kExitDone;
  session.terminal().Print(key->proof());
  session.terminal().Note(absl::StrCat("Signed by ", keys->proof_verifier()));
  return kExitDone;
}

int RunKeyVerifyProof(Session& session, const VerifyProofOptions& options) {
  auto note = ReadProof(options.file);
  if (!note.ok()) return session.Fail(note.status(), FaultOrigin::kHere);
  auto verifier = VerifierFor(session, options.key);
  if (!verifier.ok()) {
    return session.Fail(verifier.status(), options.key.empty()
                                               ? FaultOrigin::kServer
                                               : FaultOrigin::kHere);
  }
  auto text = OpenNote(*note, *verifier);
  absl::StatusOr<RotationProof> proof =
      text.ok() ? RotationProof::Parse(*text) : text.status();
  if (!proof.ok()) {
    session.terminal().Complain(
        absl::StrCat("the proof does not hold: ", proof.status().message()),
        "");
    return kExitCheckFailed;
  }
  if (proof->data_keys_older != 0) {
    session.terminal().Complain(
        absl::StrCat("the proof says that ",
                     Counted(proof->data_keys_older, "data key", "data keys"),
                     " still needed an older master key"),
        "run 'tokenvault key rotate'");
    return kExitCheckFailed;
  }
  Facts facts(kBarLabelWidth);
  facts.Add("Signed by", {verifier->name});
  facts.Add("Deployment", {HexEncode(proof->deployment_id)});
  facts.Add("Time", {Absolute(proof->time)});
  facts.Add("Master key", {absl::StrCat("generation ", proof->key_version,
                                        " wraps everything; no older one "
                                        "wraps anything")});
  facts.Add("Opened", {WhatOpened(proof->data_keys, proof->records)});
  facts.Add("Merkle root", {absl::Base64Escape(proof->root)});
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

int RunKeyDestroy(Session& session, const KeyDestroyOptions& options) {
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage(
        "destroying a key cannot be undone, and nobody can be asked",
        "give --yes");
  }
  if (!options.yes) {
    auto confirmed = Confirmed(session, options.generation);
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not it; nothing was destroyed");
    }
  }
  v1::DestroyMasterKeyRequest request;
  request.set_generation(options.generation);
  request.set_request_id(NewRequestId());
  auto key = session.daemon().Call(&Channel::Admin::DestroyMasterKey, request);
  if (!key.ok()) return session.Fail(key.status());
  if (session.PrintedFor(*key)) return kExitDone;
  session.terminal().Print(
      absl::StrCat("Master key ", key->generation(),
                   " is destroyed: nothing that it wrapped can be opened "
                   "again. Destroy copies of its root key too, if they opened "
                   "no other.\n"));
  return kExitDone;
}

}  // namespace tokenvault
