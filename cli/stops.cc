#include "cli/stops.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"
#include "tokenvault/v1/local_results.pb.h"

namespace tokenvault {
namespace {

constexpr char kVault[] = "vault";
// It reads the log as far back as a token can live.
constexpr absl::Duration kLogPatience = absl::Minutes(2);

// What a command is about: a name, or a person's id elsewhere.
struct StopTarget {
  std::string what;
  std::string user_id;

  const std::string& words() const { return what.empty() ? user_id : what; }
};

template <typename Request>
Request StopRequestFor(const StopTarget& target) {
  Request request;
  request.set_what(target.what);
  request.set_user_id(target.user_id);
  return request;
}

std::string WordsOf(const std::string& what) {
  if (what == kVault) return "everything";
  if (absl::StartsWith(what, "agents/")) {
    return absl::StrCat("agent ", ShortName(what));
  }
  if (absl::StartsWith(what, "providers/")) {
    return absl::StrCat("provider ", ShortName(what));
  }
  return what;
}

// " for agent calendar-bot": the end of a sentence.
std::string ForWhat(const std::string& what) {
  return what == kVault ? ""
                        : absl::StrCat(" for ", SanitizeLine(WordsOf(what)));
}

// Which command ends the grants behind the tokens.
std::string EndingCommand(const std::string& what) {
  if (what == kVault) return "tokenvault incident revoke --all";
  if (absl::StartsWith(what, "agents/")) {
    return absl::StrCat("tokenvault incident revoke --agent ", ShortName(what));
  }
  if (absl::StartsWith(what, "providers/")) {
    return absl::StrCat("tokenvault incident revoke --provider ",
                        ShortName(what));
  }
  if (IsConnectionName(what)) {
    return absl::StrCat("tokenvault connection revoke ", what);
  }
  return absl::StrCat("tokenvault incident revoke --subject ", what);
}

std::string EndOf(const v1::LiveToken& token, absl::Time now) {
  if (!IsSet(token.expire_time())) return "never by itself";
  const absl::Time end = TimeOf(token.expire_time());
  return absl::StrCat(Absolute(end), " (", Relative(end, now), ")");
}

std::string LiveText(const v1::ListLiveTokensResponse& live,
                     const std::string& what, Session& session) {
  const absl::Time now = session.now();
  std::string text;
  if (live.count() == 0) {
    text = "No access token that was handed out before is alive.\n";
  } else {
    const std::string last =
        IsSet(live.last_expire_time())
            ? absl::StrCat("The last ends by ",
                           Absolute(TimeOf(live.last_expire_time())), " (",
                           Relative(TimeOf(live.last_expire_time()), now), ").")
            : "Some do not end by themselves.";
    text = absl::StrCat(
        "Still alive: ", Counted(live.count(), "access token", "access tokens"),
        " handed out before. ", last, "\n\n");
    Table table({"AGENT", "PROVIDER", "ACCOUNT", "SCOPES", "TOKEN", "ENDS BY"});
    for (const v1::LiveToken& token : live.tokens()) {
      table.Add({ShortName(token.agent()), ShortName(token.provider()),
                 token.account_label().empty() ? "-" : token.account_label(),
                 absl::StrJoin(token.scopes(), " "), token.token_id(),
                 EndOf(token, now)});
    }
    absl::StrAppend(&text, table.ToText(session.terminal(), ""));
    if (live.count() > live.tokens_size()) {
      absl::StrAppend(&text, "… and ",
                      Grouped(live.count() - live.tokens_size()),
                      " more that end before these.\n");
    }
    absl::StrAppend(&text, "\nTo end them now, where their providers can: ",
                    EndingCommand(what), "\n");
  }
  if (!live.complete()) {
    absl::StrAppend(&text, "The log was looked at back to ",
                    Absolute(TimeOf(live.since_time())),
                    ". What was handed out before that may live, too.\n");
  }
  return text;
}

int StopFor(Session& session, const StopTarget& target,
            const std::string& why) {
  auto request = StopRequestFor<v1::StopIssuanceRequest>(target);
  request.set_why(why);
  request.set_request_id(NewRequestId());
  auto stopped = session.daemon().Call(&Channel::Admin::StopIssuance, request);
  if (!stopped.ok()) {
    return session.Fail(
        stopped.status(), FaultOrigin::kServer,
        HasReason(stopped.status(), "AUDIT_UNAVAILABLE") ||
                HasReason(stopped.status(), "RATE_LIMITED")
            ? "run it again until it says that it is stopped: until then a "
              "restart would end it"
            : "");
  }
  // Told first: what follows may take a while.
  const std::string what = stopped->stop().what();
  if (session.format() == Format::kTable) {
    session.terminal().Print(
        stopped->already_stopped()
            ? absl::StrCat("Stopped already, ",
                           Relative(TimeOf(stopped->stop().create_time()),
                                    session.now()),
                           ": ", SanitizeLine(WordsOf(what)), ".\n")
            : absl::StrCat("Stopped: no token is handed out", ForWhat(what),
                           " any more.\n"));
  }
  auto live = session.daemon().Call(
      &Channel::Admin::ListLiveTokens,
      StopRequestFor<v1::ListLiveTokensRequest>(target), kLogPatience);
  if (!live.ok()) {
    return session.Fail(live.status(), FaultOrigin::kServer,
                        "it is stopped; run it again to see which tokens "
                        "live on");
  }
  v1::StopResult result;
  *result.mutable_stop() = stopped->stop();
  result.set_already_stopped(stopped->already_stopped());
  *result.mutable_live() = *live;
  if (!session.PrintedFor(result)) {
    session.terminal().Print(LiveText(*live, what, session));
  }
  return kExitDone;
}

int ResumeFor(Session& session, const StopTarget& target,
              const std::string& why) {
  auto request = StopRequestFor<v1::ResumeIssuanceRequest>(target);
  request.set_why(why);
  request.set_request_id(NewRequestId());
  auto resumed =
      session.daemon().Call(&Channel::Admin::ResumeIssuance, request);
  if (!resumed.ok()) {
    return session.Fail(resumed.status(), FaultOrigin::kServer,
                        HasReason(resumed.status(), "RESOURCE_DENIED")
                            ? "'tokenvault quarantine list' shows what is "
                              "stopped"
                            : "");
  }
  v1::ResumeResult result;
  result.set_what(target.words());
  if (!session.PrintedFor(result)) {
    session.terminal().Print(
        absl::StrCat("Lifted: tokens are handed out", ForWhat(target.words()),
                     " again, unless something else is stopped.\n"));
  }
  return kExitDone;
}

// FIELD_INVALID when it was not said, or said twice.
absl::StatusOr<StopTarget> TargetOf(const QuarantineOptions& options) {
  const int given = !options.user.empty() + !options.connection.empty() +
                    !options.provider.empty();
  if (given != 1) {
    return errors::FieldInvalid("--user, --connection, --provider",
                                "one of them says whose");
  }
  StopTarget target;
  if (!options.provider.empty()) {
    target.what = ResourceName("providers", options.provider);
  } else if (!options.connection.empty()) {
    if (!IsConnectionName(options.connection)) {
      return errors::FieldInvalid("--connection",
                                  "must read users/…/connections/…");
    }
    target.what = options.connection;
  } else if (absl::StartsWith(options.user, "users/")) {
    target.what = options.user;
  } else {
    target.user_id = options.user;
  }
  return target;
}

}  // namespace

std::string StoppedWords(const v1::Stop& stop) { return WordsOf(stop.what()); }

int RunLock(Session& session, const LockOptions& options) {
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage(
        "locking stops every agent, and nobody can be asked", "give --yes");
  }
  if (!options.yes) {
    auto confirmed = session.Confirmed(
        "No agent gets a token until somebody runs 'tokenvault unlock'.",
        "lock");
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed)
      return session.FailUsage("that is not it; nothing is stopped");
  }
  return StopFor(session, {kVault, ""}, options.why);
}

int RunUnlock(Session& session, const LockOptions& options) {
  return ResumeFor(session, {kVault, ""}, options.why);
}

int RunAgentDisable(Session& session, const AgentStopOptions& options) {
  return StopFor(session, {ResourceName("agents", options.agent), ""},
                 options.why);
}

int RunAgentEnable(Session& session, const AgentStopOptions& options) {
  return ResumeFor(session, {ResourceName("agents", options.agent), ""},
                   options.why);
}

int RunQuarantineAdd(Session& session, const QuarantineOptions& options) {
  const absl::StatusOr<StopTarget> target = TargetOf(options);
  if (!target.ok()) return session.Fail(target.status(), FaultOrigin::kHere);
  return StopFor(session, *target, options.why);
}

int RunQuarantineLift(Session& session, const QuarantineOptions& options) {
  const absl::StatusOr<StopTarget> target = TargetOf(options);
  if (!target.ok()) return session.Fail(target.status(), FaultOrigin::kHere);
  return ResumeFor(session, *target, options.why);
}

int RunQuarantineList(Session& session) {
  auto stops =
      session.daemon().Call(&Channel::Admin::ListStops, v1::ListStopsRequest());
  if (!stops.ok()) return session.Fail(stops.status());
  if (session.PrintedFor(*stops)) return kExitDone;
  Table table({"STOPPED", "SINCE", "WHY"});
  for (const v1::Stop& stop : stops->stops()) {
    table.Add({StoppedWords(stop), When(stop.create_time(), session.now()),
               stop.why().empty() ? "-" : stop.why()});
  }
  session.terminal().Print(
      table.ToText(session.terminal(), "nothing is stopped"));
  return kExitDone;
}

}  // namespace tokenvault
