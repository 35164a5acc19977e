// A consent where an application says who its people are.
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConsentAppsTest : public ::testing::Test {
 protected:
  ConsentAppsTest() {
    world_.Change([](Directory& next) {
      Provider& calendar = next.providers.at(ProviderId("calendar"));
      calendar.account_url = "https://calendar.test/me";
      calendar.issuer = "https://calendar.test";
      calendar.callback_capture = {"realmId"};
    });
    Question question;
    question.tenant = TenantId("acme");
    question.agent = AgentId("calendar-bot");
    question.user = world_.UserOf("acme", "ana");
    question.provider = ProviderId("calendar");
    question.scopes = ReadCalendar();
    question.return_uri = "https://app.test/back";
    question.confirmer = AgentId("mail-bot");
    auto asked = world_.interactions->Ask(question, "https://connect.test",
                                          world_.clock.Now());
    EXPECT_TRUE(asked.ok()) << asked.status();
    if (asked.ok()) question_ = asked->interaction;
  }

  Interaction Now() {
    auto read = world_.store->GetInteraction(question_.tenant, question_.id);
    EXPECT_TRUE(read.ok());
    return read.ok() ? *read : Interaction();
  }
  InteractionState State() { return Now().state; }

  // The browser with this cookie opens the link and presses the button.
  absl::StatusOr<ConsentFlow::Allowed> Allow(const std::string& browser) {
    absl::StatusOr<WebSession> admitted =
        world_.consent->AdmitBrowser(Now(), browser);
    if (!admitted.ok()) return admitted.status();
    return world_.consent->Allow(*world_.directory(), Now(), *admitted,
                                 ConsentChoice());
  }
  static CookieReader CookieOf(const ConsentFlow::Allowed& allowed) {
    return [value = allowed.trip->cookie_value](const std::string&) {
      return value;
    };
  }
  absl::StatusOr<ConsentFlow::Leaving> Leave(
      const ConsentFlow::Allowed& allowed, const CookieReader& cookie) {
    return world_.consent->Destination(*world_.directory(), allowed.flow_id,
                                       std::nullopt, cookie);
  }
  absl::StatusOr<ConsentFlow::Returned> Return(
      const ConsentFlow::Allowed& allowed, const CookieReader& cookie,
      const std::string& code = "c-1") {
    auto leaving = Leave(allowed, CookieOf(allowed));
    EXPECT_TRUE(leaving.ok()) << leaving.status();
    CallbackQuery query;
    query.parameters = {{"state", ParameterOf(leaving->url, "state")},
                        {"code", code},
                        {"realmId", "9130350"}};
    return world_.consent->Return(*world_.directory(), "acme.calendar", query,
                                  std::nullopt, cookie);
  }
  // All the way there and back: the connect code.
  std::string ConnectCode(const std::string& code = "c-1") {
    auto allowed = Allow("browser");
    EXPECT_TRUE(allowed.ok()) << allowed.status();
    auto returned = Return(*allowed, CookieOf(*allowed), code);
    EXPECT_TRUE(returned.ok()) << returned.status();
    if (!returned.ok()) return "";
    EXPECT_EQ(returned->return_uri, "https://app.test/back");
    EXPECT_THAT(world_.http.requests(), IsEmpty());
    return returned->connect_code;
  }

  absl::StatusOr<ConnectionId> Confirm(const std::string& connect_code,
                                       const std::string& login = "ana",
                                       const std::string& agent = "mail-bot") {
    ConsentFlow::Confirmation confirmation;
    confirmation.tenant = question_.tenant;
    confirmation.agent = AgentId(agent);
    confirmation.interaction = question_.id;
    confirmation.connect_code = connect_code;
    confirmation.user = world_.UserOf("acme", login);
    return world_.consent->Confirm(*world_.directory(), confirmation);
  }
  void AnswerCode() {
    world_.AnswerToken("at-1", "rt-1", ReadCalendar());
    world_.http.AnswerJson(200, R"({"sub":"ana","email":"ana@calendar.test"})");
  }
  // That the provider heard of no code, and what the log says instead.
  void ExpectRefused(const absl::Status& status, const std::string& check,
                     const std::string& kind = "connect.refused") {
    EXPECT_EQ(MetadataOf(status, "check"), check) << status;
    EXPECT_THAT(world_.http.requests(), IsEmpty());
    std::vector<AuditEntry> leaves = world_.Audit(kind);
    ASSERT_THAT(leaves, SizeIs(1));
    EXPECT_THAT(leaves[0].leaf,
                HasSubstr(absl::StrCat("\"detail\":\"", check, "\"")));
  }

  VaultWorld world_;
  Interaction question_;
};

TEST_F(ConsentAppsTest, ConnectsWhenTheApplicationHasShownThePerson) {
  const std::string connect_code = ConnectCode("a\nstrange code");
  AnswerCode();
  auto connected = Confirm(connect_code);
  ASSERT_TRUE(connected.ok()) << connected.status();
  EXPECT_EQ(State(), InteractionState::kCompleted);
  EXPECT_THAT(world_.http.requests().at(0).body,
              HasSubstr("code=a%0Astrange%20code"));
  EXPECT_THAT(world_.http.requests().at(0).body, HasSubstr("code_verifier="));
  auto connection = world_.store->GetConnection(question_.tenant, *connected);
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(connection->user, world_.UserOf("acme", "ana"));
  EXPECT_EQ(world_.RefreshTokenOf(*connection), "rt-1");
  EXPECT_EQ(connection->endpoint_hints.at("realmId"), "9130350");
  ASSERT_THAT(world_.Audit("connect.confirmed"), SizeIs(1));
  EXPECT_THAT(world_.Audit("connect.confirmed")[0].leaf,
              HasSubstr(R"("actor":"agents/mail-bot")"));
  auto answer = world_.Get(world_.Request());
  EXPECT_NE(TokenIn(answer), nullptr) << answer.status();
}

TEST_F(ConsentAppsTest, UsesNoCodeForAnotherPerson) {
  const std::string connect_code = ConnectCode();
  ExpectRefused(Confirm(connect_code, "ben").status(), "user",
                "connect.user_mismatch");
  EXPECT_EQ(State(), InteractionState::kRefused);
  EXPECT_EQ(Now().denial_reason, "FAILED_USER_MISMATCH");
  // Nor afterwards for the right one: it was dropped.
  EXPECT_EQ(MetadataOf(Confirm(connect_code).status(), "check"), "replayed");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(ConsentAppsTest, IsNoQuestionOfAnotherAgent) {
  const std::string connect_code = ConnectCode();
  for (const char* agent : {"calendar-bot", "globex-bot", "nobody"}) {
    EXPECT_EQ(ReasonOf(Confirm(connect_code, "ana", agent).status()),
              "RESOURCE_DENIED");
  }
  EXPECT_EQ(State(), InteractionState::kPending);
  AnswerCode();
  EXPECT_TRUE(Confirm(connect_code).ok());
}

TEST_F(ConsentAppsTest, UsesACodeOnce) {
  const std::string connect_code = ConnectCode();
  AnswerCode();
  ASSERT_TRUE(Confirm(connect_code).ok());
  const size_t requests = world_.http.requests().size();
  EXPECT_EQ(MetadataOf(Confirm(connect_code).status(), "check"), "replayed");
  EXPECT_EQ(world_.http.requests().size(), requests);
  EXPECT_EQ(State(), InteractionState::kCompleted);
}

TEST_F(ConsentAppsTest, UsesACodeOnceHoweverManyAskAtATime) {
  const std::string connect_code = ConnectCode();
  AnswerCode();
  std::atomic<int> connected = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (Confirm(connect_code).ok()) ++connected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(connected, 1);
  EXPECT_EQ(State(), InteractionState::kCompleted);
}

TEST_F(ConsentAppsTest, DropsACodeThatNobodyAskedForInTime) {
  const std::string connect_code = ConnectCode();
  world_.clock.Advance(HeldCodes::kLifetime);
  ExpectRefused(Confirm(connect_code).status(), "expired");
  EXPECT_EQ(State(), InteractionState::kRefused);
}

TEST_F(ConsentAppsTest, IsAskedForByTheWholeConnectCodeOnly) {
  const std::string connect_code = ConnectCode();
  std::string changed = connect_code;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  const std::string trip = connect_code.substr(0, connect_code.find('.'));
  for (const std::string& wrong :
       {std::string(), std::string("x"), trip, absl::StrCat(trip, "."), changed,
        connect_code + "A"}) {
    EXPECT_EQ(MetadataOf(Confirm(wrong).status(), "check"), "connect_code")
        << wrong;
  }
  EXPECT_EQ(State(), InteractionState::kPending);
  AnswerCode();
  EXPECT_TRUE(Confirm(connect_code).ok());
}

TEST_F(ConsentAppsTest, BelongsToTheBrowserThatOpensItFirst) {
  ASSERT_TRUE(world_.consent->AdmitBrowser(Now(), "browser").ok());
  ASSERT_TRUE(world_.consent->AdmitBrowser(Now(), "browser").ok());
  ExpectRefused(Allow("another").status(), "browser");
  EXPECT_EQ(State(), InteractionState::kRefused);
}

TEST_F(ConsentAppsTest, IsAskedAnewOnceItsLinkBelongsToABrowser) {
  Question question;
  question.tenant = question_.tenant;
  question.agent = question_.agent;
  question.user = question_.user;
  question.provider = question_.provider;
  question.scopes = question_.scopes;
  question.return_uri = question_.return_uri;
  question.confirmer = question_.confirmer;
  const auto ask = [&] {
    auto asked = world_.interactions->Ask(question, "https://connect.test",
                                          world_.clock.Now());
    EXPECT_TRUE(asked.ok()) << asked.status();
    return asked.ok() ? asked->interaction.id : InteractionId();
  };
  EXPECT_EQ(ask(), question_.id);
  // More often than questions may be open.
  for (int i = 0; i <= Interactions::kMaxPending; ++i) {
    ASSERT_TRUE(world_.consent->AdmitBrowser(Now(), "browser").ok());
    const InteractionId next = ask();
    EXPECT_NE(next, question_.id);
    EXPECT_EQ(State(), InteractionState::kCancelled);
    question_.id = next;
  }
  question.confirmer = AgentId();
  EXPECT_NE(ask(), question_.id);
}

TEST_F(ConsentAppsTest, IsUsedByNobodyWhoOnlyHasTheAddresses) {
  auto allowed = Allow("browser");
  ASSERT_TRUE(allowed.ok()) << allowed.status();
  const CookieReader none = [](const std::string&) { return std::nullopt; };
  EXPECT_EQ(MetadataOf(Leave(*allowed, none).status(), "check"), "cookie");
  EXPECT_EQ(State(), InteractionState::kPending);
  EXPECT_EQ(MetadataOf(Return(*allowed, none).status(), "check"), "cookie");
  EXPECT_EQ(State(), InteractionState::kRefused);
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(ConsentAppsTest, IsAnsweredByNoSessionOfAPerson) {
  const WebSession ana = world_.SessionOf("acme", "ana");
  absl::Status status =
      world_.consent->Allow(*world_.directory(), Now(), ana, ConsentChoice())
          .status();
  EXPECT_EQ(MetadataOf(status, "check"), "user_mismatch");
  EXPECT_EQ(State(), InteractionState::kRefused);
}

TEST_F(ConsentAppsTest, KeepsTheCodeSealedAndOnlyUntilItIsAskedFor) {
  const std::string connect_code = ConnectCode("c-canary");
  const std::string hash =
      *HexDecode(connect_code.substr(0, connect_code.find('.')));
  auto held = world_.store->GetFlow(hash);
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE(held->code_held);
  EXPECT_THAT(held->sealed_verifier, ::testing::Not(HasSubstr("c-canary")));
  EXPECT_FALSE(Confirm(connect_code, "ben").ok());
  auto dropped = world_.store->GetFlow(hash);
  ASSERT_TRUE(dropped.ok());
  EXPECT_FALSE(dropped->code_held);
  EXPECT_THAT(dropped->sealed_verifier, IsEmpty());
}

TEST_F(ConsentAppsTest, StaysOpenWhenTheProviderFails) {
  const std::string connect_code = ConnectCode();
  world_.http.AnswerJson(503, "{}");
  EXPECT_EQ(ReasonOf(Confirm(connect_code).status()), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(State(), InteractionState::kPending);
  EXPECT_THAT(world_.Audit("connect.failed"), SizeIs(1));
}

TEST_F(ConsentAppsTest, ConnectsNothingForAQuestionThatWasWithdrawn) {
  const std::string connect_code = ConnectCode();
  ASSERT_TRUE(world_.interactions
                  ->Cancel(question_.tenant, question_.agent, question_.id, "",
                           world_.clock.Now())
                  .ok());
  ExpectRefused(Confirm(connect_code).status(), "settled");
}

}  // namespace
}  // namespace tokenvault
