#include "server/token_api.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

SubjectRef ToSubjectRef(const v1::Subject& subject) {
  return {subject.user_token(), subject.user_id()};
}

InteractionWords WordsFor(const Directory& directory,
                          const Interaction& interaction) {
  InteractionWords words;
  const Agent* agent = directory.FindAgent(interaction.agent);
  const Provider* provider = directory.FindProvider(interaction.provider);
  words.agent = agent == nullptr ? interaction.agent.value : agent->name;
  words.provider =
      provider == nullptr ? interaction.provider.value : provider->display_name;
  return words;
}

absl::string_view NameOf(InteractionKind kind) {
  switch (kind) {
    case InteractionKind::kConsent:
      return "consent";
    case InteractionKind::kReconnect:
      return "reconnect";
    case InteractionKind::kStepUp:
      return "step_up";
    case InteractionKind::kApproval:
      return "approval";
  }
  return "consent";
}

constexpr size_t kMaxChallenge = 4096;

// "t-" and base32, as Refresher makes them: it goes into the audit log.
bool IsTokenId(absl::string_view id) {
  constexpr size_t kSize = 26;
  return id.size() == kSize && absl::StartsWith(id, "t-") &&
         std::all_of(id.begin() + 2, id.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  (c >= '2' && c <= '7');
         });
}

// Reads the request's fields into `access`. Names are looked up, nobody is
// asked: the person comes after this.
absl::Status ReadRequest(const v1::GetScopedTokenRequest& request,
                         const Caller& caller, AccessRequest& access) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  access.request_id = request.request_id();
  ASSIGN_OR_RETURN(access.purpose, ReadPurpose(request.purpose()));
  access.summary = request.purpose().summary();
  access.task_id = request.purpose().task_id();
  access.details = ReadDetails(request.purpose());
  ASSIGN_OR_RETURN(ProviderId id,
                   ReadProviderName("provider", request.provider()));
  const Provider* provider = caller.directory->FindProvider(id);
  if (provider == nullptr || !provider->enabled) {
    return errors::ResourceDenied(ProviderName(id));
  }
  access.provider = std::move(id);
  ASSIGN_OR_RETURN(ScopeSet names, ReadScopes(request.scopes()));
  ASSIGN_OR_RETURN(access.scopes, provider->ResolveScopes(names));
  if (request.optional_scopes_size() > 0) {
    ASSIGN_OR_RETURN(ScopeSet optional,
                     ReadScopes(request.optional_scopes(), "optional_scopes"));
    ASSIGN_OR_RETURN(optional, provider->ResolveScopes(optional));
    access.optional_scopes = optional.Minus(access.scopes);
  }
  if (request.has_min_ttl()) {
    ASSIGN_OR_RETURN(access.min_ttl, ReadMinTtl(request));
  }
  RETURN_IF_ERROR(CheckResource(request.resource()));
  const std::string& resource = request.resource();
  if (!provider->protected_resource.empty()) {
    // Its tokens are for that, whether it is said or not.
    if (!resource.empty() && resource != provider->protected_resource) {
      return errors::FieldInvalid(
          "resource",
          "tokens of this provider are for another resource; "
          "leave it out");
    }
  } else if (!resource.empty() && !provider->resource) {
    return errors::FieldInvalid("resource", "this provider knows no resources");
  } else {
    access.resource = resource;
  }
  RETURN_IF_ERROR(
      CheckReturnUri(request.return_uri(), caller.agent->return_uris));
  access.return_uri = request.return_uri();
  return absl::OkStatus();
}

}  // namespace

// ------------------------------------------------------------ GetScopedToken
// --

// One request on its way through the steps below.
struct TokenApi::TokenCall {
  TokenCall(v1::GetScopedTokenRequest asked,
            Answer<v1::GetScopedTokenResponse> way_back, absl::Time now)
      : request(std::move(asked)), answer(std::move(way_back)), start(now) {}

  v1::GetScopedTokenRequest request;
  Answer<v1::GetScopedTokenResponse> answer;
  const absl::Time start;
  Caller caller;
  AccessRequest access;  // until the broker has it
  ProviderId provider;   // "" unless it is configured
};

TokenApi::TokenApi(CallGate& gate, Broker& broker, Interactions& interactions,
                   TokenRejections& rejections, KeyKeeper& keys)
    : gate_(gate),
      broker_(broker),
      interactions_(interactions),
      rejections_(rejections),
      keys_(keys) {}

void TokenApi::GetScopedToken(ApiCall call, v1::GetScopedTokenRequest request,
                              Done<v1::GetScopedTokenResponse> done) {
  auto late = [name = request.provider()] {
    absl::StatusOr<ProviderId> provider = ReadProviderName("provider", name);
    return errors::UpstreamSlow(provider.ok() ? provider->value : "");
  };
  auto answer = gate_.Bounded<v1::GetScopedTokenResponse>(
      call.deadline, kMaxPatience, std::move(late), std::move(done));
  auto pending = std::make_shared<TokenCall>(std::move(request),
                                             std::move(answer), gate_.Now());
  pending->access.peer = call.credential.peer;
  gate_.Enter(call.credential,
              [this, pending](absl::StatusOr<Caller> caller) mutable {
                if (!caller.ok()) return Finish(pending, caller.status());
                pending->caller = *std::move(caller);
                Admit(std::move(pending));
              });
}

// Who asks, and is the request well made?
void TokenApi::Admit(std::shared_ptr<TokenCall> call) {
  if (call->caller.agent == nullptr) {
    return Finish(std::move(call), errors::AgentCredentialInvalid("operator"));
  }
  const Agent& agent = *call->caller.agent;
  call->access.directory = call->caller.directory;
  call->access.tenant = agent.tenant;
  call->access.agent = agent.id;
  absl::Status read = ReadRequest(call->request, call->caller, call->access);
  call->provider = call->access.provider;
  if (!read.ok()) return Refuse(std::move(call), std::move(read));
  FindPerson(std::move(call));
}

// For whom?
void TokenApi::FindPerson(std::shared_ptr<TokenCall> call) {
  const SubjectRef subject = ToSubjectRef(call->request.subject());
  std::optional<absl::StatusOr<Person>> known =
      gate_.authenticator().TryIdentifyPerson(call->caller, subject);
  if (known.has_value()) return Ask(std::move(call), *known);
  bool taken = gate_.Submit([this, call, subject] {
    Ask(call, gate_.authenticator().IdentifyPerson(call->caller, subject));
  });
  if (!taken) Refuse(std::move(call), CallGate::Overloaded());
}

// Everything is known: the broker decides, and audits what it decides.
void TokenApi::Ask(std::shared_ptr<TokenCall> call,
                   const absl::StatusOr<Person>& person) {
  if (!person.ok()) return Refuse(std::move(call), person.status());
  AccessRequest& access = call->access;
  absl::StatusOr<UserId> user =
      keys_.UserOf(access.tenant, person->issuer, person->subject);
  if (!user.ok()) return Refuse(std::move(call), user.status());
  access.user = *std::move(user);
  access.subject = person->subject;
  access.groups = person->groups;
  access.email = person->email;
  if (const std::string& name = call->request.connection(); !name.empty()) {
    absl::StatusOr<ConnectionRef> ref = ReadConnectionName("connection", name);
    if (!ref.ok()) return Refuse(std::move(call), ref.status());
    if (ref->user != access.user) {
      absl::Status denied =
          errors::ResourceDenied(ConnectionName(ref->user, ref->connection));
      return Refuse(std::move(call), std::move(denied));
    }
    access.connection = std::move(ref->connection);
  }
  // Who waits in the broker may need it after this call was answered.
  broker_.GetToken(std::move(access),
                   [this, call](absl::StatusOr<AccessAnswer> answer) {
                     Finish(call, std::move(answer));
                   });
}

// A denial before the broker has seen it. Written down first all the same.
void TokenApi::Refuse(std::shared_ptr<TokenCall> call, absl::Status why) {
  AuditEvent event;
  event.kind = audit_kind::kTokenDenied;
  event.tenant = call->access.tenant;
  event.actor = AgentName(call->access.agent);
  event.user = call->access.user;
  event.provider = call->access.provider;
  event.scopes = call->access.scopes;
  event.request_id = call->access.request_id;
  event.purpose = call->access.purpose;
  gate_.Refuse(
      std::move(event), std::move(why),
      [this, call](absl::Status told) { Finish(call, std::move(told)); });
}

void TokenApi::Finish(std::shared_ptr<TokenCall> call,
                      absl::StatusOr<AccessAnswer> answer) {
  Count(*call, answer);
  if (!answer.ok()) return call->answer(answer.status());
  v1::GetScopedTokenResponse response;
  if (const auto* issued = std::get_if<IssuedToken>(&*answer)) {
    *response.mutable_token() = ToProto(*issued, gate_.Now());
  } else {
    const auto& asked = std::get<AskedQuestion>(*answer);
    v1::Interaction& question =
        asked.interaction.kind == InteractionKind::kApproval
            ? *response.mutable_approval_required()
            : *response.mutable_consent_required();
    question =
        ToProto(asked, WordsFor(*call->caller.directory, asked.interaction));
  }
  call->answer(std::move(response));
}

void TokenApi::Count(const TokenCall& call,
                     const absl::StatusOr<AccessAnswer>& answer) {
  Metrics::TokenRequest counted;
  // Only names from the configuration become labels.
  counted.provider = call.provider.empty() ? "unknown" : call.provider.value;
  if (call.caller.agent != nullptr) counted.agent = call.caller.agent->id.value;
  counted.time = gate_.Now();
  counted.duration = counted.time - call.start;
  if (!answer.ok()) {
    counted.reason = ReasonOf(answer.status());
    const absl::StatusCode code = answer.status().code();
    counted.outcome = code == absl::StatusCode::kPermissionDenied ||
                              code == absl::StatusCode::kUnauthenticated ||
                              code == absl::StatusCode::kInvalidArgument
                          ? TokenOutcome::kDenied
                          : TokenOutcome::kError;
  } else if (const auto* issued = std::get_if<IssuedToken>(&*answer)) {
    counted.outcome = TokenOutcome::kToken;
    counted.from_cache = issued->from_cache;
    counted.policy_only = issued->enforcement == ScopeEnforcement::kPolicyOnly;
  } else {
    const InteractionKind kind =
        std::get<AskedQuestion>(*answer).interaction.kind;
    counted.outcome = kind == InteractionKind::kApproval
                          ? TokenOutcome::kApproval
                          : TokenOutcome::kConsent;
    gate_.metrics().CountInteraction(NameOf(kind));
  }
  gate_.metrics().CountTokenRequest(counted);
}

// ----------------------------------------------------------- WaitInteraction
// --

// One wait. Whoever ends it first (the person, the timer, the end of the
// process) takes the others back.
struct TokenApi::WaitCall {
  WaitCall(InteractionId asked, Caller who, absl::Time longest,
           Answer<v1::Interaction> way_back)
      : id(std::move(asked)),
        caller(std::move(who)),
        until(longest),
        answer(std::move(way_back)) {}

  const InteractionId id;
  const Caller caller;
  const absl::Time until;
  const Answer<v1::Interaction> answer;
  std::atomic<bool> ended{false};
  std::atomic<Interactions::WaitId> wait{0};
};

void TokenApi::WaitInteraction(ApiCall call, v1::WaitInteractionRequest request,
                               Done<v1::Interaction> done) {
  Answer<v1::Interaction> way_back(std::move(done));
  absl::StatusOr<InteractionId> id =
      ReadInteractionName("name", request.name());
  const absl::Time until = gate_.LatestAnswer(call.deadline, kMaxWaitPatience);
  gate_.Enter(call.credential, [this, way_back, id,
                                until](absl::StatusOr<Caller> caller) {
    if (!caller.ok()) return way_back(caller.status());
    auto answer = gate_.Audited(*caller, "WaitInteraction", way_back);
    if (caller->agent == nullptr) {
      return answer(errors::AgentCredentialInvalid("operator"));
    }
    if (!id.ok()) return answer(id.status());
    auto wait =
        std::make_shared<WaitCall>(*id, *std::move(caller), until, answer);
    absl::Status registered = Register(wait);
    if (!registered.ok()) return answer(std::move(registered));
    if (!gate_.Submit([this, wait] { Wait(wait); })) {
      Forget(wait);
      answer(CallGate::Overloaded());
    }
  });
}

absl::Status TokenApi::Register(std::shared_ptr<WaitCall> call) {
  MutexLock lock(mutex_);
  if (waiting_.size() >= kMaxWaiting) {
    return errors::RateLimited("waiting_interactions", kOverloadRetry);
  }
  waiting_.insert(std::move(call));
  return absl::OkStatus();
}

void TokenApi::Forget(const std::shared_ptr<WaitCall>& call) {
  MutexLock lock(mutex_);
  waiting_.erase(call);
}

// Looks after it has begun to listen, so that a settlement in between is seen
// one way or the other.
void TokenApi::Wait(std::shared_ptr<WaitCall> call) {
  auto end = [this, call] { End(call); };
  call->wait = interactions_.Wait(call->id, end);
  const Agent& agent = *call->caller.agent;
  absl::StatusOr<AskedQuestion> asked =
      interactions_.Get(agent.tenant, agent.id, call->id,
                        call->caller.directory->public_url, gate_.Now());
  bool stopping;
  {
    MutexLock lock(mutex_);
    stopping = stopping_;
  }
  if (stopping || !asked.ok() ||
      asked->interaction.state != InteractionState::kPending) {
    return end();
  }
  // Left where it is when the person is faster: it finds nothing to end.
  gate_.timer().At(std::min(call->until, asked->interaction.expire_time), end);
}

// May run on the thread that settled the question, so it does not block.
void TokenApi::End(std::shared_ptr<WaitCall> call) {
  if (call->ended.exchange(true)) return;
  Forget(call);
  if (!gate_.Submit([this, call] { Tell(call); })) {
    interactions_.StopWaiting(call->wait);
    call->answer(CallGate::Overloaded());
  }
}

void TokenApi::Tell(std::shared_ptr<WaitCall> call) {
  interactions_.StopWaiting(call->wait);
  const Agent& agent = *call->caller.agent;
  absl::StatusOr<AskedQuestion> asked =
      interactions_.Get(agent.tenant, agent.id, call->id,
                        call->caller.directory->public_url, gate_.Now());
  if (!asked.ok()) return call->answer(asked.status());
  call->answer(
      ToProto(*asked, WordsFor(*call->caller.directory, asked->interaction)));
}

void TokenApi::EndWaits() {
  absl::flat_hash_set<std::shared_ptr<WaitCall>> waiting;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    waiting = waiting_;
  }
  for (const auto& call : waiting) End(call);
}

// ---------------------------------------------------------------- the others
// --

void TokenApi::CancelInteraction(ApiCall call,
                                 v1::CancelInteractionRequest request,
                                 Done<v1::Interaction> done) {
  auto way_back = gate_.Bounded<v1::Interaction>(
      call.deadline, kMaxPatience, [] { return errors::UpstreamSlow(""); },
      std::move(done));
  gate_.Enter(call.credential, [this, way_back, request = std::move(request)](
                                   absl::StatusOr<Caller> caller) {
    if (!caller.ok()) return way_back(caller.status());
    auto answer = gate_.Audited(*caller, "CancelInteraction", way_back);
    if (caller->agent == nullptr) {
      return answer(errors::AgentCredentialInvalid("operator"));
    }
    absl::StatusOr<InteractionId> id =
        ReadInteractionName("name", request.name());
    if (!id.ok()) return answer(id.status());
    absl::Status request_id = CheckRequestId(request.request_id());
    if (!request_id.ok()) return answer(std::move(request_id));
    bool taken = gate_.Submit([this, answer, id = *id, caller = *caller,
                               request_id = request.request_id()] {
      absl::StatusOr<AskedQuestion> asked = interactions_.Cancel(
          caller.agent->tenant, caller.agent->id, id, request_id, gate_.Now());
      if (!asked.ok()) return answer(asked.status());
      answer(ToProto(*asked, WordsFor(*caller.directory, asked->interaction)));
    });
    if (!taken) answer(CallGate::Overloaded());
  });
}

void TokenApi::ReportTokenRejected(ApiCall call,
                                   v1::ReportTokenRejectedRequest request,
                                   Done<v1::ReportTokenRejectedResponse> done) {
  Answer<v1::ReportTokenRejectedResponse> answer(std::move(done));
  gate_.Enter(call.credential, [this, answer, request = std::move(request)](
                                   absl::StatusOr<Caller> caller) {
    if (!caller.ok()) return answer(caller.status());
    if (caller->agent == nullptr) {
      return answer(errors::AgentCredentialInvalid("operator"));
    }
    bool taken = gate_.Submit([this, answer, request, caller = *caller] {
      answer(AdviseOn(caller, request));
    });
    if (!taken) answer(CallGate::Overloaded());
  });
}

absl::StatusOr<v1::ReportTokenRejectedResponse> TokenApi::AdviseOn(
    const Caller& caller, const v1::ReportTokenRejectedRequest& request) {
  if (!IsTokenId(request.token_id())) {
    return errors::FieldInvalid("token_id", "is none of ours");
  }
  if (request.http_status() != 401 && request.http_status() != 403) {
    return errors::FieldInvalid("http_status", "must be 401 or 403");
  }
  if (request.www_authenticate().size() > kMaxChallenge) {
    return errors::FieldInvalid("www_authenticate", "is too long");
  }
  TokenRejections::Report report;
  report.tenant = caller.agent->tenant;
  report.agent = caller.agent->id;
  report.token_id = request.token_id();
  report.http_status = request.http_status();
  report.www_authenticate = request.www_authenticate();
  ASSIGN_OR_RETURN(TokenRejections::Advice advice, rejections_.Advise(report));
  v1::ReportTokenRejectedResponse response;
  response.set_advice(
      static_cast<v1::ReportTokenRejectedResponse::Advice>(advice.what));
  for (const std::string& scope : advice.missing_scopes) {
    response.add_missing_scopes(scope);
  }
  return response;
}

void TokenApi::ListUsableConnections(
    ApiCall call, v1::ListUsableConnectionsRequest request,
    Done<v1::ListUsableConnectionsResponse> done) {
  auto way_back = gate_.Bounded<v1::ListUsableConnectionsResponse>(
      call.deadline, kMaxPatience, [] { return errors::UpstreamSlow(""); },
      std::move(done));
  gate_.Enter(call.credential, [this, way_back, request = std::move(request)](
                                   absl::StatusOr<Caller> caller) {
    if (!caller.ok()) return way_back(caller.status());
    auto answer = gate_.Audited(*caller, "ListUsableConnections", way_back);
    if (caller->agent == nullptr) {
      return answer(errors::AgentCredentialInvalid("operator"));
    }
    bool taken = gate_.Submit([this, answer, request, caller = *caller] {
      answer(ListUsable(caller, request));
    });
    if (!taken) answer(CallGate::Overloaded());
  });
}

absl::StatusOr<v1::ListUsableConnectionsResponse> TokenApi::ListUsable(
    const Caller& caller, const v1::ListUsableConnectionsRequest& request) {
  ASSIGN_OR_RETURN(int page_size, ReadPageSize(request.page_size()));
  ASSIGN_OR_RETURN(std::string after, ReadPageToken(request.page_token()));
  ASSIGN_OR_RETURN(Person person, gate_.authenticator().IdentifyPerson(
                                      caller, ToSubjectRef(request.subject())));
  const Agent& agent = *caller.agent;
  ASSIGN_OR_RETURN(const UserId user,
                   keys_.UserOf(agent.tenant, person.issuer, person.subject));
  // One more than asked for, to know whether there is a next page.
  ASSIGN_OR_RETURN(std::vector<AccessFinder::Usable> found,
                   broker_.access().ListUsable(agent.tenant, agent.id, user,
                                               ConnectionId(after),
                                               page_size + 1, gate_.Now()));
  v1::ListUsableConnectionsResponse response;
  for (const AccessFinder::Usable& usable : found) {
    if (response.connections_size() == page_size) {
      response.set_next_page_token(MakePageToken(after));
      break;
    }
    after = usable.connection.id.value;
    *response.add_connections() =
        ToProto(ConnectionView{usable.connection, {usable.grant}});
  }
  return response;
}

}  // namespace tokenvault
