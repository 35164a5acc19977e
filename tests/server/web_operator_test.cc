#include "server/web_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/web_pages.h"
#include "tests/server/operator_world.h"
#include "tests/support/test_vault.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kNotForYou[] = "This page is for operators";
constexpr char kDoNow[] = "Do now";

// Browsers of several people, and the page over a vault.
class WebOperatorTest : public ::testing::Test {
 protected:
  WebOperatorTest() {
    Change([](Directory& next) {
      next.operators = Operators{TenantId("acme"), {"vault-operators"}};
    });
    SignIn("olga", "acme", {"staff", "vault-operators"});
    SignIn("ana", "acme", {"staff"});
    SignIn("gil", "globex", {"vault-operators"});
  }
  ~WebOperatorTest() override { vault_.Finish(); }

  void Change(const std::function<void(Directory&)>& change) {
    auto next = std::make_shared<Directory>(*vault_.directory());
    change(*next);
    vault_.Reconfigure(std::move(next));
  }

  void SignIn(const std::string& who, const std::string& tenant,
              std::vector<std::string> groups) {
    WebSession session;
    session.id_hash = *vault_.keys->Lookup("session", who);
    session.tenant = TenantId(tenant);
    session.user = vault_.UserOf(tenant, who);
    session.display_name = absl::StrCat(who, "@", tenant, ".test");
    session.groups = std::move(groups);
    session.auth_time = session.create_time = vault_.clock.Now();
    session.idle_expire_time = vault_.clock.Now() + SignIn::kIdle;
    session.expire_time = vault_.clock.Now() + SignIn::kAbsolute;
    WriteBatch batch;
    batch.Insert(session);
    ASSERT_EQ(vault_.store->Commit(std::move(batch)), absl::OkStatus());
  }

  // As `who`, or as nobody.
  WebResponse Ask(const std::string& who, const std::string& path = "/operator",
                  const std::string& method = "GET",
                  const std::string& query = "") {
    WebRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    if (!who.empty()) {
      request.headers = {{"Cookie", absl::StrCat("__Host-tv_sess=", who)}};
    }
    auto promise = std::make_shared<std::promise<WebResponse>>();
    pages_.Handle(std::move(request), [promise](WebResponse response) {
      promise->set_value(std::move(response));
    });
    return promise->get_future().get();
  }
  std::string Page() {
    const WebResponse response = Ask("olga");
    EXPECT_EQ(response.status, 200);
    return response.body;
  }

  void CountToken(const std::string& agent, absl::Time when) {
    Metrics::TokenRequest request;
    request.provider = "calendar";
    request.agent = agent;
    request.outcome = TokenOutcome::kToken;
    request.from_cache = true;
    request.duration = absl::Milliseconds(3);
    request.time = when;
    world_.metrics.CountTokenRequest(request);
  }

  TestVault vault_;
  OperatorWorld world_{vault_};
  Activity activity_{vault_.clock, *vault_.store};
  WebPages pages_{WebParts{vault_.clock, *vault_.sign_in, *vault_.consent,
                           *vault_.connections, activity_, *vault_.interactions,
                           *vault_.approvals, *vault_.seal, world_.Sources()},
                  *vault_.holder, *vault_.pool};
};

TEST_F(WebOperatorTest, IsAnAddressLikeAnyOtherWithoutOperators) {
  Change([](Directory& next) { next.operators = std::nullopt; });
  for (const char* who : {"", "olga", "ana"}) {
    for (const char* method : {"GET", "POST", "HEAD"}) {
      const WebResponse response = Ask(who, "/operator", method);
      const WebResponse unknown = Ask(who, "/nowhere", method);
      EXPECT_EQ(response.status, 404) << who << method;
      EXPECT_EQ(response.body, unknown.body) << who << method;
    }
  }
  EXPECT_THAT(vault_.Audit("operator.refused"), IsEmpty());
}

TEST_F(WebOperatorTest, AsksNobodyInParticularToSignIn) {
  const WebResponse response = Ask("");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, AllOf(HasSubstr("To show you how the vault is"),
                                   HasSubstr("/signin/acme/start?as=operator"),
                                   Not(HasSubstr(kDoNow))));
  EXPECT_THAT(vault_.Audit("operator.refused"), IsEmpty());
}

TEST_F(WebOperatorTest, TellsAnotherPersonThatItIsForOperators) {
  const WebResponse response = Ask("ana");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body,
              AllOf(HasSubstr(kNotForYou), Not(HasSubstr(kDoNow)),
                    Not(HasSubstr("vault-operators"))));
  const std::vector<AuditEntry> leaves = vault_.Audit("operator.refused");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, AllOf(HasSubstr("\"detail\":\"groups\""),
                                    HasSubstr("\"outcome\":\"denied\"")));
  EXPECT_EQ(leaves[0].tenant, TenantId("acme"));
}

TEST_F(WebOperatorTest, BelievesNoGroupOfAnotherTenant) {
  const WebResponse response = Ask("gil");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr(kNotForYou));
  const std::vector<AuditEntry> leaves = vault_.Audit("operator.refused");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr("\"detail\":\"tenant\""));
}

TEST_F(WebOperatorTest, SaysNothingWithoutALeaf) {
  vault_.store->FailCommits(errors::StorageFull());
  const WebResponse response = Ask("ana");
  vault_.store->FailCommits(absl::OkStatus());
  EXPECT_NE(response.status, 403);
  EXPECT_THAT(response.body,
              AllOf(Not(HasSubstr(kNotForYou)), Not(HasSubstr(kDoNow))));
}

TEST_F(WebOperatorTest, ObeysAReload) {
  EXPECT_EQ(Ask("olga").status, 200);
  Change([](Directory& next) { next.operators->groups = {"others"}; });
  EXPECT_EQ(Ask("olga").status, 403);
}

TEST_F(WebOperatorTest, TakesNoForm) {
  EXPECT_EQ(Ask("olga", "/operator", "POST").status, 405);
}

TEST_F(WebOperatorTest, IsInTheNavigationOfOperatorsAlone) {
  EXPECT_THAT(Ask("olga", "/me/activity").body,
              HasSubstr("href=\"/operator\""));
  EXPECT_THAT(Ask("ana", "/me/activity").body, Not(HasSubstr("/operator")));
  EXPECT_THAT(Ask("gil", "/me/activity").body, Not(HasSubstr("/operator")));
}

TEST_F(WebOperatorTest, ShowsTheLastHour) {
  const absl::Time now = vault_.clock.Now();
  CountToken("calendar-bot", now - absl::Hours(2));
  for (int i = 0; i < 1234; ++i) CountToken("calendar-bot", now);
  EXPECT_THAT(Page(),
              AllOf(HasSubstr(">1\u00A0234</dd>"), HasSubstr("100.0\u00A0%"),
                    HasSubstr("About 5 ms or less"),
                    HasSubstr("Since the start, just now")));
}

TEST_F(WebOperatorTest, ShowsWhatItsNumbersAreOf) {
  vault_.Connect("acme", "ana", "calendar-bot", "calendar",
                 {"https://calendar.test/read"});
  vault_.Connect("acme", "ben", "calendar-bot", "calendar",
                 {"https://calendar.test/read"}, "rt-2");
  Change([](Directory& next) {
    next.providers.at(ProviderId("files")).refresh_invalidates_access_token =
        true;
  });
  const std::string html = Page();
  EXPECT_THAT(html,
              AllOf(HasSubstr("Agent calendar-bot"), HasSubstr("Test calendar"),
                    HasSubstr("data-label=\"Connections\">2</td>"),
                    HasSubstr("data-label=\"People\">2</td>"),
                    HasSubstr("A refresh here ends tokens")));
  // Writing is denied by a rule of its own.
  EXPECT_THAT(html, AllOf(HasSubstr("Read your calendar"),
                          Not(HasSubstr("Write your calendar"))));
}

TEST_F(WebOperatorTest, SaysWhatToDo) {
  EXPECT_THAT(Page(), HasSubstr("Nothing. All is well."));
  Stop stop;
  stop.kind = StopKind::kVault;
  stop.why = "canary-why";
  std::promise<absl::Status> stopped;
  vault_.stops->Add({stop, "operator", ""}, [&](absl::Status status) {
    stopped.set_value(std::move(status));
  });
  ASSERT_EQ(stopped.get_future().get(), absl::OkStatus());
  EXPECT_THAT(Page(), AllOf(HasSubstr("Everything is stopped"),
                            HasSubstr("tokenvault unlock"),
                            Not(HasSubstr("canary-why"))));
}

// Whatever the vault holds of people, none of it is here.
TEST_F(WebOperatorTest, ShowsNothingOfAnybody) {
  Connection connection =
      vault_.Connect("acme", "ana", "calendar-bot", "calendar",
                     {"https://calendar.test/read"});
  connection.account_label = "canary-label@calendar.test";
  connection.account_id = "canary-account";
  connection.state = ConnectionState::kNeedsReconnect;
  WriteBatch batch;
  batch.Update(connection);
  ASSERT_EQ(vault_.store->Commit(std::move(batch)), absl::OkStatus());
  Question question;
  question.tenant = TenantId("acme");
  question.agent = AgentId("calendar-bot");
  question.user = vault_.UserOf("acme", "ana");
  question.provider = ProviderId("calendar");
  question.scopes = {"https://calendar.test/read"};
  question.purpose = "canary-purpose";
  question.task_id = "canary-task";
  ASSERT_TRUE(vault_.interactions
                  ->Ask(question, "https://connect.test", vault_.clock.Now())
                  .ok());
  for (StopKind kind : {StopKind::kUser, StopKind::kConnection}) {
    Stop stop;
    stop.kind = kind;
    stop.tenant = TenantId("acme");
    stop.name =
        kind == StopKind::kUser ? connection.user.value : connection.id.value;
    stop.why = "canary-why";
    std::promise<absl::Status> stopped;
    vault_.stops->Add({stop, "operator", ""}, [&](absl::Status status) {
      stopped.set_value(std::move(status));
    });
    ASSERT_EQ(stopped.get_future().get(), absl::OkStatus());
  }
  const std::string html = Page();
  EXPECT_THAT(html, HasSubstr("Connections that need their people: 1."));
  EXPECT_THAT(html, HasSubstr("People and connections that are stopped: 2."));
  EXPECT_THAT(html, Not(HasSubstr("canary")));
  EXPECT_THAT(html, Not(HasSubstr("ana@")));
  EXPECT_THAT(html, Not(HasSubstr(connection.user.value)));
  EXPECT_THAT(html, Not(HasSubstr(connection.id.value)));
}

}  // namespace
}  // namespace tokenvault
