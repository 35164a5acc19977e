#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/page_approvals.h"
#include "server/page_assets.h"
#include "server/page_connections.h"
#include "server/page_disconnect.h"
#include "server/page_headers.h"
#include "server/page_notices.h"
#include "server/page_operator.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::Pair;

// Every page, with `text` wherever the world outside has a say in the words and
// `link` wherever it has one in the links.
std::map<std::string, std::string> AllPages(const std::string& text,
                                            const std::string& link,
                                            bool demo = false) {
  PageFrame frame;
  frame.brand = text;
  frame.signed_in_as = text;
  frame.demo = demo;
  PageForm form{"/form", text};
  AgentView agent{text, text, text};
  ReturnView back{text, link};
  ScopeView scope{.raw = text, .says = text, .risk = ScopeViewRisk::kHigh};
  ConsentPage consent;
  consent.frame = frame;
  consent.form = form;
  consent.agent = agent;
  consent.tenant = text;
  consent.purpose = text;
  consent.asked_at = kPageTime;
  consent.now = kPageTime;
  consent.code = text;
  consent.provider = text;
  consent.provider_host = text;
  consent.account = text;
  consent.scopes = {scope};
  consent.optional = {{scope, true}, {scope, false}};
  consent.task = text;
  consent.lasting = true;
  consent.lifetimes.push_back(Lifetime::kThisTask);
  consent.already = {scope};
  consent.cannot = {text};
  consent.could_also = {text};
  consent.connections_link = link;
  consent.connections_name = text;
  consent.error = "A sentence of ours.";
  ConsentPage reconnect = consent;
  reconnect.kind = ConsentKind::kReconnect;
  ConsentPage step_up = consent;
  step_up.kind = ConsentKind::kStepUp;
  DonePage done;
  done.frame = frame;
  done.agent = agent;
  done.tenant = text;
  done.provider = text;
  done.account = text;
  done.scopes = {scope};
  done.ends = kPageTime;
  done.task = text;
  done.undo = form;
  done.back = back;
  done.connections_link = link;
  done.connections_name = text;
  ApprovalSubject subject{agent,
                          text,
                          false,
                          text,
                          text,
                          text,
                          {{text, {{text, text}}}},
                          text,
                          {scope},
                          absl::Minutes(5),
                          text,
                          kPageTime};
  ApprovalPage approval;
  approval.frame = frame;
  approval.form = form;
  approval.subject = subject;
  approval.code = text;
  approval.now = approval.expires = kPageTime;
  approval.may_have_more_time = true;
  approval.offered = {ApprovalReach::kOnce, ApprovalReach::kTask,
                      ApprovalReach::kHour};
  approval.approvals_link = link;
  approval.error = "A sentence of ours.";
  auto looking_on = [&](LookingOn why) {
    ApprovalPage page = approval;
    page.looking_on = why;
    page.sign_in_link = link;
    return RenderApproval(page);
  };
  auto ended = [&](ApprovalEnd end, bool by_reader) {
    ApprovalEndedPage page;
    page.frame = frame;
    page.subject = subject;
    page.end = end;
    page.by_reader = by_reader;
    page.reach = ApprovalReach::kHour;
    page.decided_at = page.now = kPageTime;
    page.holds_until = kPageTime + absl::Hours(1);
    page.approvals_link = link;
    return RenderApprovalEnded(page);
  };
  ApprovalLine line{link, text, text, text, text, "A sentence of ours."};
  const CopiesView copies{kPageTime + absl::Hours(1), kPageTime};
  ActivityView activity;
  activity.lines = {{kPageTime, "Ours", text, text, text, {scope}, text, ""}};
  activity.newest_link = activity.older_link = activity.csv_link = link;
  AgentUse use{.id = text,
               .agent = text,
               .scopes = {scope},
               .last_used = kPageTime,
               .ends = absl::InfiniteFuture(),
               .task = text,
               .could_also = {text}};
  auto connection = [&](CardState state) {
    ConnectionPage page;
    page.frame = frame;
    page.now = kPageTime;
    page.form = form;
    page.connection = {"c-1", text, text, state, {use}};
    page.connected = kPageTime;
    page.first_agent = text;
    page.granted = {scope};
    page.provider_host = text;
    page.activity = activity;
    return page;
  };
  MyConnectionsPage mine{frame, kPageTime, form, form, {}};
  for (CardState state : {CardState::kActive, CardState::kNeedsReconnecting,
                          CardState::kPaused}) {
    mine.connections.push_back(connection(state).connection);
  }
  DisconnectPage disconnect{frame, form, link, text, text, true, link, copies};
  DisconnectPage untold = disconnect;
  untold.told = false;
  const RemovedView account{text, text, ProviderRevocation::kPending, link};
  auto removed = [&](ProviderRevocation revocation) {
    return RenderRemoved(
        {frame, text, {text, text, revocation, link}, copies, back, link});
  };
  OperatorPage vault;
  vault.frame = frame;
  vault.sign_out = form;
  vault.again_link = link;
  vault.now = vault.start_time = kPageTime;
  vault.configuration = text;
  vault.tasks = {{"A sentence of ours.", kPageTime, text, text, text}};
  vault.figures = {{"Ours", "1"}};
  vault.providers = {{text, "", 1, 1, false, true}};
  vault.agents = {{text, 1, "1", scope, text, 1}};
  vault.all_agents = 2;
  vault.witnesses = {{text, 7, kPageTime, text}, {text, 0, kPageTime, ""}};
  OperatorPage calm = vault;
  calm.ready = true;
  calm.tasks.clear();
  calm.last_backup = kPageTime;
  return {
      {"operator", RenderOperator(vault)},
      {"operator_calm", RenderOperator(calm)},
      {"operator_refused", RenderOperatorRefused({frame, form})},
      {"sign_in", RenderSignIn({frame, text, text, false, text, link})},
      {"sign_in_as_operator",
       RenderSignIn({frame, text, "", false, text, link, true})},
      {"sign_in_to_approve",
       RenderSignIn({frame, text, text, true, text, link})},
      {"connect", RenderConsent(consent)},
      {"reconnect", RenderConsent(reconnect)},
      {"step_up", RenderConsent(step_up)},
      {"interstitial", RenderInterstitial({frame, text, text, text, link})},
      {"done", RenderDone(done)},
      {"denied_by_you", RenderDeniedByYou({frame, text, text, back})},
      {"denied_at_provider", RenderDeniedAtProvider({frame, text, text, back})},
      {"link_used", RenderLinkUsed({frame, link})},
      {"link_expired", RenderLinkExpired({frame})},
      {"link_denied", RenderLinkEnded({frame, LinkEnd::kDenied})},
      {"link_cancelled", RenderLinkEnded({frame, LinkEnd::kCancelled})},
      {"link_stopped", RenderLinkEnded({frame, LinkEnd::kStopped})},
      {"other_person", RenderOtherPerson({frame, false, form})},
      {"other_approver", RenderOtherPerson({frame, true, form})},
      {"provider_down", RenderProviderDown({frame, text, text, link})},
      {"less_granted",
       RenderLessGranted({frame, form, text, text, text, {scope}, {scope}})},
      {"wrong_account",
       RenderWrongAccount({frame, form, text, text, text, text})},
      {"went_wrong", RenderWentWrong({frame, text, link})},
      {"stopped", RenderStopped({frame, link})},
      {"not_found", RenderNotFound({frame})},
      {"signed_out", RenderSignedOut({frame, link})},
      {"approval", RenderApproval(approval)},
      {"approval_stale", looking_on(LookingOn::kStaleSignIn)},
      {"approval_own_account", looking_on(LookingOn::kOwnAccount)},
      {"approval_own_agent", looking_on(LookingOn::kOwnAgent)},
      {"approval_not_asked", looking_on(LookingOn::kNotAsked)},
      {"approved", ended(ApprovalEnd::kApproved, true)},
      {"rejected", ended(ApprovalEnd::kRejected, false)},
      {"approval_expired", ended(ApprovalEnd::kExpired, false)},
      {"approval_cancelled", ended(ApprovalEnd::kCancelled, false)},
      {"approvals", RenderApprovals({frame, {line}, {line}, {line}})},
      {"no_approvals", RenderApprovals({frame, {}, {}, {}})},
      {"removed", removed(ProviderRevocation::kRevoked)},
      {"removed_unsupported", removed(ProviderRevocation::kUnsupported)},
      {"removed_failed", removed(ProviderRevocation::kFailed)},
      {"removed_pending", removed(ProviderRevocation::kPending)},
      {"my_connections", RenderMyConnections(mine)},
      {"no_connections",
       RenderMyConnections({frame, kPageTime, form, form, {}})},
      {"connection", RenderConnection(connection(CardState::kActive))},
      {"connection_disconnected",
       RenderConnection(connection(CardState::kDisconnected))},
      {"activity", RenderActivity({frame, activity})},
      {"disconnect", RenderDisconnect(disconnect)},
      {"disconnect_untold", RenderDisconnect(untold)},
      {"stop", RenderStop({frame, form, link, {account}, copies})},
      {"everything_stopped",
       RenderEverythingStopped({frame, {account}, copies, link})},
  };
}

// ------------------------------------------------------------- every page --

TEST(PagesTest, HaveOneHeadingALanguageAndLandmarks) {
  for (const auto& [name, html] : AllPages("Some words", "/somewhere")) {
    SCOPED_TRACE(name);
    EXPECT_EQ(CountIn(html, "<h1>"), 1);
    EXPECT_THAT(html, HasSubstr("<html lang=\"en\" dir=\"ltr\">"));
    EXPECT_EQ(CountIn(html, "<title>"), 1);
    EXPECT_EQ(CountIn(html, "<header>"), 1);
    EXPECT_EQ(CountIn(html, "<main "), 1);
    EXPECT_EQ(CountIn(html, "<footer>"), 1);
    EXPECT_THAT(html, Not(AnyOf(HasSubstr("{{"), HasSubstr("[["))));
  }
}

TEST(PagesTest, HaveNothingTheirContentSecurityPolicyForbids) {
  for (const auto& [name, html] : AllPages("Some words", "/somewhere")) {
    // A script of ours in a file of its own is none of that.
    EXPECT_THAT(html, Not(ContainsRegex("<script[^>]*>[^<]|<script>|<style| "
                                        "style=| on[a-z]+=|javascript:")))
        << name;
    EXPECT_EQ(CountIn(html, "<script"),
              CountIn(html, "<script src=\"/assets/guard.js?v="))
        << name;
  }
}

TEST(PagesTest, PostTheirFormsToPathsOfOursWithACsrfToken) {
  for (const auto& [name, html] : AllPages("Some words", "/somewhere")) {
    SCOPED_TRACE(name);
    int forms = CountIn(html, "<form ");
    EXPECT_EQ(forms, CountIn(html, "<form method=\"post\" action=\"/form\""));
    EXPECT_EQ(forms,
              CountIn(html,
                      "<input type=\"hidden\" name=\"csrf\" value=\"Some "
                      "words\">"));
  }
}

TEST(PagesTest, EscapeEveryWordFromOutside) {
  const std::string hostile = "\"'><img src=x>&amp;{{csrf}}";
  for (const auto& [name, html] : AllPages(hostile, "/somewhere")) {
    SCOPED_TRACE(name);
    EXPECT_THAT(html, Not(HasSubstr("<img")));
    EXPECT_THAT(html, Not(HasSubstr("\"'>")));
    EXPECT_THAT(html, HasSubstr("&lt;img src=x&gt;&amp;amp;{{csrf}}"));
  }
}

TEST(PagesTest, CleanEveryWordThatPeopleRead) {
  // All but what a form sends back, which must come back as it was.
  const std::string turned = "evil\u202Etxt.exe";
  for (const auto& [name, html] : AllPages(turned, "/somewhere")) {
    EXPECT_EQ(CountIn(html, turned), CountIn(html, "value=\"" + turned))
        << name;
  }
}

TEST(PagesTest, RenderNoLinkThatIsNotSafe) {
  for (const std::string link :
       {"javascript:alert(1)", "//evil.example/", "data:text/html,x",
        "http://evil.example/", "https://a@evil.example/"}) {
    for (const auto& [name, html] : AllPages("Some words", link)) {
      EXPECT_THAT(html, Not(HasSubstr(link))) << name;
      EXPECT_EQ(CountIn(html, "href="),
                CountIn(html, "href=\"/me") + CountIn(html, "href=\"/assets/") +
                    CountIn(html, "href=\"/approvals\""))
          << name << ": only what we link ourselves";
    }
  }
}

TEST(PagesTest, LeadWhoIsSignedInToTheirPages) {
  PageFrame frame = TestFrame();
  frame.here = kActivityPath;
  std::string html = RenderActivity({frame, {}});
  EXPECT_THAT(html, HasSubstr("<a href=\"/me\">My connections</a>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"/approvals\">Approvals</a>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"/me/activity\" "
                              "aria-current=\"page\">Activity</a>"));
  EXPECT_THAT(html, Not(HasSubstr("/operator")));
  frame.waiting = 2;
  EXPECT_THAT(RenderActivity({frame, {}}),
              HasSubstr("<a href=\"/approvals\">Approvals (2)</a>"));
  frame.signed_in_as = "";
  EXPECT_THAT(RenderNotFound({frame}), Not(HasSubstr("<nav")));
}

TEST(PagesTest, LeadOperatorsToTheirPageToo) {
  PageFrame frame = TestFrame();
  frame.is_operator = true;
  EXPECT_THAT(RenderActivity({frame, {}}),
              HasSubstr("<a href=\"/operator\">Operator</a>"));
}

TEST(PagesTest, ShowTheDemoBandOnlyInADemo) {
  for (const auto& [name, html] : AllPages("Some words", "/x", true)) {
    EXPECT_THAT(html, HasSubstr("<strong>DEMO</strong>")) << name;
  }
  for (const auto& [name, html] : AllPages("Some words", "/x", false)) {
    EXPECT_THAT(html, Not(HasSubstr("DEMO"))) << name;
  }
}

TEST(PagesTest, LinkTheStyleSheetByItsContent) {
  std::optional<WebResponse> sheet = FindAsset("/assets/style.css");
  ASSERT_TRUE(sheet.has_value());
  EXPECT_EQ(sheet->content_type, "text/css; charset=utf-8");
  EXPECT_THAT(sheet->body, HasSubstr("color-scheme: light dark"));
  EXPECT_TRUE(IsWritable(*sheet));
  EXPECT_THAT(RenderNotFound({TestFrame()}),
              ContainsRegex("href=\"/assets/style[.]css[?]v=[0-9a-f]{12}\""));
}

// The escaping of the templates knows nothing of where a value stands: these
// rules make it enough.
TEST(TemplatesTest, PutValuesOnlyWhereEscapingIsEnough) {
  namespace fs = std::filesystem;
  int templates = 0;
  int unescaped = 0;
  for (const auto& entry : fs::directory_iterator(
           fs::path(TOKENVAULT_SOURCE_DIR) / "server" / "web")) {
    if (entry.path().extension() != ".mustache") continue;
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream file(entry.path());
    std::stringstream content;
    content << file.rdbuf();
    const std::string text = content.str();
    ++templates;
    unescaped += CountIn(text, "{{{") + CountIn(text, "{{&");
    EXPECT_THAT(text, Not(ContainsRegex("= *[^\" =]*[{][{]")))
        << "a value in an attribute without quotes";
    EXPECT_THAT(text, Not(ContainsRegex("= *'")));
    EXPECT_THAT(text, Not(ContainsRegex("<[{][{]|<[^>]* [{][{][a-z]")))
        << "a value that names a tag or an attribute";
    // A link comes whole from the code that checked it.
    for (absl::string_view attribute : {"href=\"", "action=\""}) {
      for (size_t at = text.find(std::string(attribute));
           at != std::string::npos;
           at = text.find(std::string(attribute), at + 1)) {
        std::string value = text.substr(at + attribute.size());
        value = value.substr(0, value.find('"'));
        EXPECT_THAT(
            value,
            MatchesRegex("[{][{]([a-z_]*link|form_path|stylesheet)[}][}]"));
      }
    }
  }
  EXPECT_EQ(templates, 31);
  EXPECT_EQ(unescaped, 1) << "only the card in the layout";
}

// ---------------------------------------------------------------- headers --

TEST(PageHeadersTest, AreAllThereAndWritable) {
  WebResponse response;
  response.headers = {{"Cache-Control", "public"}};
  AddPageHeaders("https://connect.test", response);
  EXPECT_TRUE(IsWritable(response));
  EXPECT_THAT(response.headers, Not(Contains(Pair("Cache-Control", "public"))));
  EXPECT_THAT(
      response.headers,
      testing::IsSupersetOf(
          {Pair("Content-Security-Policy",
                "default-src 'none'; style-src 'self'; img-src 'self'; "
                "script-src 'self'; connect-src 'self'; form-action 'self'; "
                "frame-ancestors 'none'; base-uri 'none'; "
                "require-trusted-types-for 'script'; report-to csp"),
           Pair("X-Frame-Options", "DENY"),
           Pair("Cross-Origin-Opener-Policy", "same-origin"),
           Pair("Cross-Origin-Resource-Policy", "same-origin"),
           Pair("Referrer-Policy", "no-referrer"),
           Pair("X-Content-Type-Options", "nosniff"),
           Pair("Cache-Control", "no-store"),
           Pair("Strict-Transport-Security",
                "max-age=63072000; includeSubDomains"),
           Pair("Reporting-Endpoints",
                "csp=\"https://connect.test/csp-report\"")}));
}

TEST(PageHeadersTest, TurnEveryPermissionOff) {
  WebResponse response;
  AddPageHeaders("https://connect.test", response);
  for (const auto& [name, value] : response.headers) {
    if (name != "Permissions-Policy") continue;
    for (absl::string_view feature : absl::StrSplit(value, ", ")) {
      EXPECT_TRUE(absl::EndsWith(feature, "=()")) << feature;
    }
    EXPECT_THAT(value, HasSubstr("camera=()"));
    return;
  }
  ADD_FAILURE() << "no Permissions-Policy";
}

TEST(PageHeadersTest, PinHttpsAndWantReportsOnlyWhereThereIsHttps) {
  WebResponse response;
  AddPageHeaders("http://127.0.0.1:8080", response);
  EXPECT_THAT(response.headers,
              Not(Contains(Key("Strict-Transport-Security"))));
  EXPECT_THAT(response.headers, Not(Contains(Key("Reporting-Endpoints"))));
  EXPECT_THAT(
      response.headers,
      Not(Contains(Pair("Content-Security-Policy", HasSubstr("report-to")))));
}

}  // namespace
}  // namespace tokenvault
