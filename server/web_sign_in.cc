#include "server/web_sign_in.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/page_consent.h"
#include "server/page_notices.h"
#include "server/web_approvals.h"
#include "server/web_session.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

// What the start of a sign-in is told, besides a question: one word, and not an
// address, so that it leads to no other place.
constexpr char kAsOperator[] = "operator";

SignIn::Home HomeOf(const WebVisit& visit, const Tenant& tenant) {
  const std::optional<Operators>& operators = visit.directory->operators;
  return visit.Query().Get("as") == kAsOperator && operators.has_value() &&
                 operators->tenant == tenant.id
             ? SignIn::Home::kOperatorPage
             : SignIn::Home::kOwnPages;
}

std::string PathOf(SignIn::Home home) {
  return home == SignIn::Home::kOperatorPage ? kOperatorPath : kConnectionsPath;
}

}  // namespace

std::string SignInLinkFor(const WebVisit& visit, const Interaction& question) {
  return absl::StrCat(
      SignInPath(question.tenant),
      "/start?c=", visit.parts.interactions.LinkIdOf(question.id).value_or(""));
}

WebResponse AskWhoVisits(const WebVisit& visit) {
  // Without a link nothing says which company; with one, there is no choice.
  if (visit.directory->tenants.size() != 1) {
    return Page(404, RenderNotFound({visit.Frame()}));
  }
  const Tenant& tenant = visit.directory->tenants.begin()->second;
  SignInPage page;
  page.frame = visit.Frame(&tenant);
  page.tenant = tenant.name;
  page.identity_provider = HostOf(tenant.identity.issuer);
  page.link = absl::StrCat(SignInPath(tenant.id), "/start");
  return Page(200, RenderSignIn(page));
}

WebResponse AskWhoOperates(const WebVisit& visit) {
  // The configuration was checked.
  const Tenant& tenant =
      *visit.directory->FindTenant(visit.directory->operators->tenant);
  SignInPage page;
  page.frame = visit.Frame(&tenant);
  page.tenant = tenant.name;
  page.as_operator = true;
  page.identity_provider = HostOf(tenant.identity.issuer);
  page.link = absl::StrCat(SignInPath(tenant.id), "/start?as=", kAsOperator);
  return Page(200, RenderSignIn(page));
}

WebResponse AskWhoAnswers(const WebVisit& visit, const Interaction& question) {
  const Tenant* tenant = visit.directory->FindTenant(question.tenant);
  if (tenant == nullptr) return Page(404, RenderNotFound({visit.Frame()}));
  SignInPage page;
  page.frame = visit.Frame(tenant);
  page.tenant = tenant->name;
  page.agent = ViewAgent(visit.messages, *visit.directory, question.agent).name;
  page.approval = question.kind == InteractionKind::kApproval;
  page.identity_provider = HostOf(tenant->identity.issuer);
  page.link = SignInLinkFor(visit, question);
  return Page(200, RenderSignIn(page));
}

WebResponse StartSignIn(const WebVisit& visit, const std::string& name) {
  const Tenant* tenant = visit.directory->FindTenant(TenantId(name));
  if (tenant == nullptr) return Page(404, RenderNotFound({visit.Frame()}));
  const std::string link_id = visit.Query().Get("c");
  InteractionId interaction;
  absl::Duration max_age = absl::InfiniteDuration();
  if (!link_id.empty()) {
    if (auto approval = FindApproval(visit, link_id)) {
      max_age = Approvals::kFreshSignIn;
      interaction = approval->id;
    } else {
      absl::StatusOr<Interaction> found = visit.parts.consent.Look(link_id);
      if (!found.ok()) return visit.ErrorPage(found.status(), "");
      interaction = found->id;
    }
  }
  const SignIn::Home home = HomeOf(visit, *tenant);
  absl::StatusOr<BrowserTrip> trip = visit.parts.sign_in.Begin(
      *visit.directory, *tenant, interaction, max_age, home);
  if (!trip.ok()) {
    return visit.ErrorPage(trip.status(), link_id.empty()
                                              ? PathOf(home)
                                              : absl::StrCat("/c/", link_id));
  }
  WebResponse response = SeeOther(trip->url);
  visit.cookies.Set(response, trip->cookie_name, trip->cookie_value,
                    trip->cookie_age);
  return response;
}

WebResponse FinishSignIn(const WebVisit& visit, const std::string& name) {
  const Tenant* tenant = visit.directory->FindTenant(TenantId(name));
  if (tenant == nullptr) return Page(404, RenderNotFound({visit.Frame()}));
  absl::StatusOr<SignIn::SignedIn> signed_in = visit.parts.sign_in.Finish(
      *visit.directory, *tenant, visit.Query(), visit.Reader());
  if (!signed_in.ok())
    return visit.ErrorPage(signed_in.status(), kConnectionsPath);
  WebResponse response = SeeOther(signed_in->interaction.empty()
                                      ? PathOf(signed_in->home)
                                      : visit.LinkTo(signed_in->interaction));
  visit.cookies.Set(response, kSessionCookie, signed_in->cookie,
                    SignIn::kAbsolute);
  visit.cookies.Clear(response, signed_in->flow_cookie_name);
  return response;
}

WebResponse SignOut(const WebVisit& visit, const std::string&) {
  if (visit.session.has_value()) {
    absl::StatusOr<WebForm> form = visit.ReadOwnForm("/signout");
    if (!form.ok()) return visit.ErrorPage(form.status(), kConnectionsPath);
    absl::Status status = visit.parts.sign_in.SignOut(
        visit.cookies.Read(visit.request, kSessionCookie).value_or(""));
    if (!status.ok()) return visit.ErrorPage(status, kConnectionsPath);
  }
  PageFrame frame = visit.Frame();
  frame.signed_in_as.clear();
  WebResponse response = Page(200, RenderSignedOut({frame, kConnectionsPath}));
  // A form of another site comes without the cookie, and takes it from nobody.
  if (visit.session.has_value() ||
      IsOwnForm(visit.request, visit.directory->public_url)) {
    visit.cookies.Clear(response, kSessionCookie);
  }
  return response;
}

}  // namespace tokenvault
