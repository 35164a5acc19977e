#include "cli/seal.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/names.h"

namespace tokenvault {
namespace {

// It waits for calls to providers, then answers.
constexpr absl::Duration kSealPatience = absl::Seconds(60);

std::string SealedText(const v1::Status& status) {
  if (status.keys_in_memory() == 0) {
    return "Sealed: no key and no token is in memory.\n";
  }
  return absl::StrCat(
      "Sealed: nothing is handed out. ",
      Counted(status.keys_in_memory(), "key is", "keys are"),
      " still held by calls to providers that are under way.\n");
}

// The source that a passphrase is meant for: the one that has one.
absl::StatusOr<std::optional<std::string>> FindTypedSource(Session& session) {
  ASSIGN_OR_RETURN(v1::ListRootSourcesResponse sources,
                   session.daemon().Call(&Channel::Admin::ListRootSources,
                                         v1::ListRootSourcesRequest()));
  for (const v1::RootSource& source : sources.sources()) {
    // Of the vault, and not only configured.
    if (source.type() == "passphrase" && source.generations_size() > 0) {
      return source.name();
    }
  }
  return std::nullopt;
}

}  // namespace

int RunSeal(Session& session, const SealOptions& options) {
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage(
        "sealing stops every agent, and nobody can be asked", "give --yes");
  }
  if (!options.yes) {
    auto confirmed = session.Confirmed(
        "This stops every agent until somebody runs 'tokenvault unseal'.",
        "seal");
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) return session.FailUsage("that is not it; it is open");
  }
  auto status = session.daemon().Call(&Channel::Admin::Seal, v1::SealRequest(),
                                      kSealPatience);
  if (!status.ok()) {
    return session.Fail(
        status.status(), FaultOrigin::kServer,
        HasReason(status.status(), "AUDIT_UNAVAILABLE")
            ? "it is sealed all the same, but that is not in the audit log"
            : "");
  }
  if (!session.PrintedFor(*status)) {
    session.terminal().Print(SealedText(*status));
  }
  return kExitDone;
}

int RunUnseal(Session& session, const UnsealOptions& options) {
  v1::UnsealRequest request;
  if (!options.source.empty()) {
    request.set_source(ResourceName("rootSources", options.source));
  }
  // What needs nobody is tried first.
  auto status = session.daemon().Call(&Channel::Admin::Unseal, request);
  const bool wants_passphrase =
      HasReason(status.status(), "ROOT_SOURCE_CLOSED") ||
      !options.passphrase.file.empty() || options.passphrase.descriptor >= 0;
  if (wants_passphrase) {
    if (options.source.empty()) {
      auto typed = FindTypedSource(session);
      if (!typed.ok()) return session.Fail(typed.status());
      if (!typed->has_value()) return session.Fail(status.status());
      request.set_source(**std::move(typed));
    }
    auto passphrase = FindPassphrase(
        session.terminal(), options.passphrase,
        absl::StrCat("Passphrase of ", ShortName(request.source()), ": "));
    if (!passphrase.ok()) {
      return session.Fail(passphrase.status(), FaultOrigin::kHere);
    }
    if (!passphrase->has_value()) {
      return session.Fail(status.status(), FaultOrigin::kServer,
                          "give --passphrase-file or --passphrase-fd");
    }
    request.set_passphrase(std::string((*passphrase)->Reveal()));
    status = session.daemon().Call(&Channel::Admin::Unseal, request);
    WipeString(*request.mutable_passphrase());
  }
  if (!status.ok()) return session.Fail(status.status());
  if (!session.PrintedFor(*status)) {
    session.terminal().Print(
        absl::StrCat("Open, by the root source ", status->seal(), ".\n"));
  }
  return kExitDone;
}

}  // namespace tokenvault
