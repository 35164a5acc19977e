#include "cli/root_sources.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

// Deriving a key from a passphrase takes its time, and so may a token.
constexpr absl::Duration kSourcePatience = absl::Seconds(60);

Cell StateOf(const v1::RootSource& source) {
  if (source.opens()) return {"opens", Color::kGreen};
  if (source.generations_size() == 0) return "not added";
  return {source.closed_reason() == "ROOT_SOURCE_CLOSED" ? "closed" : "broken",
          Color::kYellow};
}

// Of the type "passphrase" and no file of the daemon's: a person gives it.
absl::StatusOr<bool> WantsPassphrase(Session& session,
                                     const std::string& name) {
  ASSIGN_OR_RETURN(
      v1::ListRootSourcesResponse sources,
      session.daemon().Call(&Channel::Admin::ListRootSources,
                            v1::ListRootSourcesRequest(), kSourcePatience));
  for (const v1::RootSource& source : sources.sources()) {
    if (source.name() == name) return source.type() == "passphrase";
  }
  return false;
}

}  // namespace

int RunKeySourceList(Session& session) {
  auto listed =
      session.daemon().Call(&Channel::Admin::ListRootSources,
                            v1::ListRootSourcesRequest(), kSourcePatience);
  if (!listed.ok()) return session.Fail(listed.status());
  if (session.PrintedFor(*listed)) return kExitDone;
  Table table({"SOURCE", "TYPE", "STATE", "OPENS KEYS", "ADDED"});
  for (const v1::RootSource& source : listed->sources()) {
    table.Add({ShortName(source.name()), source.type(), StateOf(source),
               absl::StrJoin(source.generations(), ", "),
               IsSet(source.create_time())
                   ? Relative(TimeOf(source.create_time()), session.now())
                   : ""});
  }
  session.terminal().Print(table.ToText(session.terminal(), "no root sources"));
  for (const v1::RootSource& source : listed->sources()) {
    if (!source.opens() && source.generations_size() > 0) {
      session.terminal().Note(absl::StrCat(ShortName(source.name()), ": ",
                                           source.closed_message()));
    }
  }
  return kExitDone;
}

int RunKeySourceAdd(Session& session, const KeySourceAddOptions& options) {
  v1::AddRootSourceRequest request;
  request.set_name(ResourceName("rootSources", options.id));
  request.set_renew(options.renew);
  request.set_request_id(NewRequestId());
  auto wanted = WantsPassphrase(session, request.name());
  if (!wanted.ok()) return session.Fail(wanted.status());
  const bool given =
      !options.passphrase.file.empty() || options.passphrase.descriptor >= 0;
  if (given && !*wanted) {
    return session.FailUsage(
        absl::StrCat(options.id, " is no source with a passphrase"),
        "run 'tokenvault key source list'");
  }
  std::optional<Secret> passphrase;
  if (given) {
    auto read = FindPassphrase(session.terminal(), options.passphrase, "");
    if (!read.ok()) return session.Fail(read.status(), FaultOrigin::kHere);
    passphrase = *std::move(read);
  } else if (*wanted && session.terminal().in_is_terminal()) {
    auto typed = AskNewPassphrase(session.terminal());
    if (!typed.ok()) return session.Fail(typed.status(), FaultOrigin::kHere);
    passphrase = *std::move(typed);
  }
  // Without one the daemon reads its passphrase_file, or says that it has none.
  if (passphrase.has_value()) {
    request.set_passphrase(std::string(passphrase->Reveal()));
  }
  auto source = session.daemon().Call(&Channel::Admin::AddRootSource, request,
                                      kSourcePatience);
  WipeString(*request.mutable_passphrase());
  if (!source.ok()) return session.Fail(source.status());
  if (session.PrintedFor(*source)) return kExitDone;
  session.terminal().Print(absl::StrCat(
      options.id, " opens ",
      Counted(source->generations_size(), "master key", "master keys"),
      options.renew ? " by its new secret.\n" : " on its own.\n"));
  return kExitDone;
}

int RunKeySourceRemove(Session& session,
                       const KeySourceRemoveOptions& options) {
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage("nobody can be asked whether to remove it",
                             "give --yes");
  }
  if (!options.yes) {
    auto confirmed = session.Confirmed(
        absl::StrCat("This vault, and backups of it that are made from now on, "
                     "can then not be opened by ",
                     options.id, "."),
        absl::StrCat("remove ", options.id));
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not it; nothing was removed");
    }
  }
  v1::RemoveRootSourceRequest request;
  request.set_name(ResourceName("rootSources", options.id));
  request.set_request_id(NewRequestId());
  auto removed = session.daemon().Call(&Channel::Admin::RemoveRootSource,
                                       request, kSourcePatience);
  if (!removed.ok()) return session.Fail(removed.status());
  if (session.PrintedFor(*removed)) return kExitDone;
  session.terminal().Print(
      absl::StrCat(options.id, " opens this vault no more.\n"));
  return kExitDone;
}

}  // namespace tokenvault
