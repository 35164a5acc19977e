// ConnectionApi, where a person connects an account before any agent asks.
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/connection_api.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

absl::StatusOr<UserId> UserOfSubject(CallGate& gate, const KeyKeeper& keys,
                                     const Caller& caller,
                                     const SubjectRef& subject) {
  ASSIGN_OR_RETURN(const Person person,
                   gate.authenticator().IdentifyPerson(caller, subject));
  return keys.UserOf(caller.agent->tenant, person.issuer, person.subject);
}

}  // namespace

absl::StatusOr<UserId> ConnectionApi::FindPerson(
    const Caller& caller, const v1::CreateConnectSessionRequest& request) {
  ASSIGN_OR_RETURN(UserId user, ReadUserName("parent", request.parent()));
  if (!request.has_subject()) {
    if (user.empty()) {
      return errors::FieldInvalid(
          "parent", "must name one person, or be users/- with a subject");
    }
    return user;
  }
  if (!user.empty()) {
    return errors::FieldInvalid("parent", "must be users/- with a subject");
  }
  return UserOfSubject(
      gate_, keys_, caller,
      {request.subject().user_token(), request.subject().user_id()});
}

absl::StatusOr<v1::ConnectSession> ConnectionApi::Connect(
    const Caller& caller, const v1::CreateConnectSessionRequest& request) {
  const Directory& directory = *caller.directory;
  Question question;
  ASSIGN_OR_RETURN(question.user, FindPerson(caller, request));
  if (request.providers_size() != 1) {
    return errors::FieldInvalid("providers", "must be exactly one");
  }
  ASSIGN_OR_RETURN(question.provider,
                   ReadProviderName("providers", request.providers(0)));
  ASSIGN_OR_RETURN(question.agent, ReadAgentName("agent", request.agent()));
  const Agent* agent = directory.FindAgent(question.agent);
  if (agent == nullptr ||
      (!caller.is_operator && agent->tenant != caller.agent->tenant)) {
    return errors::ResourceDenied(AgentName(question.agent));
  }
  question.tenant = agent->tenant;
  const Provider* provider = directory.FindProvider(question.provider);
  if (provider == nullptr || !provider->enabled) {
    return errors::ResourceDenied(ProviderName(question.provider));
  }
  ASSIGN_OR_RETURN(ScopeSet names, ReadScopes(request.scopes()));
  ASSIGN_OR_RETURN(question.scopes, provider->ResolveScopes(names));
  question.return_uri = request.return_uri();
  if (request.app_confirms()) {
    if (caller.agent == nullptr || !caller.agent->may_confirm_people) {
      return errors::FieldInvalid(
          "app_confirms", "is for agents configured may_confirm_people");
    }
    if (question.return_uri.empty()) {
      return errors::FieldInvalid("return_uri",
                                  "is required with app_confirms");
    }
    question.confirmer = caller.agent->id;
  }
  RETURN_IF_ERROR(CheckReturnUri(
      question.return_uri,
      (request.app_confirms() ? caller.agent : agent)->return_uris));
  // No person is asked for what no agent could use.
  if (!directory.policy.CouldAllow(question.agent, question.provider,
                                   question.scopes)) {
    PolicyRequest asked;
    asked.agent = question.agent;
    asked.provider = question.provider;
    asked.scopes = question.scopes;
    return errors::PolicyDenied(directory.policy.Decide(asked).rule);
  }
  ASSIGN_OR_RETURN(
      AskedQuestion asked,
      interactions_.Ask(question, directory.public_url, gate_.Now()));
  v1::ConnectSession session;
  session.set_url(asked.url);
  session.set_user_code(asked.interaction.user_code);
  *session.mutable_expire_time() = ToTimestamp(asked.interaction.expire_time);
  session.set_name(InteractionName(asked.interaction.id));
  return session;
}

absl::StatusOr<v1::Connection> ConnectionApi::Complete(
    const Caller& caller, const v1::CompleteConnectRequest& request) {
  if (caller.agent == nullptr || !caller.agent->may_confirm_people) {
    return errors::ResourceDenied(request.name());
  }
  ConsentFlow::Confirmation confirmation;
  confirmation.tenant = caller.agent->tenant;
  confirmation.agent = caller.agent->id;
  ASSIGN_OR_RETURN(confirmation.interaction,
                   ReadInteractionName("name", request.name()));
  if (request.connect_code().empty()) {
    return errors::FieldInvalid("connect_code", "is missing");
  }
  confirmation.connect_code = request.connect_code();
  if (request.user_token().empty()) {
    return errors::FieldInvalid("user_token", "is missing");
  }
  // A token alone: that somebody says who it is proves nothing here.
  ASSIGN_OR_RETURN(confirmation.user,
                   UserOfSubject(gate_, keys_, caller,
                                 {request.user_token(), /*user_id=*/""}));
  ASSIGN_OR_RETURN(const ConnectionId connected,
                   consent_.Confirm(*caller.directory, confirmation));
  ASSIGN_OR_RETURN(
      ConnectionView view,
      connections_.Get(confirmation.tenant, confirmation.user, connected));
  return ToProto(view);
}

}  // namespace tokenvault
