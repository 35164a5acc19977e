#include "cli/tokens.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

// The vault may have to refresh first.
constexpr absl::Duration kTokenPatience = absl::Seconds(45);
// The vault answers shortly before that, "still pending".
constexpr absl::Duration kLongPoll = absl::Seconds(60);

absl::StatusOr<v1::GetScopedTokenRequest> ToRequest(
    const TokenGetOptions& options) {
  v1::GetScopedTokenRequest request;
  request.set_provider(ResourceName("providers", options.provider));
  for (const std::string& scope : options.scopes) request.add_scopes(scope);
  if (options.user.empty() == options.user_token_file.empty()) {
    return errors::FieldInvalid(
        "--user", "give exactly one of --user and --user-token-file");
  }
  if (!options.user.empty()) {
    request.mutable_subject()->set_user_id(options.user);
  } else {
    ASSIGN_OR_RETURN(std::string token, ReadSmallFile("--user-token-file",
                                                      options.user_token_file));
    request.mutable_subject()->set_user_token(std::move(token));
  }
  request.set_connection(options.connection);
  if (!options.purpose.empty()) {
    request.mutable_purpose()->set_summary(options.purpose);
  }
  if (options.min_ttl > absl::ZeroDuration()) {
    request.mutable_min_ttl()->set_seconds(
        absl::ToInt64Seconds(options.min_ttl));
  }
  request.set_request_id(NewRequestId());
  return request;
}

const char* EnforcedBy(v1::ScopeEnforcement enforcement) {
  switch (enforcement) {
    case v1::SCOPE_ENFORCEMENT_PROVIDER:
      return "the provider: the token is narrowed";
    case v1::SCOPE_ENFORCEMENT_GRANT:
      return "the grant: the person granted exactly these";
    case v1::SCOPE_ENFORCEMENT_POLICY_ONLY:
      return "nobody but the agent: the token can do more than was asked";
    default:
      return "unknown";
  }
}

int ShowToken(Session& session, const TokenGetOptions& options,
              v1::ScopedToken& token) {
  if (options.raw) {
    session.terminal().Print(absl::StrCat(token.access_token(), "\n"));
    WipeString(*token.mutable_access_token());
    return kExitDone;
  }
  WipeString(*token.mutable_access_token());
  switch (session.format()) {
    case Format::kJson:
      session.terminal().Print(ToJson(token, {"accessToken"}));
      return kExitDone;
    case Format::kYaml:
      session.terminal().Print(ToYaml(token, {"accessToken"}));
      return kExitDone;
    case Format::kTable:
      break;
  }
  Facts facts(18);
  facts.Add("Token", {token.token_id(), "(--raw prints the token itself)"});
  facts.Add("Usable for",
            {Lasting(DurationOf(token.usable_for())),
             absl::StrCat("until ", Absolute(TimeOf(token.expire_time())))});
  facts.Add("Can do", {absl::StrJoin(token.granted_scopes(), " ")});
  facts.Add("Enforced by", {EnforcedBy(token.scope_enforcement())});
  facts.AddIfAny("Account", token.account_label());
  facts.Add("Connection", {token.connection()});
  for (const auto& [name, value] : token.endpoint_hints()) {
    facts.Add(name, {value});
  }
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

// To stderr: the link is for the person, not the result. An approval has none.
void ShowLink(Session& session, const v1::Interaction& interaction) {
  session.terminal().Note(interaction.message());
  session.terminal().Note(absl::StrCat(
      interaction.url().empty() ? "Waiting"
                                : absl::StrCat("Open   ", interaction.url()),
      "   (", Lasting(TimeOf(interaction.expire_time()) - session.now()),
      ", code ", interaction.user_code(), ")"));
}

absl::StatusOr<v1::GetScopedTokenResponse> Ask(
    Channel& door, const v1::GetScopedTokenRequest& request) {
  return door.Call(&Channel::Tokens::GetScopedToken, request, kTokenPatience);
}

const v1::Interaction* QuestionIn(const v1::GetScopedTokenResponse& answer) {
  if (answer.has_consent_required()) return &answer.consent_required();
  if (answer.has_approval_required()) return &answer.approval_required();
  return nullptr;
}

absl::Status NotAYes(const v1::Interaction& interaction) {
  return interaction.state() == v1::Interaction::STATE_DENIED
             ? errors::InteractionDenied(interaction.name())
         : interaction.state() == v1::Interaction::STATE_REFUSED
             ? errors::ConnectRefused(interaction.denial_reason())
             : errors::InteractionExpired(interaction.name());
}

std::string DoorHint(const absl::Status& status) {
  return HasReason(status, "SERVER_UNREACHABLE")
             ? "is tokenvaultd running, and do --ca, --cert and --key belong "
               "to "
               "it?"
             : "";
}

// Until the question is settled, however long the person takes.
absl::StatusOr<v1::Interaction> WaitForPerson(Channel& agent_door,
                                              v1::Interaction interaction) {
  v1::WaitInteractionRequest request;
  request.set_name(interaction.name());
  while (interaction.state() == v1::Interaction::STATE_PENDING) {
    ASSIGN_OR_RETURN(
        interaction,
        agent_door.Call(&Channel::Tokens::WaitInteraction, request, kLongPoll));
    if (Interrupted()) return absl::CancelledError("interrupted");
  }
  return interaction;
}

}  // namespace

int RunTokenGet(Session& session, const TokenGetOptions& options) {
  auto request = ToRequest(options);
  if (!request.ok()) return session.Fail(request.status(), FaultOrigin::kHere);
  auto door = OpenAgentDoor(options.door, session.clock());
  if (!door.ok()) return session.Fail(door.status(), FaultOrigin::kHere);

  auto answer = Ask(**door, *request);
  if (!answer.ok()) {
    return session.Fail(answer.status(), FaultOrigin::kServer,
                        DoorHint(answer.status()));
  }
  const v1::Interaction* question = QuestionIn(*answer);
  if (question != nullptr && options.wait) {
    ShowLink(session, *question);
    session.terminal().Note("Waiting for an answer…");
    auto settled = WaitForPerson(**door, *question);
    if (!settled.ok()) return session.Fail(settled.status());
    if (settled->state() != v1::Interaction::STATE_COMPLETED) {
      return session.Fail(NotAYes(*settled));
    }
    // A yes is not a token: ask again, as an agent would.
    request->set_request_id(NewRequestId());
    answer = Ask(**door, *request);
    if (!answer.ok()) return session.Fail(answer.status());
    question = QuestionIn(*answer);
  }
  if (question != nullptr) {
    session.PrintedFor(*answer);
    ShowLink(session, *question);
    session.terminal().Note("Or     the same command with --wait");
    return kExitPersonMustAct;
  }
  return ShowToken(session, options, *answer->mutable_token());
}

}  // namespace tokenvault
