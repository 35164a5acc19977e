#include "server/demo/sign_in.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "crypto/random.h"
#include "oauth/url.h"
#include "server/demo/pages.h"
#include "server/demo/people.h"
#include "server/demo/provider.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kCodeLife = absl::Minutes(10);
constexpr size_t kMostRequests = 256;

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string CookieName(absl::string_view id) {
  return absl::StrCat("demo_flow_", HexEncode(Sha256(id)).substr(0, 8));
}

std::string OriginOf(const std::string& url) {
  auto parsed = ParseUrl(url);
  return parsed.ok() ? parsed->Origin() : "";
}

// 43 characters of base64url: a SHA-256.
bool IsChallenge(const DemoFields& query) {
  auto challenge = Base64UrlDecode(query.Get("code_challenge"));
  return query.Get("code_challenge_method") == "S256" &&
         challenge.has_value() && challenge->size() == kSha256Size;
}

// Who somebody is goes with the rest; what may be done is asked one by one.
bool MayUntick(absl::string_view scope) {
  return absl::StartsWith(scope, "calendar.");
}

}  // namespace

std::map<std::string, std::string> DemoScopes(const DemoPersona& persona) {
  std::map<std::string, std::string> scopes = {
      {"openid", "Know which demo account this is"},
      {"profile", "See your name"},
      {"email", "See your e-mail address"},
      {"calendar.read", "See your events"},
      {"calendar.write", "Add, change and delete events"},
  };
  if (persona.offline == DemoOffline::kByScope) {
    scopes[persona.offline_scope] = "Do so while you are away";
  }
  return scopes;
}

std::string DemoSignIn::Problem(const DemoFields& query) const {
  if (query.Get("response_type") != "code") return "unsupported_response_type";
  const bool brings_challenge =
      query.Has("code_challenge") || query.Has("code_challenge_method");
  if ((persona_.pkce_required || brings_challenge) && !IsChallenge(query)) {
    return "invalid_request";
  }
  const ScopeSet scopes = AskedScopes(query);
  if (scopes.empty()) return "invalid_scope";
  const auto known = DemoScopes(persona_);
  for (const std::string& scope : scopes) {
    if (known.count(scope) == 0) return "invalid_scope";
  }
  if (persona_.needs_resource && query.Get("resource") != place_.Resource()) {
    return "invalid_target";
  }
  // Nobody stays signed in here, so there is always something to ask.
  if (query.Get("prompt") == "none") return "login_required";
  return "";
}

ScopeSet DemoSignIn::AskedScopes(const DemoFields& query) const {
  if (persona_.scope_parameter.empty()) {
    return {"calendar.read", "calendar.write"};
  }
  return ScopeSet::Parse(query.Get(persona_.scope_parameter),
                         std::string(1, persona_.scope_delimiter));
}

WebResponse DemoSignIn::Begin(const WebRequest& web, absl::Time now) {
  auto query = DemoFields::OfQuery(web);
  if (!query.has_value() || query->IsOverlong()) {
    return DemoErrorPage(400, "The request is malformed.");
  }
  Request request;
  request.grant.client = query->Get("client_id");
  request.redirect_uri = query->Get("redirect_uri");
  request.state = query->Get("state");
  // Whoever is wrong about these two is not sent anywhere.
  if (!clients_.Knows(request.grant.client)) {
    return DemoErrorPage(400, "No client of that name is registered here.");
  }
  if (!clients_.MayReturnTo(request.grant.client, request.redirect_uri)) {
    return DemoErrorPage(400, "The redirect_uri is not one of this client's.");
  }
  if (std::string problem = Problem(*query); !problem.empty()) {
    return Back(request, {{"error", problem}});
  }
  request.challenge = query->Get("code_challenge");
  request.cookie = RandomToken();
  request.wants_offline = query->Get("access_type") == "offline";
  request.wants_consent = query->Get("prompt") == "consent";
  request.grant.scopes = AskedScopes(*query);
  request.grant.nonce = query->Get("nonce");
  if (persona_.needs_resource) request.grant.resource = query->Get("resource");
  request.expires = now + kCodeLife;

  const std::string id = RandomToken();
  WebResponse page = AskWho(request, id);
  page.headers.emplace_back(
      "Set-Cookie",
      absl::StrCat(CookieName(id), "=", request.cookie,
                   "; Path=", place_.prefix,
                   "/authorize; HttpOnly; SameSite=Lax; Max-Age=600"));
  while (order_.size() >= kMostRequests) Forget(std::string(order_.front()));
  requests_[id] = std::move(request);
  order_.push_back(id);
  return page;
}

WebResponse DemoSignIn::Continue(const WebRequest& web, absl::Time now) {
  auto form = DemoFields::OfForm(web);
  if (!form.has_value()) {
    return DemoErrorPage(400, "The form is malformed.");
  }
  const std::string id = form->Get(kDemoFieldRequest);
  auto found = requests_.find(id);
  if (found == requests_.end() || found->second.expires <= now) {
    return DemoErrorPage(400,
                         "This sign-in is over. Begin again where you came "
                         "from.");
  }
  Request& request = found->second;
  std::optional<std::string> cookie = web.Cookie(CookieName(id));
  if (!cookie.has_value() || !EqualInConstantTime(*cookie, request.cookie)) {
    return DemoErrorPage(403, "This sign-in began in another browser.");
  }
  // Also after a step back: the last person chosen counts.
  if (std::string name = form->Get(kDemoFieldPerson); !name.empty()) {
    const DemoPerson* person = FindDemoPerson(name);
    if (person == nullptr) {
      return DemoErrorPage(400, "There is nobody of that name here.");
    }
    request.grant.person = person->id;
    request.grant.signed_in = now;
    if (request.grant.client == kDemoLoginClient) return Finish(id, now);
    return AskWhether(request, id);
  }
  const std::string decision = form->Get(kDemoFieldDecision);
  if (request.grant.person.empty() ||
      (decision != "allow" && decision != "deny")) {
    return DemoErrorPage(400, "The form is malformed.");
  }
  const ScopeSet left = LeftScopes(request.grant.scopes, *form);
  if (decision == "deny" || left.empty()) return Refuse(id);
  request.grant.scopes = left;
  return Finish(id, now);
}

WebResponse DemoSignIn::AskWho(const Request& request,
                               const std::string& id) const {
  const bool for_vault = request.grant.client == kDemoLoginClient;
  return DemoPersonPage(for_vault ? "Demo sign-in" : persona_.title,
                        FormOf(request, id));
}

WebResponse DemoSignIn::AskWhether(const Request& request,
                                   const std::string& id) const {
  DemoConsent consent;
  consent.provider = persona_.title;
  consent.client = clients_.NameOf(request.grant.client);
  consent.person = FindDemoPerson(request.grant.person)->email;
  const auto sentences = DemoScopes(persona_);
  for (const std::string& scope : request.grant.scopes) {
    const bool tick = persona_.person_may_untick && MayUntick(scope);
    consent.can.push_back({sentences.at(scope), tick ? scope : ""});
  }
  return DemoConsentPage(consent, FormOf(request, id));
}

DemoForm DemoSignIn::FormOf(const Request& request,
                            const std::string& id) const {
  return {place_.prefix + "/authorize", id, OriginOf(request.redirect_uri)};
}

ScopeSet DemoSignIn::LeftScopes(const ScopeSet& asked,
                                const DemoFields& form) const {
  if (!persona_.person_may_untick) return asked;
  std::vector<std::string> left;
  for (const std::string& scope : asked) {
    if (!MayUntick(scope) || form.Has(absl::StrCat(kDemoFieldTick, scope))) {
      left.push_back(scope);
    }
  }
  return ScopeSet(std::move(left));
}

bool DemoSignIn::IsOffline(const Request& request) const {
  switch (persona_.offline) {
    case DemoOffline::kByScope:
      return request.grant.scopes.Contains(persona_.offline_scope);
    case DemoOffline::kAlways:
      return true;
    case DemoOffline::kNever:
      return false;
    case DemoOffline::kFirstConsent:
      return request.wants_offline &&
             (request.wants_consent ||
              !grants_.HasOfflineGrant(request.grant.client,
                                       request.grant.person));
  }
  return false;
}

WebResponse DemoSignIn::Refuse(const std::string& id) {
  WebResponse back = Back(requests_.at(id), {{"error", "access_denied"}});
  Forget(id);
  return back;
}

WebResponse DemoSignIn::Finish(const std::string& id, absl::Time now) {
  Request& request = requests_.at(id);
  request.grant.offline = IsOffline(request);
  const std::string code = grants_.NewCode(request.grant, request.redirect_uri,
                                           request.challenge, now);
  WebResponse back = Back(request, {{"code", code}});
  Forget(id);
  return back;
}

WebResponse DemoSignIn::Back(const Request& request,
                             const Parameters& parameters) const {
  FormFields fields;
  for (const auto& [name, value] : parameters) fields.emplace_back(name, value);
  if (!request.state.empty()) fields.emplace_back("state", request.state);
  const std::string issuer = place_.Issuer();
  if (persona_.returns_issuer) fields.emplace_back("iss", issuer);
  WebResponse response;
  response.status = 303;
  response.headers = {{"Location", AppendQuery(request.redirect_uri, fields)},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"}};
  return response;
}

void DemoSignIn::Forget(const std::string& id) {
  requests_.erase(id);
  order_.erase(std::remove(order_.begin(), order_.end(), id), order_.end());
}

}  // namespace tokenvault
