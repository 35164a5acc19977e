#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/curl_http_client.h"
#include "oauth/pkce.h"
#include "oauth/url.h"
#include "server/demo/provider.h"
#include "tests/support/fake_clock.h"

// A demo provider on a port of its own, and what a client and a browser do with
// it, for the tests of this folder.
namespace tokenvault {

using Parameters = std::vector<std::pair<std::string, std::string>>;

inline constexpr char kCallback[] = "http://127.0.0.1:9/cb/default.demo";
inline constexpr char kLoginCallback[] = "http://127.0.0.1:9/signin/default";

inline std::string Form(const Parameters& parameters) {
  FormFields fields;
  for (const auto& [name, value] : parameters) fields.emplace_back(name, value);
  return FormEncode(fields);
}

// `parameters` with one of them changed, added, or (by nothing) left out.
inline Parameters With(Parameters parameters, const std::string& name,
                       std::optional<std::string> value) {
  Parameters changed;
  for (auto& [key, old] : parameters) {
    if (key != name) changed.emplace_back(key, old);
  }
  if (value.has_value()) changed.emplace_back(name, *value);
  return changed;
}

class DemoTest : public testing::Test {
 protected:
  DemoTest() : http_(Rules()) { Start({}); }

  static EgressRules Rules() {
    EgressRules rules;
    rules.allow_http_loopback = true;
    return rules;
  }
  void Start(const DemoProvider::Options& options) {
    auto provider = DemoProvider::Start(options, clock_);
    ASSERT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
    provider_->SetRedirectUris(kDemoClient, {kCallback});
    provider_->SetRedirectUris(kDemoLoginClient, {kLoginCallback});
  }

  // From then on, paths are those of this persona.
  void Use(const std::string& persona) {
    prefix_ = absl::StrCat("/", persona);
    scope_ = "calendar.read calendar.write";
    provider_->SetRedirectUris(kDemoClient, {kCallback}, persona);
  }
  std::string Issuer() const {
    return absl::StrCat(provider_->base_url(), prefix_);
  }

  struct Answer {
    int status = 0;
    std::string body;
    HttpResponse raw;
    nlohmann::json Json() const {
      return nlohmann::json::parse(body, nullptr, false);
    }
    std::string Error() const { return Json().value("error", ""); }
  };
  Answer Send(HttpRequest request) {
    auto response = http_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status();
    Answer answer;
    if (!response.ok()) return answer;
    answer.status = response->status;
    answer.body = std::string(response->body.Reveal());
    answer.raw = *std::move(response);
    return answer;
  }
  Answer Get(const std::string& path, const std::string& authorization = "",
             const std::string& cookie = "") {
    HttpRequest request;
    request.url = absl::StrCat(Issuer(), path);
    request.authorization = Secret::Copy(authorization);
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    return Send(std::move(request));
  }
  Answer Post(const std::string& path, const Parameters& form,
              const std::string& authorization = "",
              const std::string& cookie = "") {
    HttpRequest request;
    request.method = "POST";
    request.url = absl::StrCat(Issuer(), path);
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    request.authorization = Secret::Copy(authorization);
    request.body = Secret(Form(form));
    return Send(std::move(request));
  }
  Answer SendJson(const std::string& method, const std::string& path,
                  const nlohmann::json& body,
                  const std::string& authorization) {
    HttpRequest request;
    request.method = method;
    request.url = absl::StrCat(Issuer(), path);
    request.headers = {{"Content-Type", "application/json"}};
    request.authorization = Secret::Copy(authorization);
    request.body = Secret(body.dump());
    return Send(std::move(request));
  }

  static std::string Basic(const std::string& id, const std::string& secret) {
    return absl::StrCat("Basic ",
                        absl::Base64Escape(absl::StrCat(id, ":", secret)));
  }
  static std::string DemoBasic() { return Basic(kDemoClient, kDemoSecret); }

  // ------------------------------------------------- the browser's part --

  Parameters GoodRequest() const {
    return {{"response_type", "code"},
            {"client_id", kDemoClient},
            {"redirect_uri", kCallback},
            {"scope", scope_},
            {"state", "st&te"},
            {"nonce", "n-1"},
            {"code_challenge", pkce_.challenge},
            {"code_challenge_method", "S256"}};
  }

  struct Flow {
    std::string request;
    std::string cookie;
  };
  Flow Begin(const Parameters& parameters) {
    Answer page = Get(absl::StrCat("/authorize?", Form(parameters)));
    EXPECT_EQ(page.status, 200) << page.body;
    EXPECT_THAT(page.body, testing::HasSubstr("Sign in as"));
    Flow flow;
    std::vector<std::string> split =
        absl::StrSplit(page.body, "name=\"request\" value=\"");
    if (split.size() == 2) flow.request = split[1].substr(0, 43);
    flow.cookie = page.raw.Header("Set-Cookie");
    flow.cookie = flow.cookie.substr(0, flow.cookie.find(';'));
    return flow;
  }
  Answer Press(const Flow& flow, const std::string& name,
               const std::string& value, Parameters more = {}) {
    more.emplace_back("request", flow.request);
    more.emplace_back(name, value);
    return Post("/authorize", more, "", flow.cookie);
  }
  // Where the browser is sent, without the query; its parameters.
  std::pair<std::string, std::map<std::string, std::string>> Back(
      const Answer& answer) {
    EXPECT_EQ(answer.status, 303) << answer.body;
    const std::string location = answer.raw.Header("Location");
    const size_t mark = location.find('?');
    auto query = ParseQuery(location.substr(mark + 1));
    EXPECT_TRUE(query.ok());
    if (mark == std::string::npos || !query.ok()) return {location, {}};
    return {location.substr(0, mark), {query->begin(), query->end()}};
  }
  std::string CodeFor(const std::string& person) {
    return CodeFor(person, GoodRequest());
  }
  // `ticked`: what is sent besides with "Allow".
  std::string CodeFor(const std::string& person, const Parameters& request,
                      const Parameters& ticked = {}) {
    const Flow flow = Begin(request);
    EXPECT_THAT(Press(flow, "person", person).body,
                testing::HasSubstr("Allow"));
    return Back(Press(flow, "decision", "allow", ticked)).second["code"];
  }
  Parameters Redemption(const std::string& code) const {
    return {{"grant_type", "authorization_code"},
            {"code", code},
            {"redirect_uri", kCallback},
            {"code_verifier", std::string(pkce_.verifier.Reveal())}};
  }
  nlohmann::json TokensFor(const std::string& person) {
    Answer answer = Post("/token", Redemption(CodeFor(person)), DemoBasic());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.Json();
  }
  Answer Refresh(const std::string& token, const std::string& scope = "") {
    Parameters form = {{"grant_type", "refresh_token"},
                       {"refresh_token", token}};
    if (!scope.empty()) form.emplace_back("scope", scope);
    return Post("/token", form, DemoBasic());
  }
  nlohmann::json Ledger(const std::string& query = "") {
    HttpRequest request;
    request.url = absl::StrCat(provider_->base_url(), "/ledger", query);
    return Send(std::move(request)).Json();
  }
  int EventsStatus(const std::string& access_token) {
    return Get("/calendar/events", absl::StrCat("Bearer ", access_token))
        .status;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::string prefix_;  // "/demo-slack"
  std::string scope_ =
      "openid email calendar.read calendar.write offline_access";
  CurlHttpClient http_;
  std::unique_ptr<DemoProvider> provider_;
  Pkce pkce_ = NewPkce("0123456789abcdef0123456789abcdef");
};

}  // namespace tokenvault
