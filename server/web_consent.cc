#include "server/web_consent.h"

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "oauth/url.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

constexpr int kMaxConnections = 100;

WebResponse Page(int status, std::string html) {
  WebResponse response;
  response.status = status;
  response.content_type = kHtmlContentType;
  response.body = std::move(html);
  return response;
}

CallbackQuery ReadCallback(const WebRequest& request) {
  CallbackQuery query;
  auto parameters = ParseQuery(request.query);
  if (parameters.ok()) {
    query.parameters = *std::move(parameters);
  } else {
    query.malformed = true;
  }
  return query;
}

// The part of `path` after `prefix`, if it is one segment.
std::optional<std::string> Segment(absl::string_view path,
                                   absl::string_view prefix) {
  if (!absl::ConsumePrefix(&path, prefix)) return std::nullopt;
  if (path.empty() || absl::StrContains(path, "/")) return std::nullopt;
  return std::string(path);
}

ConsentKind KindOf(const Interaction& interaction) {
  switch (interaction.kind) {
    case InteractionKind::kConsent:
      return ConsentKind::kConnect;
    case InteractionKind::kReconnect:
      return ConsentKind::kReconnect;
    case InteractionKind::kStepUp:
      return ConsentKind::kStepUp;
  }
  return ConsentKind::kConnect;
}

}  // namespace

struct WebConsent::Visit {
  const WebRequest& request;
  std::shared_ptr<const Directory> directory;
  BrowserCookies cookies;
  std::optional<WebSession> session;

  // `tenant` may be null: then the product's own name stands on the page.
  PageFrame Frame(const Tenant* tenant) const {
    PageFrame frame;
    if (tenant != nullptr) frame.brand = absl::StrCat(tenant->name, " Connect");
    if (session.has_value()) frame.signed_in_as = session->display_name;
    frame.demo = directory->dev_mode;
    return frame;
  }
  PageFrame Frame() const {
    return Frame(session.has_value() ? directory->FindTenant(session->tenant)
                                     : nullptr);
  }
  // "connect.acme.example/me", as people read it.
  std::string ConnectionsName() const {
    absl::string_view url = directory->public_url;
    if (!absl::ConsumePrefix(&url, "https://")) {
      absl::ConsumePrefix(&url, "http://");
    }
    return absl::StrCat(url, "/me");
  }
  CookieReader Reader() const {
    return
        [this](const std::string& name) { return cookies.Read(request, name); };
  }
};

WebConsent::WebConsent(const Clock& clock, const DirectoryHolder& directory,
                       SignIn& sign_in, ConsentFlow& consent,
                       ConnectionAdmin& connections, Interactions& interactions,
                       WorkerPool& pool)
    : clock_(clock),
      directory_(directory),
      sign_in_(sign_in),
      consent_(consent),
      connections_(connections),
      interactions_(interactions),
      pool_(pool) {}

void WebConsent::Handle(WebRequest request, WebRespond respond) {
  const bool https = absl::StartsWith(directory_.Get()->public_url, "https://");
  if (request.path == kStyleSheetPath) {
    WebResponse response = StyleSheetResponse();
    return respond(std::move(response));
  }
  // Shared, so that a refused job still leaves the respond to us.
  auto answer = std::make_shared<WebRespond>(std::move(respond));
  bool taken = pool_.Submit(
      [this, https, answer, request = std::move(request)]() mutable {
        WebResponse response = Route(request);
        AddPageHeaders(https, response);
        (*answer)(std::move(response));
      });
  if (!taken) {
    WebResponse response =
        Page(503, RenderWentWrong({PageFrame(), "busy", /*retry_link=*/""}));
    AddPageHeaders(https, response);
    (*answer)(std::move(response));
  }
}

WebResponse WebConsent::Route(const WebRequest& request) {
  std::shared_ptr<const Directory> directory = directory_.Get();
  const bool https = absl::StartsWith(directory->public_url, "https://");
  Visit visit{request, directory, BrowserCookies(https), std::nullopt};
  absl::StatusOr<std::optional<WebSession>> session =
      sign_in_.Find(visit.cookies.Read(request, kSessionCookie).value_or(""));
  if (!session.ok()) return ErrorPage(visit, session.status(), "");
  visit.session = *std::move(session);

  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  absl::string_view path = request.path;
  if (auto link = Segment(path, "/c/")) {
    if (get) return ShowQuestion(visit, *link);
    if (post) return AnswerQuestion(visit, *link);
  }
  if (auto flow = Segment(path, "/go/"); flow && get) {
    return Leave(visit, *flow);
  }
  if (auto context = Segment(path, "/cb/"); context && get) {
    return Return(visit, *context);
  }
  if (auto interaction = Segment(path, "/done/")) {
    if (get) return ShowOutcome(visit, *interaction);
    if (post) return ChangeOutcome(visit, *interaction);
  }
  if (get && absl::ConsumeSuffix(&path, "/start")) {
    if (auto tenant = Segment(path, "/signin/")) {
      return StartSignIn(visit, *tenant);
    }
  } else if (auto tenant = Segment(path, "/signin/"); tenant && get) {
    return FinishSignIn(visit, *tenant);
  }
  if (path == "/me" && get) return ShowConnections(visit);
  if (path == "/me" && post) return Disconnect(visit);
  if (path == "/signout" && post) return SignOut(visit);
  return Page(404, RenderNotFound({visit.Frame()}));
}

// ------------------------------------------------------------- the question --

WebResponse WebConsent::ShowQuestion(Visit& visit, const std::string& link_id) {
  absl::StatusOr<Interaction> interaction = consent_.Look(link_id);
  if (!interaction.ok()) return ErrorPage(visit, interaction.status(), "");
  if (!visit.session.has_value()) {
    const Tenant* tenant = visit.directory->FindTenant(interaction->tenant);
    if (tenant == nullptr) return Page(404, RenderNotFound({visit.Frame()}));
    SignInPage page;
    page.frame = visit.Frame(tenant);
    page.tenant = tenant->name;
    page.agent = ViewAgent(*visit.directory, interaction->agent).name;
    page.identity_provider = HostOf(tenant->identity.issuer);
    page.link = absl::StrCat(SignInPath(tenant->id), "/start?c=", link_id);
    return Page(200, RenderSignIn(page));
  }
  absl::Status admitted = consent_.Admit(*interaction, *visit.session);
  if (!admitted.ok()) return ErrorPage(visit, admitted, "");
  return ConsentPageFor(visit, *interaction, "");
}

WebResponse WebConsent::ConsentPageFor(Visit& visit,
                                       const Interaction& interaction,
                                       const std::string& error) {
  const Directory& directory = *visit.directory;
  const Provider* provider = directory.FindProvider(interaction.provider);
  const Tenant* tenant = directory.FindTenant(interaction.tenant);
  const std::string path =
      absl::StrCat("/c/", interactions_.LinkIdOf(interaction.id));
  ConsentPage page;
  page.frame = visit.Frame();
  page.kind = KindOf(interaction);
  page.form = {path, sign_in_.CsrfToken(*visit.session, path)};
  page.agent = ViewAgent(directory, interaction.agent);
  if (tenant != nullptr) page.tenant = tenant->name;
  page.purpose = interaction.purpose;
  page.asked_at = interaction.create_time;
  page.now = clock_.Now();
  page.code = interaction.user_code;
  page.provider = ViewProvider(directory, interaction.provider);
  if (provider != nullptr) {
    page.provider_host =
        HostOf(provider->authorize_url.empty() ? provider->issuer
                                               : provider->authorize_url);
  }
  ScopeSet asked = interaction.scopes;
  ScopeSet already;
  if (!interaction.connection.empty()) {
    absl::StatusOr<ConnectionView> view = connections_.Get(
        interaction.tenant, interaction.user, interaction.connection);
    if (!view.ok()) return ErrorPage(visit, view.status(), "");
    page.account = view->connection.account_label;
    for (const AgentGrant& grant : view->grants) {
      if (grant.agent == interaction.agent) already = grant.scopes;
    }
    const bool widens = !asked.IsSubsetOf(view->connection.granted_scopes);
    page.at_provider =
        widens || view->connection.state != ConnectionState::kActive;
  }
  if (page.kind == ConsentKind::kStepUp) {
    asked = interaction.missing_scopes;
    page.already = ViewScopes(provider, already);
  }
  page.scopes = ViewScopes(provider, asked);
  page.cannot = ViewCannot(provider, interaction.scopes, already);
  page.connections_link = "/me";
  page.connections_name = visit.ConnectionsName();
  page.error = error;
  return Page(error.empty() ? 200 : 400, RenderConsent(page));
}

WebResponse WebConsent::AnswerQuestion(Visit& visit,
                                       const std::string& link_id) {
  absl::StatusOr<Interaction> interaction = consent_.Look(link_id);
  if (!interaction.ok()) return ErrorPage(visit, interaction.status(), "");
  if (!visit.session.has_value()) {
    // Signed out meanwhile: nothing was decided, the link still works.
    return SeeOther(visit.request.path);
  }
  std::map<std::string, std::string> form;
  if (absl::Status status = CheckForm(visit, visit.request.path, form);
      !status.ok()) {
    return ErrorPage(visit, status, visit.request.path);
  }
  const std::string done = absl::StrCat("/done/", interaction->id.value);
  if (form[kFieldDecision] == kDecisionDeny) {
    absl::Status denied = consent_.Deny(*interaction, *visit.session);
    return denied.ok() ? SeeOther(done) : ErrorPage(visit, denied, "");
  }
  std::optional<Lifetime> lifetime = ParseLifetime(form[kFieldLifetime]);
  if (form[kFieldDecision] != kDecisionAllow || !lifetime.has_value()) {
    absl::Status admitted = consent_.Admit(*interaction, *visit.session);
    if (!admitted.ok()) return ErrorPage(visit, admitted, "");
    return ConsentPageFor(visit, *interaction,
                          "Choose for how long, then allow or do not allow.");
  }
  absl::StatusOr<ConsentFlow::Allowed> allowed =
      consent_.Allow(*visit.directory, *interaction, *visit.session,
                     LifetimeEnd(*lifetime, clock_.Now()));
  if (!allowed.ok()) {
    return ErrorPage(visit, allowed.status(), visit.request.path);
  }
  if (!allowed->trip.has_value()) return SeeOther(done);
  WebResponse response = SeeOther(absl::StrCat("/go/", allowed->flow_id));
  visit.cookies.Set(response, allowed->trip->cookie_name,
                    allowed->trip->cookie_value, allowed->trip->cookie_age);
  return response;
}

// ------------------------------------------------------- there and back again
// --

WebResponse WebConsent::StartSignIn(Visit& visit, const std::string& name) {
  const Tenant* tenant = visit.directory->FindTenant(TenantId(name));
  if (tenant == nullptr) return Page(404, RenderNotFound({visit.Frame()}));
  const std::string link_id = ReadCallback(visit.request).Get("c");
  InteractionId interaction;
  if (!link_id.empty()) {
    absl::StatusOr<Interaction> found = consent_.Look(link_id);
    if (!found.ok()) return ErrorPage(visit, found.status(), "");
    interaction = found->id;
  }
  absl::StatusOr<BrowserTrip> trip =
      sign_in_.Begin(*visit.directory, *tenant, interaction);
  if (!trip.ok()) {
    return ErrorPage(visit, trip.status(),
                     link_id.empty() ? "/me" : absl::StrCat("/c/", link_id));
  }
  WebResponse response = SeeOther(trip->url);
  visit.cookies.Set(response, trip->cookie_name, trip->cookie_value,
                    trip->cookie_age);
  return response;
}

WebResponse WebConsent::FinishSignIn(Visit& visit, const std::string& name) {
  const Tenant* tenant = visit.directory->FindTenant(TenantId(name));
  if (tenant == nullptr) return Page(404, RenderNotFound({visit.Frame()}));
  absl::StatusOr<SignIn::SignedIn> signed_in = sign_in_.Finish(
      *visit.directory, *tenant, ReadCallback(visit.request), visit.Reader());
  if (!signed_in.ok()) return ErrorPage(visit, signed_in.status(), "/me");
  WebResponse response = SeeOther(
      signed_in->interaction.empty()
          ? "/me"
          : absl::StrCat("/c/",
                         interactions_.LinkIdOf(signed_in->interaction)));
  visit.cookies.Set(response, kSessionCookie, signed_in->cookie,
                    SignIn::kAbsolute);
  visit.cookies.Clear(response, signed_in->flow_cookie_name);
  return response;
}

WebResponse WebConsent::Leave(Visit& visit, const std::string& flow_id) {
  if (!visit.session.has_value()) {
    return ErrorPage(visit, errors::ConnectRefused("session"), "");
  }
  absl::StatusOr<ConsentFlow::Leaving> leaving =
      consent_.Destination(*visit.directory, flow_id, *visit.session);
  if (!leaving.ok()) {
    return ErrorPage(visit, leaving.status(), visit.request.path);
  }
  InterstitialPage page;
  page.frame = visit.Frame();
  page.agent = ViewAgent(*visit.directory, leaving->interaction.agent).name;
  page.provider = ViewProvider(*visit.directory, leaving->interaction.provider);
  page.host = HostOf(leaving->url);
  page.link = leaving->url;
  return Page(200, RenderInterstitial(page));
}

WebResponse WebConsent::Return(Visit& visit, const std::string& context) {
  absl::StatusOr<ConsentFlow::Returned> returned =
      consent_.Return(*visit.directory, context, ReadCallback(visit.request),
                      visit.session, visit.Reader());
  if (!returned.ok()) return ErrorPage(visit, returned.status(), "");
  if (!returned->provider_error.ok()) {
    return ErrorPage(
        visit, returned->provider_error,
        absl::StrCat("/c/", interactions_.LinkIdOf(returned->interaction)));
  }
  WebResponse response =
      SeeOther(absl::StrCat("/done/", returned->interaction.value));
  visit.cookies.Clear(response, returned->flow_cookie_name);
  return response;
}

// -------------------------------------------------------------- the outcome --

WebResponse WebConsent::ShowOutcome(Visit& visit,
                                    const std::string& interaction_id) {
  if (!visit.session.has_value()) return SeeOther("/me");
  absl::StatusOr<ConsentFlow::Outcome> outcome =
      consent_.GetOutcome(InteractionId(interaction_id), *visit.session);
  if (!outcome.ok()) return ErrorPage(visit, outcome.status(), "");
  const Interaction& interaction = outcome->interaction;
  const Directory& directory = *visit.directory;
  const Provider* provider = directory.FindProvider(interaction.provider);
  const AgentView agent = ViewAgent(directory, interaction.agent);
  const std::string provider_name =
      ViewProvider(directory, interaction.provider);
  const ReturnView back = ViewReturn(interaction, agent.name);
  const std::string& path = visit.request.path;
  const PageForm form = {path, sign_in_.CsrfToken(*visit.session, path)};

  if (interaction.state == InteractionState::kPending) {
    return SeeOther(
        absl::StrCat("/c/", interactions_.LinkIdOf(interaction.id)));
  }
  if (outcome->connection.has_value() &&
      outcome->connection->state == ConnectionState::kRevoked) {
    RemovedPage page;
    page.frame = visit.Frame();
    page.agent = agent.name;
    page.provider = provider_name;
    page.account = outcome->connection->account_label;
    page.revocation = ViewRevocation(*outcome->connection);
    page.back = back;
    return Page(200, RenderRemoved(page));
  }
  if (interaction.denial_reason == "PROVIDER_DENIED") {
    return Page(200, RenderDeniedAtProvider(
                         {visit.Frame(), agent.name, provider_name, back}));
  }
  if (interaction.denial_reason == "SCOPES_NOT_GRANTED" &&
      visit.request.query != "kept") {
    LessGrantedPage page;
    page.frame = visit.Frame();
    page.form = form;
    page.agent = agent.name;
    page.provider = provider_name;
    if (outcome->connection.has_value()) {
      page.account = outcome->connection->account_label;
    }
    page.granted = ViewScopes(
        provider, interaction.scopes.Minus(interaction.missing_scopes));
    page.missing = ViewScopes(provider, interaction.missing_scopes);
    return Page(200, RenderLessGranted(page));
  }
  if (interaction.denial_reason == "ACCESS_DENIED") {
    return Page(200, RenderDeniedByYou(
                         {visit.Frame(), agent.name, provider_name, back}));
  }
  if (!outcome->grant.has_value() || !outcome->connection.has_value()) {
    return Page(410, RenderLinkExpired({visit.Frame()}));
  }
  DonePage page;
  page.frame = visit.Frame();
  page.agent = agent;
  if (const Tenant* tenant = directory.FindTenant(interaction.tenant)) {
    page.tenant = tenant->name;
  }
  page.provider = provider_name;
  page.account = outcome->connection->account_label;
  page.scopes = ViewScopes(provider, outcome->grant->scopes);
  page.ends = outcome->grant->end_time;
  page.undo = form;
  page.back = back;
  page.connections_link = "/me";
  page.connections_name = visit.ConnectionsName();
  return Page(200, RenderDone(page));
}

WebResponse WebConsent::ChangeOutcome(Visit& visit,
                                      const std::string& interaction_id) {
  const std::string& path = visit.request.path;
  if (!visit.session.has_value()) return SeeOther("/me");
  std::map<std::string, std::string> form;
  if (absl::Status status = CheckForm(visit, path, form); !status.ok()) {
    return ErrorPage(visit, status, path);
  }
  absl::StatusOr<ConsentFlow::Outcome> outcome =
      consent_.GetOutcome(InteractionId(interaction_id), *visit.session);
  if (!outcome.ok()) return ErrorPage(visit, outcome.status(), "");
  const Interaction& interaction = outcome->interaction;
  const std::string& decision = form[kFieldDecision];
  if (decision == kDecisionKeep) return SeeOther(absl::StrCat(path, "?kept"));
  if (decision == kDecisionAgain) {
    Question question;
    question.kind = InteractionKind::kStepUp;
    question.tenant = interaction.tenant;
    question.agent = interaction.agent;
    question.user = interaction.user;
    question.provider = interaction.provider;
    question.connection = interaction.connection;
    question.scopes = interaction.scopes;
    question.missing_scopes = interaction.missing_scopes;
    question.purpose = interaction.purpose;
    question.return_uri = interaction.return_uri;
    absl::StatusOr<AskedQuestion> asked =
        interactions_.Ask(question, visit.directory->public_url, clock_.Now());
    if (!asked.ok()) return ErrorPage(visit, asked.status(), path);
    return SeeOther(
        absl::StrCat("/c/", interactions_.LinkIdOf(asked->interaction.id)));
  }
  if (decision != kDecisionUndo || !outcome->connection.has_value()) {
    return ErrorPage(visit, errors::FieldInvalid("decision", "unknown"), path);
  }
  absl::StatusOr<ConnectionAdmin::Revoked> revoked = connections_.Revoke(
      *visit.directory, interaction.tenant, interaction.user,
      outcome->connection->id, /*etag=*/"",
      absl::StrCat("users/", visit.session->user.value), /*request_id=*/"");
  if (!revoked.ok()) return ErrorPage(visit, revoked.status(), path);
  return SeeOther(path);
}

// ------------------------------------------------------------ my connections
// --

WebResponse WebConsent::ShowConnections(Visit& visit) {
  const Directory& directory = *visit.directory;
  if (!visit.session.has_value()) {
    // Without a link nothing says which company; with one, there is no choice.
    if (directory.tenants.size() != 1) {
      return Page(404, RenderNotFound({visit.Frame()}));
    }
    const Tenant& tenant = directory.tenants.begin()->second;
    SignInPage page;
    page.frame = visit.Frame(&tenant);
    page.tenant = tenant.name;
    page.identity_provider = HostOf(tenant.identity.issuer);
    page.link = absl::StrCat(SignInPath(tenant.id), "/start");
    return Page(200, RenderSignIn(page));
  }
  ConnectionFilter filter;
  filter.tenant = visit.session->tenant;
  filter.user = visit.session->user;
  absl::StatusOr<std::vector<ConnectionView>> views =
      connections_.List(filter, ConnectionId(), kMaxConnections);
  if (!views.ok()) return ErrorPage(visit, views.status(), "/me");

  MyConnectionsPage page;
  page.frame = visit.Frame();
  page.form = {"/me", sign_in_.CsrfToken(*visit.session, "/me")};
  page.sign_out = {"/signout", sign_in_.CsrfToken(*visit.session, "/signout")};
  for (const ConnectionView& view : *views) {
    if (view.connection.state == ConnectionState::kRevoked) continue;
    page.connections.push_back(
        ViewConnection(directory, view.connection, view.grants, clock_.Now()));
  }
  return Page(200, RenderMyConnections(page));
}

WebResponse WebConsent::Disconnect(Visit& visit) {
  if (!visit.session.has_value()) return SeeOther("/me");
  std::map<std::string, std::string> form;
  if (absl::Status status = CheckForm(visit, "/me", form); !status.ok()) {
    return ErrorPage(visit, status, "/me");
  }
  absl::StatusOr<ConnectionAdmin::Revoked> revoked = connections_.Revoke(
      *visit.directory, visit.session->tenant, visit.session->user,
      ConnectionId(form[kFieldConnection]), /*etag=*/"",
      absl::StrCat("users/", visit.session->user.value), /*request_id=*/"");
  if (!revoked.ok()) return ErrorPage(visit, revoked.status(), "/me");
  const Connection& connection = revoked->view.connection;
  RemovedPage page;
  page.frame = visit.Frame();
  page.provider = ViewProvider(*visit.directory, connection.provider);
  page.account = connection.account_label;
  page.revocation = ViewRevocation(connection);
  return Page(200, RenderRemoved(page));
}

WebResponse WebConsent::SignOut(Visit& visit) {
  if (visit.session.has_value()) {
    std::map<std::string, std::string> form;
    if (absl::Status status = CheckForm(visit, "/signout", form);
        !status.ok()) {
      return ErrorPage(visit, status, "/me");
    }
    absl::Status status = sign_in_.SignOut(
        visit.cookies.Read(visit.request, kSessionCookie).value_or(""));
    if (!status.ok()) return ErrorPage(visit, status, "/me");
  }
  PageFrame frame = visit.Frame();
  frame.signed_in_as.clear();
  WebResponse response = Page(200, RenderSignedOut({frame, "/me"}));
  visit.cookies.Clear(response, kSessionCookie);
  return response;
}

// ------------------------------------------------------------------- errors --

absl::Status WebConsent::CheckForm(
    const Visit& visit, const std::string& action,
    std::map<std::string, std::string>& form) const {
  if (!IsOwnForm(visit.request, visit.directory->public_url)) {
    return errors::ConnectRefused("origin");
  }
  ASSIGN_OR_RETURN(form, ReadForm(visit.request));
  if (!EqualInConstantTime(form[kFieldCsrf],
                           sign_in_.CsrfToken(*visit.session, action))) {
    return errors::ConnectRefused("csrf");
  }
  return absl::OkStatus();
}

// A page for what went wrong: what happened, whose turn it is, one thing to do.
// Which check failed is for the log only.
WebResponse WebConsent::ErrorPage(const Visit& visit,
                                  const absl::Status& status,
                                  const std::string& retry_link) {
  const std::string reason = ReasonOf(status);
  const PageFrame frame = visit.Frame();
  if (reason == "NOT_FOUND" || reason == "RESOURCE_DENIED") {
    return Page(404, RenderNotFound({frame}));
  }
  if (reason == "INTERACTION_USED") {
    return Page(410, RenderLinkUsed({frame, "/me"}));
  }
  if (reason == "INTERACTION_EXPIRED" || reason == "INTERACTION_DENIED") {
    return Page(410, RenderLinkExpired({frame}));
  }
  const std::string check = MetadataOf(status, "check");
  if (check == "user_mismatch" || check == "user") {
    OtherPersonPage page;
    page.frame = frame;
    if (visit.session.has_value()) {
      page.sign_out = {"/signout",
                       sign_in_.CsrfToken(*visit.session, "/signout")};
    }
    return Page(403, RenderOtherPerson(page));
  }
  const std::string id = NewUlid(clock_.Now());
  Log(LogLevel::kWarning, "page.failed", "a page could not be shown",
      {{LogKey::kRequestId, id},
       {LogKey::kReason, reason.empty() ? "INTERNAL" : reason},
       {LogKey::kOutcome, check}});
  if (absl::StartsWith(reason, "PROVIDER_") || reason == "ADDRESS_REFUSED") {
    ProviderDownPage page;
    page.frame = frame;
    const std::string provider = MetadataOf(status, "provider");
    const Provider* known = visit.directory->FindProvider(ProviderId(provider));
    page.provider =
        known == nullptr ? "The sign-in service" : known->display_name;
    page.agent = "The agent";
    page.retry_link = retry_link;
    return Page(502, RenderProviderDown(page));
  }
  const int code = reason == "CONNECT_REFUSED"   ? 403
                   : reason == "FIELD_INVALID"   ? 400
                   : absl::IsUnavailable(status) ? 503
                                                 : 500;
  return Page(code, RenderWentWrong({frame, id, retry_link}));
}

}  // namespace tokenvault
