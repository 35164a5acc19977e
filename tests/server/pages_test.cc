#include "server/pages.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::Pair;

const absl::Time kNow = absl::FromCivil(
    absl::CivilSecond(2026, 11, 23, 14, 32, 10), absl::UTCTimeZone());

// How often `part` is in `text`.
int Count(absl::string_view text, absl::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != absl::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

PageFrame Frame() {
  PageFrame frame;
  frame.brand = "Acme Connect";
  frame.signed_in_as = "ana@acme.example";
  return frame;
}

AgentView CalendarBot() {
  return {.name = "Calendar Bot",
          .identity = "spiffe://acme.example/agent/calendar-bot",
          .owner = "Productivity team"};
}

ScopeView SeeEvents() {
  return {.raw = "calendar.events.readonly",
          .says = "See events on your calendars",
          .risk = "low"};
}

ScopeView ChangeEvents() {
  return {.raw = "calendar.events",
          .says = "Add and change events",
          .risk = "high"};
}

ConsentPage Consent() {
  ConsentPage page;
  page.frame = Frame();
  page.form = {"/c/1/answer", "csrf-1"};
  page.agent = CalendarBot();
  page.tenant = "Acme";
  page.purpose = "Plan the offsite";
  page.asked_at = kNow - absl::Seconds(20);
  page.now = kNow;
  page.code = "7Q4M-2KXP";
  page.provider = "Google";
  page.provider_host = "accounts.google.com";
  page.scopes = {SeeEvents(), ChangeEvents()};
  page.cannot = {"Read your mail or files"};
  page.connections_link = "/me";
  page.connections_name = "connect.acme.example/me";
  return page;
}

DonePage Done() {
  DonePage page;
  page.frame = Frame();
  page.agent = CalendarBot();
  page.tenant = "Acme";
  page.provider = "Google";
  page.account = "ana@acme.example";
  page.scopes = {SeeEvents()};
  page.ends = kNow + absl::Hours(24 * 30);
  page.undo = {"/c/1/undo", "csrf-1"};
  page.connections_link = "/me";
  page.connections_name = "connect.acme.example/me";
  return page;
}

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
  ScopeView scope{.raw = text, .says = text, .risk = text};
  ConsentPage consent;
  consent.frame = frame;
  consent.form = form;
  consent.agent = agent;
  consent.tenant = text;
  consent.purpose = text;
  consent.asked_at = kNow;
  consent.now = kNow;
  consent.code = text;
  consent.provider = text;
  consent.provider_host = text;
  consent.account = text;
  consent.scopes = {scope};
  consent.already = {scope};
  consent.cannot = {text};
  consent.could_also = {text};
  consent.connections_link = link;
  consent.connections_name = text;
  consent.error = text;
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
  done.undo = form;
  done.back = back;
  done.connections_link = link;
  done.connections_name = text;
  ConnectionCard card{text, text, text, text, text, {{text, {scope}}}};
  MyConnectionsPage mine{frame, form, form, {card}};
  auto removed = [&](ProviderRevocation revocation) {
    RemovedPage page;
    page.frame = frame;
    page.agent = text;
    page.provider = text;
    page.account = text;
    page.revocation = revocation;
    page.provider_link = link;
    page.back = back;
    return RenderRemoved(page);
  };
  return {
      {"sign_in", RenderSignIn({frame, text, text, text, link})},
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
      {"other_person", RenderOtherPerson({frame, form})},
      {"provider_down", RenderProviderDown({frame, text, text, link})},
      {"less_granted",
       RenderLessGranted({frame, form, text, text, text, {scope}, {scope}})},
      {"wrong_account",
       RenderWrongAccount({frame, form, text, text, text, text})},
      {"went_wrong", RenderWentWrong({frame, text, link})},
      {"stopped", RenderStopped({frame, link})},
      {"not_found", RenderNotFound({frame})},
      {"signed_out", RenderSignedOut({frame, link})},
      {"removed", removed(ProviderRevocation::kRevoked)},
      {"removed_unsupported", removed(ProviderRevocation::kUnsupported)},
      {"removed_failed", removed(ProviderRevocation::kFailed)},
      {"removed_pending", removed(ProviderRevocation::kPending)},
      {"my_connections", RenderMyConnections(mine)},
      {"no_connections", RenderMyConnections({frame, form, form, {}})},
  };
}

// ------------------------------------------------------------- every page --

TEST(PagesTest, HaveOneHeadingALanguageAndLandmarks) {
  for (const auto& [name, html] : AllPages("Some words", "/somewhere")) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Count(html, "<h1>"), 1);
    EXPECT_THAT(html, HasSubstr("<html lang=\"en\">"));
    EXPECT_EQ(Count(html, "<title>"), 1);
    EXPECT_EQ(Count(html, "<header>"), 1);
    EXPECT_EQ(Count(html, "<main "), 1);
    EXPECT_EQ(Count(html, "<footer>"), 1);
    EXPECT_THAT(html, Not(HasSubstr("{{")));
  }
}

TEST(PagesTest, HaveNothingTheirContentSecurityPolicyForbids) {
  for (const auto& [name, html] : AllPages("Some words", "/somewhere")) {
    EXPECT_THAT(
        html,
        Not(ContainsRegex("<script|<style| style=| on[a-z]+=|javascript:")))
        << name;
  }
}

TEST(PagesTest, PostTheirFormsToPathsOfOursWithACsrfToken) {
  for (const auto& [name, html] : AllPages("Some words", "/somewhere")) {
    SCOPED_TRACE(name);
    int forms = Count(html, "<form ");
    EXPECT_EQ(forms, Count(html, "<form method=\"post\" action=\"/form\""));
    EXPECT_EQ(forms, Count(html,
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
    EXPECT_EQ(Count(html, turned), Count(html, "value=\"" + turned)) << name;
  }
}

TEST(PagesTest, RenderNoLinkThatIsNotSafe) {
  for (const std::string link :
       {"javascript:alert(1)", "//evil.example/", "data:text/html,x",
        "http://evil.example/", "https://a@evil.example/"}) {
    for (const auto& [name, html] : AllPages("Some words", link)) {
      EXPECT_THAT(html, Not(HasSubstr(link))) << name;
      EXPECT_EQ(Count(html, "href="), 1) << name << ": only the stylesheet";
    }
  }
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
  WebResponse sheet = StyleSheetResponse();
  EXPECT_EQ(sheet.content_type, "text/css; charset=utf-8");
  EXPECT_THAT(sheet.body, HasSubstr("color-scheme: light dark"));
  EXPECT_TRUE(IsWritable(sheet));
  EXPECT_THAT(RenderNotFound({Frame()}),
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
    unescaped += Count(text, "{{{") + Count(text, "{{&");
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
  EXPECT_EQ(templates, 20);
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

// --------------------------------------------------------------- one by one --

TEST(SignInPageTest, SaysWhoAsksAndWhy) {
  std::string html = RenderSignIn(
      {Frame(), "Acme", "Calendar Bot", "Acme single sign-on", "/signin"});
  EXPECT_THAT(html, HasSubstr("<h1>Sign in to continue</h1>"));
  EXPECT_THAT(html, HasSubstr("Calendar Bot asks to use an account of yours."));
  EXPECT_THAT(html, HasSubstr("Acme needs to know that it is you"));
  EXPECT_THAT(html, HasSubstr("href=\"/signin\">Sign in with Acme single "
                              "sign-on</a>"));
}

TEST(SignInPageTest, SpeaksOfConnectionsWhenNobodyAsks) {
  std::string html =
      RenderSignIn({Frame(), "Acme", "", "Acme single sign-on", "/signin"});
  EXPECT_THAT(html, HasSubstr("To show you your connections"));
  EXPECT_THAT(html, Not(HasSubstr("asks to use")));
}

TEST(ConsentPageTest, SaysWhoWantsWhatOnWhichAccountForHowLong) {
  std::string html = RenderConsent(Consent());
  for (const char* words :
       {"<h1>Let Calendar Bot use your Google account?</h1>",
        "<span class=\"code-value\">7Q4M-2KXP</span>",
        "<strong>Calendar Bot</strong>, run by Productivity team",
        "spiffe://acme.example/agent/calendar-bot", "just now, at Acme",
        "<dt>It says</dt><dd><blockquote>“Plan the offsite”</blockquote>",
        "Your account at Google", "See events on your calendars",
        "<li>Read your mail or files</li>",
        "See your Google password, or keep a lasting key",
        "Until 24 November 2026, 14:32 UTC", "Until 23 December 2026",
        "value=\"allow\">Continue to Google</button>",
        "value=\"deny\">Don’t allow</button>",
        "<a href=\"/me\">connect.acme.example/me</a>"}) {
    EXPECT_THAT(html, HasSubstr(words));
  }
}

TEST(ConsentPageTest, SaysAboveTheButtonsWhatMatters) {
  std::string html = RenderConsent(Consent());
  size_t button = html.find("Continue to Google");
  for (const char* words : {"Who is asking", "It will be able to",
                            "It will not be able to", "For how long"}) {
    EXPECT_LT(html.find(words), button) << words;
  }
  EXPECT_LT(button, html.find("Stop any time"));
}

TEST(ConsentPageTest, ShowsRawScopesOnlyInTheDetails) {
  ConsentPage page = Consent();
  page.scopes = {SeeEvents()};
  std::string html = RenderConsent(page);
  EXPECT_GT(html.find("calendar.events.readonly"), html.find("<details>"));
}

TEST(ConsentPageTest, SaysHowMuchEachScopeRisks) {
  ConsentPage page = Consent();
  page.scopes.push_back(
      {.raw = "x", .says = "Do what no preset tells", .risk = ""});
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("<span>See events on your calendars</span> "
                              "<span class=\"tag\">low risk</span>"));
  EXPECT_THAT(html, HasSubstr("<span>Add and change events</span> "
                              "<span class=\"tag high\">high risk</span>"));
  EXPECT_THAT(html, HasSubstr("<span>Do what no preset tells</span></li>"));
}

TEST(ConsentPageTest, OffersNoChoiceThatItDoesNotGive) {
  EXPECT_THAT(RenderConsent(Consent()), Not(HasSubstr("checkbox")));
}

TEST(ConsentPageTest, StartsWithTheLifetimeGivenAmongThoseAllowed) {
  ConsentPage page = Consent();
  page.lifetimes = {Lifetime::kOneDay, Lifetime::kThirtyDays};
  page.lifetime = Lifetime::kOneDay;
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("name=\"lifetime\" value=\"1d\" checked>"));
  EXPECT_THAT(html, HasSubstr("name=\"lifetime\" value=\"30d\">"));
  EXPECT_THAT(html, Not(HasSubstr("until_stopped")));
}

TEST(ConsentPageTest, AnswersNothingWhenEnterIsPressed) {
  std::string html = RenderConsent(Consent());
  EXPECT_LT(html.find("<button hidden></button>"),
            html.find("value=\"allow\""));
  EXPECT_THAT(html, Not(HasSubstr("autofocus")));
}

TEST(ConsentPageTest, AdmitsWhatTheProviderCannotCutOff) {
  ConsentPage page = Consent();
  EXPECT_THAT(RenderConsent(page), Not(HasSubstr("cannot limit this")));
  page.could_also = {"Read your private channels"};
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("Google cannot limit this further."));
  EXPECT_LT(html.find("Read your private channels"),
            html.find("value=\"allow\""));
}

TEST(ConsentPageTest, LeavesOutWhatIsNotKnown) {
  ConsentPage page = Consent();
  page.purpose = "";
  page.agent.owner = "";
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, Not(HasSubstr("It says")));
  EXPECT_THAT(html, Not(HasSubstr("run by")));
  EXPECT_THAT(html, Not(HasSubstr("role=\"alert\"")));
}

TEST(ConsentPageTest, HasOtherWordsForReconnecting) {
  ConsentPage page = Consent();
  page.kind = ConsentKind::kReconnect;
  page.account = "ana@acme.example";
  std::string html = RenderConsent(page);
  EXPECT_THAT(
      html,
      HasSubstr("<h1>Reconnect your Google account for Calendar Bot?</h1>"));
  EXPECT_THAT(html, HasSubstr("Google no longer accepts the connection"));
  EXPECT_THAT(html, HasSubstr("Nothing was lost"));
  EXPECT_THAT(html, HasSubstr("ana@acme.example at Google"));
}

TEST(ConsentPageTest, ShowsWhatIsNewWhenMoreIsAsked) {
  ConsentPage page = Consent();
  page.kind = ConsentKind::kStepUp;
  page.scopes = {ChangeEvents()};
  page.already = {SeeEvents()};
  std::string html = RenderConsent(page);
  EXPECT_THAT(
      html,
      HasSubstr("<h1>Let Calendar Bot do more with your Google account?</h1>"));
  size_t fresh = html.find("New: it will be able to");
  size_t already = html.find("It can already");
  ASSERT_NE(already, std::string::npos);
  EXPECT_LT(fresh, html.find("Add and change events"));
  EXPECT_LT(html.find("Add and change events"), already);
  EXPECT_LT(already, html.find("See events on your calendars"));
}

TEST(InterstitialPageTest, NamesTheHostAndLinksPlainly) {
  std::string html = RenderInterstitial(
      {Frame(), "Calendar Bot", "Google", "accounts.google.com",
       "https://accounts.google.com/o/oauth2/v2/auth?a=1&state=s"});
  EXPECT_THAT(html, HasSubstr("<h1>You are going to accounts.google.com</h1>"));
  EXPECT_THAT(html, HasSubstr("href=\"https://accounts.google.com/o/oauth2/v2/"
                              "auth?a=1&amp;state=s\" rel=\"noreferrer\""));
  EXPECT_THAT(html, Not(HasSubstr("http-equiv")));
}

TEST(DonePageTest, SaysInOneSentenceWhatIsPossibleNow) {
  std::string html = RenderDone(Done());
  EXPECT_THAT(html, HasSubstr("<h1>Done. Calendar Bot can see events on your "
                              "calendars until 23 December 2026.</h1>"));
  EXPECT_THAT(html, HasSubstr("<strong>ana@acme.example</strong> at Google"));
  EXPECT_THAT(html, HasSubstr("action=\"/c/1/undo\""));
  EXPECT_THAT(html, HasSubstr("value=\"undo\">Undo</button>"));
  EXPECT_THAT(html, HasSubstr("You can close this page."));
}

TEST(DonePageTest, ListsSeveralAbilitiesAndNoEnd) {
  DonePage page = Done();
  page.scopes = {SeeEvents(), ChangeEvents()};
  page.ends = absl::InfiniteFuture();
  page.back = {"Calendar Bot", "https://bot.acme.example/back"};
  std::string html = RenderDone(page);
  EXPECT_THAT(html, HasSubstr("<h1>Done. Calendar Bot can use your Google "
                              "account until you stop it.</h1>"));
  EXPECT_THAT(html, HasSubstr("<li>See events on your calendars</li>"));
  EXPECT_THAT(html, HasSubstr("<li>Add and change events</li>"));
  EXPECT_THAT(html, HasSubstr("href=\"https://bot.acme.example/back\">Back to "
                              "Calendar Bot</a>"));
}

TEST(DeniedPagesTest, SayThatNothingWasSharedAndWhoseTurnItIs) {
  ReturnView back{"Calendar Bot", "https://bot.acme.example/back"};
  std::string you =
      RenderDeniedByYou({Frame(), "Calendar Bot", "Google", back});
  EXPECT_THAT(you, HasSubstr("<h1>Calendar Bot was not let in</h1>"));
  EXPECT_THAT(you, HasSubstr("Nothing was shared."));
  EXPECT_THAT(you, HasSubstr("Back to Calendar Bot"));
  std::string provider =
      RenderDeniedAtProvider({Frame(), "Calendar Bot", "Google", {}});
  EXPECT_THAT(provider, HasSubstr("<h1>Google was told no</h1>"));
  EXPECT_THAT(provider, HasSubstr("Nothing was shared."));
  EXPECT_THAT(provider, HasSubstr("You can close this page."));
}

TEST(LinkPagesTest, SayWhatToDoWithALinkThatWorksNoMore) {
  EXPECT_THAT(RenderLinkUsed({Frame(), "/me"}),
              HasSubstr("href=\"/me\">See my connections</a>"));
  EXPECT_THAT(RenderLinkExpired({Frame()}),
              HasSubstr("Ask for a new link where you got this one."));
}

TEST(LinkPagesTest, SayHowAQuestionEndedWithoutCallingItOld) {
  const std::string denied = RenderLinkEnded({Frame(), LinkEnd::kDenied});
  EXPECT_THAT(denied, HasSubstr("<h1>This was answered with no</h1>"));
  const std::string cancelled = RenderLinkEnded({Frame(), LinkEnd::kCancelled});
  EXPECT_THAT(cancelled, HasSubstr("<h1>This question was taken back</h1>"));
  EXPECT_THAT(cancelled, HasSubstr("There is nothing to do."));
  const std::string stopped = RenderLinkEnded({Frame(), LinkEnd::kStopped});
  EXPECT_THAT(stopped, HasSubstr("<h1>This link was stopped</h1>"));
  for (const std::string& html : {denied, cancelled, stopped}) {
    EXPECT_THAT(html, Not(HasSubstr("too old")));
    EXPECT_EQ(Count(html, "class=\"lede\""), 1);
  }
}

TEST(OtherPersonPageTest, NamesNobodyButWhoIsSignedIn) {
  std::string html = RenderOtherPerson({Frame(), {"/signout", "csrf-1"}});
  EXPECT_THAT(html, HasSubstr("<h1>This link was made for someone else</h1>"));
  EXPECT_THAT(html, HasSubstr("action=\"/signout\""));
  EXPECT_EQ(Count(html, "@"), 1);
  EXPECT_THAT(RenderOtherPerson({Frame(), {}}), Not(HasSubstr("<form")));
}

TEST(ProviderDownPageTest, SaysWhoseTurnItIsAndOffersOneAct) {
  std::string html =
      RenderProviderDown({Frame(), "Calendar Bot", "Google", "/c/1"});
  EXPECT_THAT(html, HasSubstr("<h1>Google is not answering</h1>"));
  EXPECT_THAT(html, HasSubstr("Nothing was lost"));
  EXPECT_THAT(html, HasSubstr("It is Google’s turn, not yours."));
  EXPECT_THAT(html, HasSubstr("href=\"/c/1\">Try again</a>"));
  html = RenderProviderDown({Frame(), "Calendar Bot", "Google", "/c/1", true});
  EXPECT_THAT(html, HasSubstr("<h1>Google refuses this service</h1>"));
  EXPECT_THAT(html, HasSubstr("the turn of those who run this service"));
  EXPECT_THAT(html, Not(HasSubstr("Google’s turn")));
}

TEST(LessGrantedPageTest, SaysWhatIsMissingAndWhatThatMeans) {
  LessGrantedPage page;
  page.frame = Frame();
  page.form = {"/c/1/less", "csrf-1"};
  page.agent = "Calendar Bot";
  page.provider = "Google";
  page.account = "ana@acme.example";
  page.granted = {SeeEvents()};
  page.missing = {ChangeEvents()};
  std::string html = RenderLessGranted(page);
  EXPECT_LT(html.find("See events"), html.find("Calendar Bot cannot"));
  EXPECT_GT(html.find("Add and change"), html.find("Calendar Bot cannot"));
  EXPECT_THAT(html, HasSubstr("It gets no key for what is missing; what needs "
                              "only the rest goes on."));
  for (const char* button : {"again", "keep", "undo"}) {
    EXPECT_THAT(html, HasSubstr(absl::StrCat("name=\"decision\" value=\"",
                                             button, "\"")));
  }
  page.granted.clear();
  EXPECT_THAT(RenderLessGranted(page),
              HasSubstr("It gets no key for what is missing.</p>"));
}

TEST(WrongAccountPageTest, LetsThePersonChooseBetweenTheTwo) {
  WrongAccountPage page{Frame(),  {"/account/1", "csrf-1"}, "Calendar Bot",
                        "Google", "ana@acme.example",       "ana@home.example"};
  page.is_new = true;
  std::string html = RenderWrongAccount(page);
  EXPECT_THAT(html, HasSubstr("<h1>This is another Google account</h1>"));
  EXPECT_THAT(html, HasSubstr("value=\"keep\">Stay with ana@acme.example<"));
  EXPECT_THAT(html,
              HasSubstr("value=\"replace\">Use ana@home.example instead<"));
  EXPECT_THAT(html, HasSubstr("ana@home.example is disconnected"));
  page.is_new = false;
  EXPECT_THAT(RenderWrongAccount(page),
              HasSubstr("ana@home.example stays connected as it was"));
}

TEST(WentWrongPageTest, GivesAReferenceAndNothingElse) {
  EXPECT_THAT(RenderWentWrong({Frame(), "7f3a-19c2", ""}),
              HasSubstr("<span class=\"mono\">7f3a-19c2</span>"));
  EXPECT_THAT(RenderWentWrong({Frame(), "", ""}), Not(HasSubstr("reference")));
}

TEST(SignedOutPageTest, SaysWhatGoesOn) {
  std::string html = RenderSignedOut({Frame(), "/signin"});
  EXPECT_THAT(html, HasSubstr("agents go on with what you allowed"));
  EXPECT_THAT(html, HasSubstr("href=\"/signin\">Sign in again</a>"));
}

TEST(RemovedPageTest, IsHonestAboutWhatStays) {
  RemovedPage page;
  page.frame = Frame();
  page.agent = "Calendar Bot";
  page.provider = "Google";
  page.account = "ana@acme.example";
  std::string html = RenderRemoved(page);
  EXPECT_THAT(html, HasSubstr("was told, and ended it too."));
  EXPECT_THAT(html, HasSubstr("may work until they expire. No new ones"));
  page.revocation = ProviderRevocation::kUnsupported;
  page.provider_link = "https://myaccount.google.com/connections";
  html = RenderRemoved(page);
  EXPECT_THAT(html, HasSubstr("cannot be told by us"));
  EXPECT_THAT(html, HasSubstr("href=\"https://myaccount.google.com/"));
  page.revocation = ProviderRevocation::kFailed;
  EXPECT_THAT(RenderRemoved(page), HasSubstr("did not accept that"));
  page.revocation = ProviderRevocation::kPending;
  EXPECT_THAT(RenderRemoved(page), HasSubstr("We go on telling it"));
}

TEST(RemovedPageTest, NamesNoAgentWhenItEndedForAll) {
  RemovedPage page;
  page.provider = "Google";
  EXPECT_THAT(RenderRemoved(page),
              HasSubstr("<h1>Your Google account is disconnected</h1>"));
}

TEST(MyConnectionsPageTest, ShowsWhoMayDoWhatWithEachAccount) {
  MyConnectionsPage page;
  page.frame = Frame();
  page.form = {"/me/disconnect", "csrf-1"};
  page.sign_out = {"/signout", "csrf-1"};
  page.connections = {{.id = "c-1",
                       .provider = "Google",
                       .account = "ana@acme.example",
                       .state = "Active",
                       .explanation = "",
                       .uses = {{"Calendar Bot", {SeeEvents()}, kNow}}},
                      {.id = "c-2",
                       .provider = "Slack",
                       .account = "Acme",
                       .state = "Needs reconnecting",
                       .explanation = "Slack no longer accepts it",
                       .uses = {}}};
  std::string html = RenderMyConnections(page);
  size_t google = html.find("<p>ana@acme.example");
  size_t slack = html.find("<p>Acme<");
  ASSERT_NE(slack, std::string::npos);
  EXPECT_LT(google, html.find("See events on your calendars"));
  EXPECT_LT(html.find("See events on your calendars"), slack);
  EXPECT_THAT(html, HasSubstr("Ends: 23 November 2026"));
  EXPECT_THAT(html, HasSubstr("name=\"connection\" value=\"c-1\">"));
  EXPECT_THAT(html, HasSubstr("name=\"connection\" value=\"c-2\">"));
  EXPECT_EQ(Count(html, "action=\"/me/disconnect\""), 2);
  EXPECT_EQ(Count(html, "action=\"/signout\""), 1);
}

TEST(ConsentPageTest, DoesNotSpeakOfLeavingWhenNobodyLeaves) {
  ConsentPage page = Consent();
  page.at_provider = false;
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("value=\"allow\">Allow</button>"));
  EXPECT_THAT(html, Not(HasSubstr("Continue to")));
}

// -------------------------------------------------------------- lifetimes --

TEST(LifetimeTest, ReadsBackWhatItWrote) {
  for (Lifetime lifetime :
       {Lifetime::kOneDay, Lifetime::kThirtyDays, Lifetime::kUntilStopped}) {
    EXPECT_EQ(ParseLifetime(LifetimeValue(lifetime)), lifetime);
  }
  EXPECT_EQ(ParseLifetime("31d"), std::nullopt);
  EXPECT_EQ(ParseLifetime(""), std::nullopt);
}

TEST(LifetimeTest, EndsWhenItSays) {
  EXPECT_EQ(LifetimeEnd(Lifetime::kOneDay, kNow), kNow + absl::Hours(24));
  EXPECT_EQ(LifetimeEnd(Lifetime::kThirtyDays, kNow), kNow + absl::Hours(720));
  EXPECT_EQ(LifetimeEnd(Lifetime::kUntilStopped, kNow), absl::InfiniteFuture());
}

}  // namespace
}  // namespace tokenvault
