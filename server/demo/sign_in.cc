#include "server/demo/sign_in.h"

#include <algorithm>

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

constexpr absl::Duration kPatience = absl::Minutes(10);
constexpr size_t kMostRequests = 256;
constexpr size_t kLongestParameter = 2048;

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string Get(const Parameters& parameters, absl::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return "";
}

std::string CookieName(absl::string_view id) {
  return absl::StrCat("demo_flow_", HexEncode(Sha256(id)).substr(0, 8));
}

std::string OriginOf(const std::string& url) {
  auto parsed = ParseUrl(url);
  return parsed.ok() ? parsed->Origin() : "";
}

// What RFC 6749 §4.1.2.1 calls the first thing wrong with it; "" if nothing is.
std::string RequestProblem(const Parameters& parameters) {
  if (Get(parameters, "response_type") != "code") {
    return "unsupported_response_type";
  }
  // 43 characters of base64url: a SHA-256.
  auto challenge = Base64UrlDecode(Get(parameters, "code_challenge"));
  if (Get(parameters, "code_challenge_method") != "S256" ||
      !challenge.has_value() || challenge->size() != kSha256Size) {
    return "invalid_request";
  }
  const ScopeSet scopes = ScopeSet::Parse(Get(parameters, "scope"));
  if (scopes.empty()) return "invalid_scope";
  for (const std::string& scope : scopes) {
    if (DemoScopes().count(scope) == 0) return "invalid_scope";
  }
  // Nobody stays signed in here, so there is always something to ask.
  if (Get(parameters, "prompt") == "none") return "login_required";
  return "";
}

}  // namespace

const std::map<std::string, std::string>& DemoScopes() {
  static const auto* const kScopes = new std::map<std::string, std::string>{
      {"openid", "Know which demo account this is"},
      {"profile", "See your name"},
      {"email", "See your e-mail address"},
      {"offline_access", "Do so while you are away"},
      {"calendar.read", "See your events"},
      {"calendar.write", "Add, change and delete events"},
  };
  return *kScopes;
}

void DemoSignIn::SetRedirectUris(absl::string_view client,
                                 std::vector<std::string> uris) {
  redirect_uris_[std::string(client)] = std::move(uris);
}

WebResponse DemoSignIn::Begin(const WebRequest& web, absl::Time now) {
  auto query = ParseQuery(web.query);
  if (!query.ok()) {
    return DemoErrorPage(400, "The request is malformed.");
  }
  for (const auto& [name, value] : *query) {
    if (value.size() > kLongestParameter) {
      return DemoErrorPage(400, "The request is malformed.");
    }
  }
  Request request;
  request.client = Get(*query, "client_id");
  request.redirect_uri = Get(*query, "redirect_uri");
  request.state = Get(*query, "state");
  // Whoever is wrong about these two is not sent anywhere.
  if (request.client != kDemoLoginClient && request.client != kDemoClient) {
    return DemoErrorPage(400, "No client of that name is registered here.");
  }
  const std::vector<std::string>& uris = redirect_uris_[request.client];
  if (std::find(uris.begin(), uris.end(), request.redirect_uri) == uris.end()) {
    return DemoErrorPage(400, "The redirect_uri is not one of this client's.");
  }
  if (std::string problem = RequestProblem(*query); !problem.empty()) {
    return Back(request, {{"error", problem}});
  }
  request.challenge = Get(*query, "code_challenge");
  request.cookie = RandomToken();
  request.grant.client = request.client;
  request.grant.scopes = ScopeSet::Parse(Get(*query, "scope"));
  request.grant.nonce = Get(*query, "nonce");
  request.expires = now + kPatience;

  const std::string id = RandomToken();
  WebResponse page = DemoPersonPage(
      request.client == kDemoLoginClient ? "Demo sign-in" : "Demo Calendar", id,
      OriginOf(request.redirect_uri));
  page.headers.emplace_back(
      "Set-Cookie", absl::StrCat(CookieName(id), "=", request.cookie,
                                 "; Path=/authorize; HttpOnly; SameSite=Lax; "
                                 "Max-Age=600"));
  while (order_.size() >= kMostRequests) Forget(std::string(order_.front()));
  requests_[id] = std::move(request);
  order_.push_back(id);
  return page;
}

WebResponse DemoSignIn::Continue(const WebRequest& web, absl::Time now) {
  auto form = ParseQuery(web.body);
  if (!form.ok()) {
    return DemoErrorPage(400, "The form is malformed.");
  }
  const std::string id = Get(*form, kDemoFieldRequest);
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
  if (std::string name = Get(*form, kDemoFieldPerson); !name.empty()) {
    const DemoPerson* person = FindDemoPerson(name);
    if (person == nullptr) {
      return DemoErrorPage(400, "There is nobody of that name here.");
    }
    request.grant.person = person->id;
    request.grant.signed_in = now;
    if (request.client == kDemoLoginClient) return Finish(id, now);
    std::vector<std::string> can;
    for (const std::string& scope : request.grant.scopes) {
      can.push_back(DemoScopes().at(scope));
    }
    return DemoConsentPage(person->email, can, id,
                           OriginOf(request.redirect_uri));
  }
  if (request.grant.person.empty()) {
    return DemoErrorPage(400, "The form is malformed.");
  }
  const std::string decision = Get(*form, kDemoFieldDecision);
  if (decision == "allow") return Finish(id, now);
  if (decision != "deny") {
    return DemoErrorPage(400, "The form is malformed.");
  }
  WebResponse back = Back(request, {{"error", "access_denied"}});
  Forget(id);
  return back;
}

WebResponse DemoSignIn::Finish(const std::string& id, absl::Time now) {
  const Request& request = requests_.at(id);
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
  fields.emplace_back("iss", issuer_);
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
