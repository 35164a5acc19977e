#include "server/web_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "tests/server/operator_world.h"
#include "tests/support/test_vault.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const ScopeSet& Read() {
  static const auto* const kScopes = new ScopeSet{"https://calendar.test/read"};
  return *kScopes;
}
const ScopeSet& Write() {
  static const auto* const kScopes =
      new ScopeSet{"https://calendar.test/write"};
  return *kScopes;
}

std::string HeaderOf(const WebResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

// What a browser says of itself besides the form.
struct Sent {
  std::string csrf;  // "" for the right one
  std::string site = "same-origin";
  std::string origin = "https://connect.test";
};

// Ana's browser, signed in at acme, and the pages over a vault.
class WebPagesTest : public ::testing::Test {
 protected:
  WebPagesTest() {
    Change([](Directory& next) {
      next.providers.at(ProviderId("calendar")).account_url =
          "https://calendar.test/me";
    });
    session_.id_hash = *vault_.keys->Lookup("session", "ana's");
    session_.tenant = TenantId("acme");
    session_.user = vault_.UserOf("acme", "ana");
    session_.display_name = "ana@acme.test";
    session_.auth_time = session_.create_time = vault_.clock.Now();
    session_.idle_expire_time = vault_.clock.Now() + SignIn::kIdle;
    session_.expire_time = vault_.clock.Now() + SignIn::kAbsolute;
    WriteBatch batch;
    batch.Insert(session_);
    EXPECT_EQ(vault_.store->Commit(std::move(batch)), absl::OkStatus());
    cookies_["__Host-tv_sess"] = "ana's";
  }
  ~WebPagesTest() override { vault_.Finish(); }

  void Change(const std::function<void(Directory&)>& change) {
    auto next = std::make_shared<Directory>(*vault_.directory());
    change(*next);
    vault_.Reconfigure(std::move(next));
  }

  WebResponse Send(WebRequest request) {
    std::string cookies;
    for (const auto& [name, value] : cookies_) {
      absl::StrAppend(&cookies, cookies.empty() ? "" : "; ", name, "=", value);
    }
    request.headers.emplace_back("Cookie", cookies);
    auto promise = std::make_shared<std::promise<WebResponse>>();
    pages_.Handle(std::move(request), [promise](WebResponse response) {
      promise->set_value(std::move(response));
    });
    WebResponse response = promise->get_future().get();
    for (const auto& [name, value] : response.headers) {
      if (name != "Set-Cookie") continue;
      const size_t equals = value.find('=');
      cookies_[value.substr(0, equals)] =
          value.substr(equals + 1, value.find(';') - equals - 1);
    }
    return response;
  }
  WebResponse Ask(const std::string& method, const std::string& target) {
    WebRequest request;
    request.method = method;
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) {
      request.query = target.substr(question + 1);
    }
    return Send(std::move(request));
  }
  WebResponse Get(const std::string& target) { return Ask("GET", target); }
  // A form of the page at `path`; `fields` are encoded already.
  WebResponse Post(const std::string& path, const std::string& fields,
                   const Sent& sent = {}) {
    WebRequest request;
    request.method = "POST";
    request.path = path;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Sec-Fetch-Site", sent.site},
                       {"Origin", sent.origin}};
    request.body = absl::StrCat("csrf=",
                                sent.csrf.empty()
                                    ? *vault_.sign_in->CsrfToken(session_, path)
                                    : sent.csrf,
                                fields.empty() ? "" : "&", fields);
    return Send(std::move(request));
  }

  Question About(const ScopeSet& scopes,
                 const ConnectionId& connection = {}) const {
    Question question;
    question.tenant = TenantId("acme");
    question.agent = AgentId("calendar-bot");
    question.user = session_.user;
    question.provider = ProviderId("calendar");
    question.connection = connection;
    question.scopes = scopes;
    return question;
  }
  Interaction AskAna(const Question& question) {
    auto asked = vault_.interactions->Ask(question, "https://connect.test",
                                          vault_.clock.Now());
    EXPECT_TRUE(asked.ok()) << asked.status();
    return asked->interaction;
  }
  std::string LinkOf(const Interaction& interaction) const {
    return absl::StrCat("/c/", *vault_.interactions->LinkIdOf(interaction.id));
  }
  std::string DoneOf(const Interaction& interaction) const {
    return absl::StrCat("/done/", interaction.id.value);
  }
  Interaction RowOf(const Interaction& interaction) const {
    auto row = vault_.store->GetInteraction(interaction.tenant, interaction.id);
    EXPECT_TRUE(row.ok()) << row.status();
    return row.ok() ? *row : Interaction();
  }

  // From the button to the callback's address, as the provider would send the
  // browser there.
  std::string GoToProvider(const Interaction& interaction,
                           const std::string& fields = "lifetime=30d") {
    WebResponse pressed =
        Post(LinkOf(interaction),
             absl::StrCat("decision=allow&guard=seen&", fields));
    EXPECT_EQ(pressed.status, 303);
    way_ = HeaderOf(pressed, "Location");
    EXPECT_THAT(way_, StartsWith("/go/"));
    const std::string html = Get(way_).body;
    const size_t at = html.find("state=");
    return absl::StrCat("/cb/acme.calendar?code=c-1&",
                        html.substr(at, html.find_first_of("&\"", at) - at));
  }
  void AnswerCode(const ScopeSet& scopes, const std::string& account = "ana") {
    vault_.AnswerToken("at-1", "rt-1", scopes);
    vault_.http.AnswerJson(
        200, absl::StrCat(R"({"sub":")", account, R"(","email":")", account,
                          R"(@calendar.test"})"));
  }
  // All of it: what the last page is at.
  std::string Connect(const Interaction& interaction, const ScopeSet& granted) {
    const std::string callback = GoToProvider(interaction);
    AnswerCode(granted);
    return HeaderOf(Get(callback), "Location");
  }

  TestVault vault_;
  OperatorWorld operators_{vault_};
  Activity activity_{vault_.clock, *vault_.store};
  WebPages pages_{
      WebParts{vault_.clock, *vault_.sign_in, *vault_.consent,
               *vault_.connections, activity_, *vault_.interactions,
               *vault_.approvals, *vault_.seal, operators_.Sources()},
      *vault_.holder, *vault_.pool};
  WebSession session_;
  std::map<std::string, std::string> cookies_;
  std::string way_;
};

TEST_F(WebPagesTest, AnswersNoHeadWhereAGetActs) {
  const Interaction question = AskAna(About(Read()));
  const std::string callback = GoToProvider(question);
  for (const std::string& target :
       {callback, way_, LinkOf(question), DoneOf(question),
        std::string("/signin/acme/start"), std::string("/signin/acme?state=x"),
        std::string("/account/00"), std::string("/me")}) {
    WebResponse response = Ask("HEAD", target);
    EXPECT_EQ(response.status, 405) << target;
    EXPECT_THAT(HeaderOf(response, "Allow"), StartsWith("GET")) << target;
  }
  EXPECT_THAT(vault_.http.requests(), IsEmpty());
  EXPECT_EQ(Ask("HEAD", "/signout").status, 405);
  EXPECT_EQ(Get("/signout").status, 405);
  EXPECT_EQ(Ask("HEAD", "/assets/style.css").status, 200);
  AnswerCode(Read());
  EXPECT_EQ(Get(callback).status, 303);
}

TEST_F(WebPagesTest, LeadsBackToWhereThePersonCameFrom) {
  Question about = About(Read());
  about.return_uri = "https://app.test/back?tab=1";
  const Interaction question = AskAna(about);
  const std::string done = Connect(question, Read());
  EXPECT_EQ(done, DoneOf(question));
  const WebResponse page = Get(done);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body,
              AllOf(HasSubstr("Back to Agent calendar-bot</a>"),
                    HasSubstr(absl::StrCat(
                        "href=\"https://app.test/back?tab=1&amp;interaction="
                        "interactions%2F",
                        question.id.value, "\""))));
}

// A click that another page lured onto ours comes without either.
TEST_F(WebPagesTest, TakesAYesOnlyWhenItWasMeant) {
  const Interaction question = AskAna(About(Read()));
  const std::string yes = "decision=allow&lifetime=30d";
  for (const char* guard : {"", "&guard=", "&guard=1", "&typed_code=",
                            "&typed_code=WRNG-CODE", "&guard=&typed_code=-"}) {
    const WebResponse page = Post(LinkOf(question), yes + guard);
    EXPECT_EQ(page.status, 400) << guard;
    EXPECT_THAT(page.body, AllOf(HasSubstr("Nothing was decided"),
                                 HasSubstr("name=\"typed_code\""),
                                 Not(HasSubstr("<noscript>"))))
        << guard;
  }
  EXPECT_EQ(RowOf(question).state, InteractionState::kPending);
  const std::string typed = absl::AsciiStrToLower(
      absl::StrReplaceAll(question.user_code, {{"-", "+"}}));
  EXPECT_EQ(Post(LinkOf(question), yes + "&guard=&typed_code=" + typed).status,
            303);
}

TEST_F(WebPagesTest, TakesANoAsItComes) {
  const Interaction question = AskAna(About(Read()));
  EXPECT_EQ(Post(LinkOf(question), "decision=deny").status, 303);
  EXPECT_EQ(RowOf(question).state, InteractionState::kDenied);
}

TEST_F(WebPagesTest, HasAPageForWhatIsNotThere) {
  for (const char* path : {"/nowhere", "/c/guessed", "/c/", "/c/a/b",
                           "/done/guessed", "/signin/nobody/start"}) {
    const WebResponse response = Get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(response.body, HasSubstr("There is no page here")) << path;
  }
}

TEST_F(WebPagesTest, SaysNoMoreThanAReferenceWhenAStepWentWrong) {
  const WebResponse response = Get("/cb/acme.calendar?state=guessed&code=c");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, AllOf(HasSubstr("Something went wrong"),
                                   HasSubstr("give your support this"),
                                   Not(HasSubstr("guessed"))));
}

TEST_F(WebPagesTest, SaysHonestlyHowALinkEnded) {
  auto words = [&](const Interaction& question) {
    const WebResponse response = Get(LinkOf(question));
    EXPECT_EQ(response.status, 410);
    EXPECT_THAT(response.body, Not(HasSubstr("too old")));
    return response.body;
  };
  Interaction question = AskAna(About(Read()));
  EXPECT_EQ(HeaderOf(Post(LinkOf(question), "decision=deny"), "Location"),
            DoneOf(question));
  EXPECT_THAT(Get(DoneOf(question)).body, HasSubstr("was not let in"));
  EXPECT_THAT(words(question), HasSubstr("This was answered with no"));

  question = AskAna(About(Read()));
  ASSERT_TRUE(vault_.interactions
                  ->Cancel(question.tenant, question.agent, question.id,
                           /*request_id=*/"", vault_.clock.Now())
                  .ok());
  EXPECT_THAT(words(question), HasSubstr("This question was taken back"));
  EXPECT_THAT(Get(DoneOf(question)).body, HasSubstr("was taken back"));

  question = AskAna(About(Read()));
  std::string callback = GoToProvider(question);
  EXPECT_EQ(Get(absl::StrReplaceAll(callback, {{"acme.", "globex."}})).status,
            403);
  EXPECT_THAT(words(question), HasSubstr("This link was stopped"));

  question = AskAna(About(Read()));
  vault_.clock.Advance(Interactions::kLifetime);
  EXPECT_THAT(Get(LinkOf(question)).body, HasSubstr("This link is too old"));
}

// ----------------------------------------------------------------- choices --

class ConsentFormTest : public WebPagesTest {
 protected:
  Question Offer() const {
    Question question = About(Read());
    question.optional_scopes = Write();
    question.task_id = "offsite-7";
    return question;
  }
  AgentGrant GrantOf(const Interaction& question) const {
    auto grant = vault_.store->GetAgentGrant(
        question.tenant, RowOf(question).connection, question.agent);
    EXPECT_TRUE(grant.ok()) << grant.status();
    return grant.ok() ? *grant : AgentGrant();
  }
  // What `fields` and a yes lead to; the provider gives everything.
  AgentGrant Allow(const Question& about, const std::string& fields) {
    const Interaction question = AskAna(about);
    const std::string callback = GoToProvider(question, fields);
    AnswerCode(Read().Union(Write()));
    EXPECT_EQ(HeaderOf(Get(callback), "Location"), DoneOf(question));
    done_ = Get(DoneOf(question)).body;
    return GrantOf(question);
  }

  const std::string write_ = "optional_1=https%3A%2F%2Fcalendar.test%2Fwrite";
  std::string done_;
};

TEST_F(ConsentFormTest, OffersWhatIsOptionalUntickedAndTheTask) {
  const std::string html = Get(LinkOf(AskAna(Offer()))).body;
  EXPECT_THAT(html, HasSubstr("name=\"optional_1\" "
                              "value=\"https://calendar.test/write\"><span>"
                              "Write your calendar"));
  EXPECT_THAT(html, HasSubstr("value=\"task\"><span>This task only"));
  EXPECT_THAT(html, HasSubstr("value=\"30d\" checked>"));
}

TEST_F(ConsentFormTest, AsksNothingTwiceWhenAnAnswerIsMissing) {
  const WebResponse again =
      Post(LinkOf(AskAna(Offer())), absl::StrCat("lifetime=task&", write_));
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.body, HasSubstr("Nothing is decided yet"));
  EXPECT_THAT(again.body, HasSubstr("calendar.test/write\" checked>"));
  EXPECT_THAT(again.body, HasSubstr("value=\"task\" checked>"));
}

TEST_F(ConsentFormTest, LeavesOutWhatWasNotTicked) {
  const AgentGrant grant = Allow(Offer(), "lifetime=30d");
  EXPECT_EQ(grant.scopes, Read());
  EXPECT_EQ(grant.task_id, "");
  EXPECT_EQ(grant.end_time, vault_.clock.Now() + absl::Hours(24 * 30));
}

TEST_F(ConsentFormTest, LetsInForOneTaskWithWhatWasTicked) {
  const AgentGrant grant =
      Allow(Offer(), absl::StrCat("lifetime=task&", write_));
  EXPECT_EQ(grant.scopes, Read().Union(Write()));
  EXPECT_EQ(grant.task_id, "offsite-7");
  EXPECT_EQ(grant.end_time, vault_.clock.Now() + ConsentFlow::kLongestTask);
  EXPECT_THAT(done_, HasSubstr("“offsite-7”, until"));
  EXPECT_THAT(Get("/me").body, HasSubstr("Only for its task “offsite-7”"));
}

TEST_F(ConsentFormTest, TakesNoTaskWhereNoneWasNamed) {
  Question about = Offer();
  about.task_id.clear();
  const Interaction question = AskAna(about);
  EXPECT_EQ(Post(LinkOf(question), "decision=allow&lifetime=task").status, 400);
  EXPECT_EQ(RowOf(question).state, InteractionState::kPending);
}

TEST_F(ConsentFormTest, TakesNoScopeThatWasNotOffered) {
  Question about = Offer();
  about.optional_scopes = ScopeSet();
  EXPECT_EQ(Allow(about, absl::StrCat("lifetime=30d&", write_)).scopes, Read());
}

TEST_F(ConsentFormTest, OffersNoTaskToWhoHasAccessThatLasts) {
  const Connection connection =
      vault_.Connect("acme", "ana", "calendar-bot", "calendar", Read());
  Question about = Offer();
  about.kind = InteractionKind::kStepUp;
  about.connection = connection.id;
  about.scopes = about.missing_scopes = Write();
  about.optional_scopes = ScopeSet();
  const std::string html = Get(LinkOf(AskAna(about))).body;
  EXPECT_THAT(html, Not(HasSubstr("This task only")));
  EXPECT_THAT(html, HasSubstr("has access that lasts already"));
}

// ---------------------------------------------------------------- language --

TEST_F(WebPagesTest, SpeaksTheLanguageThatALinkNamesToTheEndOfTheVisit) {
  const std::string mirrored = "<html lang=\"ar-XB\" dir=\"rtl\">";
  const std::string english = "<html lang=\"en\" dir=\"ltr\">";
  EXPECT_THAT(Get("/me").body, HasSubstr(english));
  EXPECT_EQ(cookies_.count("__Host-tv_lang"), 0u);
  EXPECT_THAT(Get("/me?ui_locales=xx%20ar-XB").body, HasSubstr(mirrored));
  EXPECT_THAT(Get("/nowhere").body,
              AllOf(HasSubstr(mirrored), Not(HasSubstr("There is no page"))));
  EXPECT_THAT(Get("/me?ui_locales=en").body, HasSubstr(english));
  EXPECT_THAT(Get("/me").body, HasSubstr(english));
}

// ---------------------------------------------------- forms of other sites --

class ForeignFormTest : public WebPagesTest {
 protected:
  // Nothing that somebody else sends in this browser's name counts.
  void ExpectRefused(const std::string& path, const std::string& fields) {
    const std::string other_page = *vault_.sign_in->CsrfToken(session_, "/x");
    for (const Sent& sent :
         {Sent{"guessed"}, Sent{other_page}, Sent{"", "cross-site"},
          Sent{"", "same-site"}, Sent{"", "same-origin", "https://evil.test"},
          Sent{"", "", "https://evil.test"}, Sent{"", "", "null"}}) {
      const size_t leaves = vault_.Audit().size();
      EXPECT_EQ(Post(path, fields, sent).status, 403) << path << sent.site;
      ASSERT_THAT(vault_.Audit(), SizeIs(leaves + 1));
      const AuditEntry leaf = vault_.Audit().back();
      EXPECT_EQ(leaf.kind, "connect.refused");
      const auto name =
          vault_.store->GetPseudonym(session_.tenant, session_.user);
      ASSERT_TRUE(name.ok()) << name.status();
      EXPECT_THAT(leaf.leaf, HasSubstr(*name));
      // A link is for the person who has it.
      const size_t segment = path.find('/', 1);
      if (segment != std::string::npos) {
        EXPECT_THAT(leaf.leaf, Not(HasSubstr(path.substr(segment + 1))));
      }
    }
    EXPECT_TRUE(vault_.store->GetSession(session_.id_hash).ok());
  }
};

TEST_F(ForeignFormTest, AllowsNothing) {
  const Interaction question = AskAna(About(Read()));
  ExpectRefused(LinkOf(question), "decision=allow&lifetime=30d&guard=seen");
  ExpectRefused(LinkOf(question), "decision=deny");
  EXPECT_EQ(RowOf(question).state, InteractionState::kPending);
}

TEST_F(ForeignFormTest, UndoesNothing) {
  const Interaction question = AskAna(About(Read()));
  Connect(question, Read());
  ExpectRefused(DoneOf(question), "decision=undo");
  const Interaction settled = RowOf(question);
  EXPECT_EQ(
      vault_.store->GetConnection(settled.tenant, settled.connection)->state,
      ConnectionState::kActive);
}

TEST_F(ForeignFormTest, ChoosesNoAccount) {
  Connection asked =
      vault_.Connect("acme", "ana", "calendar-bot", "calendar", Read());
  Connection broken = asked;
  broken.state = ConnectionState::kNeedsReconnect;
  WriteBatch batch;
  batch.Update(broken);
  ASSERT_EQ(vault_.store->Commit(std::move(batch)), absl::OkStatus());
  const Interaction question = AskAna(About(Read(), asked.id));
  const std::string callback = GoToProvider(question);
  AnswerCode(Read(), "somebody-else");
  const std::string page = HeaderOf(Get(callback), "Location");
  ASSERT_THAT(page, StartsWith("/account/"));
  ExpectRefused(page, "decision=replace");
  ExpectRefused(page, "decision=keep");
  EXPECT_EQ(RowOf(question).state, InteractionState::kPending);
  EXPECT_THAT(Get(page).body, HasSubstr("somebody-else@calendar.test"));
}

TEST_F(ForeignFormTest, DisconnectsNothing) {
  const Connection connection =
      vault_.Connect("acme", "ana", "calendar-bot", "calendar", Read());
  const std::string details = absl::StrCat("/me/", connection.id.value);
  ExpectRefused(absl::StrCat(details, "/disconnect"), "");
  ExpectRefused("/me/stop", "");
  ExpectRefused(details, "decision=remove_agent&agent=calendar-bot");
  ExpectRefused(
      "/me", absl::StrCat("decision=pause&connection=", connection.id.value));
  EXPECT_FALSE(
      vault_.store->GetConnection(connection.tenant, connection.id)->paused);
  EXPECT_TRUE(vault_.store
                  ->GetAgentGrant(connection.tenant, connection.id,
                                  AgentId("calendar-bot"))
                  .ok());
  EXPECT_EQ(
      vault_.store->GetConnection(connection.tenant, connection.id)->state,
      ConnectionState::kActive);
}

TEST_F(ForeignFormTest, SignsNobodyOut) { ExpectRefused("/signout", ""); }

// ------------------------------------------------------------ less granted --

class LessGrantedTest : public WebPagesTest {
 protected:
  LessGrantedTest()
      : question_(AskAna(About(Read().Union(Write())))),
        path_(Connect(question_, Read())) {
    EXPECT_EQ(path_, DoneOf(question_));
    EXPECT_THAT(Get(path_).body,
                AllOf(HasSubstr("Test calendar gave less than was asked"),
                      HasSubstr("what needs only the rest goes on")));
  }

  const Interaction question_;
  const std::string path_;
};

TEST_F(LessGrantedTest, IsAskedAgain) {
  const std::string link = HeaderOf(Post(path_, "decision=again"), "Location");
  ASSERT_THAT(link, StartsWith("/c/"));
  EXPECT_THAT(Get(link).body,
              AllOf(HasSubstr("do more with your Test calendar account"),
                    HasSubstr("Write your calendar")));
}

TEST_F(LessGrantedTest, IsKept) {
  const std::string kept = HeaderOf(Post(path_, "decision=keep"), "Location");
  EXPECT_EQ(kept, absl::StrCat(path_, "?kept"));
  EXPECT_THAT(
      Get(kept).body,
      AllOf(HasSubstr("Done. Agent calendar-bot can read your calendar"),
            Not(HasSubstr("Write your calendar"))));
}

TEST_F(LessGrantedTest, IsUndone) {
  vault_.http.AnswerJson(200, "{}");
  EXPECT_EQ(HeaderOf(Post(path_, "decision=undo"), "Location"), path_);
  EXPECT_THAT(Get(path_).body,
              HasSubstr("no longer uses your Test calendar account"));
  EXPECT_EQ(Post(path_, "decision=guessed").status, 400);
}

// --------------------------------------------------------- my connections --

class MyConnectionsTest : public WebPagesTest {
 protected:
  std::string PathOf(const Connection& connection) const {
    return absl::StrCat("/me/", connection.id.value);
  }
  Connection Row(const Connection& connection) const {
    return *vault_.store->GetConnection(connection.tenant, connection.id);
  }
  // The second step of disconnecting, and the page after it.
  std::string DisconnectPage(const Connection& connection) {
    const std::string path = absl::StrCat(PathOf(connection), "/disconnect");
    EXPECT_EQ(HeaderOf(Post(path, ""), "Location"), path);
    return Get(path).body;
  }
  Connection ConnectCalendar() {
    return vault_.Connect("acme", "ana", "calendar-bot", "calendar", Read());
  }
};

TEST_F(MyConnectionsTest, SaysWhatBecameOfAGrantAtItsProvider) {
  auto disconnect = [&] { return DisconnectPage(ConnectCalendar()); };
  vault_.http.AnswerJson(200, "{}");
  EXPECT_THAT(disconnect(), HasSubstr("was told, and ended it too."));
  vault_.http.AnswerJson(400, R"({"error":"unsupported_token_type"})");
  EXPECT_THAT(disconnect(), HasSubstr("did not accept that"));
  vault_.http.AnswerJson(503, "{}");
  EXPECT_THAT(disconnect(), HasSubstr("We go on telling it until it does"));
  Change([](Directory& next) {
    Provider& calendar = next.providers.at(ProviderId("calendar"));
    calendar.revocation_style = RevocationStyle::kNone;
    calendar.revocation_manual_url = "https://calendar.test/apps";
  });
  EXPECT_THAT(disconnect(),
              AllOf(HasSubstr("cannot be told by us"),
                    HasSubstr("href=\"https://calendar.test/apps\"")));
}

TEST_F(MyConnectionsTest, ChangesNothingByAskingWhetherToDisconnect) {
  const Connection connection = ConnectCalendar();
  const WebResponse page = Get(absl::StrCat(PathOf(connection), "/disconnect"));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body,
              AllOf(HasSubstr("Disconnect your Test calendar account?"),
                    HasSubstr("Test calendar will be told now."),
                    HasSubstr("No copy that was handed out still works.")));
  EXPECT_EQ(Row(connection).state, ConnectionState::kActive);
  EXPECT_THAT(vault_.http.requests(), IsEmpty());
}

TEST_F(MyConnectionsTest, PausesAndResumesFromEitherPage) {
  const Connection connection = ConnectCalendar();
  const std::string id = absl::StrCat("&connection=", connection.id.value);
  EXPECT_EQ(
      HeaderOf(Post("/me", absl::StrCat("decision=pause", id)), "Location"),
      "/me");
  EXPECT_TRUE(Row(connection).paused);
  EXPECT_THAT(Get("/me").body, HasSubstr("Paused</span>"));
  EXPECT_EQ(HeaderOf(Post(PathOf(connection), "decision=resume"), "Location"),
            PathOf(connection));
  EXPECT_FALSE(Row(connection).paused);
  EXPECT_EQ(Post("/me", absl::StrCat("decision=guessed", id)).status, 400);
}

TEST_F(MyConnectionsTest, EndsTheAccessOfOneAgent) {
  const Connection connection = ConnectCalendar();
  EXPECT_THAT(Get(PathOf(connection)).body,
              HasSubstr("aria-label=\"Remove: Agent calendar-bot\">Remove<"));
  Post(PathOf(connection), "decision=remove_agent&agent=calendar-bot");
  EXPECT_THAT(Get(PathOf(connection)).body, HasSubstr("No agent may use it."));
  EXPECT_EQ(Row(connection).state, ConnectionState::kActive);
}

TEST_F(MyConnectionsTest, AsksTheQuestionThatReconnects) {
  Connection connection = ConnectCalendar();
  const std::string id = absl::StrCat("&connection=", connection.id.value);
  EXPECT_EQ(Post("/me", absl::StrCat("decision=reconnect", id)).status, 400);
  connection.state = ConnectionState::kNeedsReconnect;
  WriteBatch batch;
  batch.Update(connection);
  ASSERT_EQ(vault_.store->Commit(std::move(batch)), absl::OkStatus());
  const std::string link =
      HeaderOf(Post("/me", absl::StrCat("decision=reconnect", id)), "Location");
  ASSERT_THAT(link, StartsWith("/c/"));
  EXPECT_THAT(
      Get(link).body,
      HasSubstr("Reconnect your Test calendar account for Agent calendar-bot"));
}

TEST_F(MyConnectionsTest, StopsEverythingInTwoSteps) {
  const Connection calendar = ConnectCalendar();
  const Connection files = vault_.Connect("acme", "ana", "mail-bot", "files",
                                          {"https://files.test/read"});
  EXPECT_THAT(Get("/me/stop").body,
              AllOf(HasSubstr("Stop everything?"), HasSubstr("Test calendar"),
                    HasSubstr("Test files")));
  EXPECT_EQ(Row(files).state, ConnectionState::kActive);
  vault_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(200, "application/json", "{}");
  });
  const std::string stopped = HeaderOf(Post("/me/stop", ""), "Location");
  ASSERT_THAT(stopped, StartsWith("/me/stopped?c="));
  EXPECT_THAT(Get(stopped).body,
              AllOf(HasSubstr("Everything is stopped"),
                    HasSubstr("Test calendar was told, and ended it too.")));
  EXPECT_EQ(Row(calendar).state, ConnectionState::kRevoked);
  EXPECT_EQ(Row(files).state, ConnectionState::kRevoked);
  EXPECT_EQ(HeaderOf(Get("/me/stop"), "Location"), "/me");
  EXPECT_EQ(HeaderOf(Post("/me/stop", ""), "Location"), "/me");
}

TEST_F(MyConnectionsTest, TellsOfNothingStoppedThatIsConnected) {
  const Connection connection = ConnectCalendar();
  for (const std::string& ids : {std::string(), connection.id.value}) {
    EXPECT_NE(Get(absl::StrCat("/me/stopped?c=", ids)).status, 200) << ids;
  }
}

TEST_F(MyConnectionsTest, ShowsNobodyWhatIsAnothers) {
  const Connection bens =
      vault_.Connect("acme", "ben", "calendar-bot", "calendar", Read());
  EXPECT_EQ(Get(absl::StrCat("/me/stopped?c=", bens.id.value)).status, 404);
  EXPECT_EQ(Get(PathOf(bens)).status, 404);
  for (const char* suffix : {"/disconnect", "/activity.csv"}) {
    EXPECT_EQ(Get(absl::StrCat(PathOf(bens), suffix)).status, 404) << suffix;
  }
  EXPECT_EQ(Post(absl::StrCat(PathOf(bens), "/disconnect"), "").status, 404);
  EXPECT_EQ(Post(PathOf(bens), "decision=pause").status, 404);
  EXPECT_EQ(
      Post("/me", absl::StrCat("decision=pause&connection=", bens.id.value))
          .status,
      404);
  EXPECT_EQ(Row(bens).version, bens.version);
}

// ---------------------------------------------------------------- activity --

TEST_F(MyConnectionsTest, TellsWhatHappenedAndHandsItOutAsATable) {
  Question about = About(Read());
  about.purpose = "=HYPERLINK(\"evil\")";
  const Interaction question = AskAna(about);
  Connect(question, Read());
  const Connection connection =
      *vault_.store->GetConnection(session_.tenant, RowOf(question).connection);
  const std::string all = Get("/me/activity").body;
  EXPECT_THAT(all,
              AllOf(HasSubstr("Asked for access"), HasSubstr("Said yes"),
                    HasSubstr("Account connected"), HasSubstr("<bdi>You</bdi>"),
                    HasSubstr("<bdi>Agent calendar-bot</bdi>"),
                    HasSubstr("href=\"/me/activity.csv\"")));
  const std::string one = Get(PathOf(connection)).body;
  EXPECT_THAT(one, AllOf(HasSubstr("Account connected"),
                         Not(HasSubstr("Asked for access"))));
  for (const std::string& path :
       {std::string("/me/activity.csv"),
        absl::StrCat(PathOf(connection), "/activity.csv")}) {
    const WebResponse table = Get(path);
    EXPECT_EQ(table.content_type, "text/csv; charset=utf-8");
    EXPECT_EQ(HeaderOf(table, "Content-Disposition"),
              "attachment; filename=\"activity.csv\"");
    EXPECT_EQ(HeaderOf(table, "X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(HeaderOf(table, "Content-Security-Policy"),
                HasSubstr("default-src 'none'"));
    EXPECT_THAT(table.body, StartsWith("\"time\",\"event\",\"who\""));
    EXPECT_THAT(table.body, HasSubstr("\"connection.created\",\"you\""));
  }
  EXPECT_THAT(Get("/me/activity.csv").body,
              HasSubstr("\"'=HYPERLINK(\"\"evil\"\")\""));
}

TEST_F(MyConnectionsTest, ReadsActivityPageByPage) {
  const Connection connection = ConnectCalendar();
  for (int i = 0; i < 30; ++i) {
    Post(PathOf(connection), "decision=pause");
    Post(PathOf(connection), "decision=resume");
  }
  const std::string first = Get("/me/activity").body;
  const size_t at = first.find("/me/activity?before=");
  ASSERT_NE(at, std::string::npos);
  const std::string older = first.substr(at, first.find('"', at) - at);
  const std::string second = Get(older).body;
  EXPECT_THAT(second, AllOf(HasSubstr("Settings changed"),
                            HasSubstr("href=\"/me/activity\">Newest</a>"),
                            Not(HasSubstr("before="))));
  EXPECT_THAT(Get("/me/activity?before=x").body, HasSubstr("before="));
}

// ----------------------------------------------------------------- honesty --

class WideTokenTest : public WebPagesTest {
 protected:
  // mail-bot may read and write; calendar-bot asks to read, and the provider
  // gives every agent the same token.
  std::string PageWhen(bool policy_only) {
    Change([&](Directory& next) {
      next.providers.at(ProviderId("calendar")).narrowing = Narrowing::kNone;
      next.tokens.allow_policy_only = policy_only;
    });
    const Connection connection = vault_.Connect(
        "acme", "ana", "mail-bot", "calendar", Read().Union(Write()));
    return Get(LinkOf(AskAna(About(Read(), connection.id)))).body;
  }
};

TEST_F(WideTokenTest, IsAdmittedWhereTheOperatorLetsItPass) {
  const std::string html = PageWhen(true);
  const size_t could = html.find("cannot limit this further");
  ASSERT_NE(could, std::string::npos);
  EXPECT_GT(html.find("Write your calendar"), could);
}

TEST_F(WideTokenTest, IsNoThreatWhereItIsRefused) {
  const std::string html = PageWhen(false);
  EXPECT_THAT(html, Not(HasSubstr("cannot limit this further")));
  EXPECT_GT(html.find("Write your calendar"),
            html.find("It will not be able to"));
}

}  // namespace
}  // namespace tokenvault
