#include "vault/approvals.h"

#include <functional>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/approval_request.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Reach = ApprovalReach;
using Verdict = Approvals::Verdict;

class ApprovalsTest : public ::testing::Test {
 protected:
  using Answer = absl::StatusOr<AccessAnswer>;

  void SetUp() override {
    connection_ = world_.ConnectCalendar();
    Terms([](ApprovalTerms& terms) { terms.task = terms.hour = true; });
    world_.http.SetHandler([](const FakeHttpClient::Request&) {
      return TokenAnswer("an-access-token", "next-refresh-token");
    });
  }

  // The one rule there is asks, on these terms.
  void Terms(const std::function<void(ApprovalTerms&)>& change) {
    world_.Change([&](Directory& next) {
      PolicyRule rule;
      rule.id = "asks";
      rule.effect = Effect::kRequireApproval;
      rule.any_scope = true;
      change(rule.approval);
      next.policy = Policy({rule});
    });
  }

  AccessRequest Request() {
    AccessRequest request = world_.Request();
    request.task_id = "offsite-7";
    request.details =
        CanonicalDetails({{"event.create", {{"title", "Offsite"}}}});
    request.summary = "Plan the offsite";
    return request;
  }

  int Waiting(const Approver& who) {
    return world_.approvals->CountToDecide(*world_.directory(), who)
        .value_or(-1);
  }

  AskedApproval Asked(const AccessRequest& request) {
    Answer answer = world_.Get(request);
    const AskedQuestion* question = QuestionIn(answer);
    EXPECT_NE(question, nullptr) << answer.status();
    if (question == nullptr) return {};
    EXPECT_EQ(question->interaction.kind, InteractionKind::kApproval);
    auto asked =
        world_.store->GetApproval(request.tenant, question->interaction.id);
    EXPECT_TRUE(asked.ok()) << asked.status();
    return asked.ok() ? *asked : AskedApproval();
  }

  Approver Person(const std::string& subject,
                  const std::string& tenant = "acme") {
    Approver approver;
    approver.tenant = TenantId(tenant);
    approver.user = world_.UserOf(tenant, subject);
    approver.auth_time = world_.clock.Now();
    approver.how = "page";
    return approver;
  }

  absl::StatusOr<AskedApproval> Decide(const AskedApproval& asked,
                                       Verdict verdict,
                                       Reach reach = Reach::kNone,
                                       const std::string& who = "ana") {
    return world_.approvals->Decide(*world_.directory(), asked, Person(who),
                                    {verdict, reach, "", ""});
  }
  void Approve(const AskedApproval& asked, Reach reach) {
    auto decided = Decide(asked, Verdict::kApprove, reach);
    ASSERT_TRUE(decided.ok()) << decided.status();
  }
  std::string WhyNot(const absl::StatusOr<AskedApproval>& decided) {
    return absl::StrCat(ReasonOf(decided.status()), " ",
                        MetadataOf(decided.status(), "problem"));
  }

  // The newest leaf of that kind.
  nlohmann::json Leaf(const std::string& kind) {
    const std::vector<AuditEntry> entries = world_.Audit(kind);
    EXPECT_FALSE(entries.empty()) << kind;
    return entries.empty() ? nlohmann::json()
                           : nlohmann::json::parse(entries.back().leaf);
  }

  bool GetsToken(const AccessRequest& request) {
    Answer answer = world_.Get(request);
    return TokenIn(answer) != nullptr;
  }

  VaultWorld world_;
  Connection connection_;
};

TEST_F(ApprovalsTest, AskBeforeAnyTokenIsFetched) {
  const AskedApproval asked = Asked(Request());
  EXPECT_EQ(asked.approval.rule, "asks");
  EXPECT_EQ(asked.question.purpose, "Plan the offsite");
  EXPECT_EQ(asked.question.expire_time, world_.clock.Now() + absl::Minutes(5));
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_THAT(world_.Audit("approval.asked"), SizeIs(1));
  ASSERT_THAT(world_.Audit("token.denied"), SizeIs(1));
  EXPECT_EQ(Leaf("token.denied")["reason"], "APPROVAL_REQUIRED");
}

TEST_F(ApprovalsTest, AskOnceForTheSameRequest) {
  const AskedApproval first = Asked(Request());
  const AskedApproval second = Asked(Request());
  EXPECT_EQ(first.approval.id, second.approval.id);
  EXPECT_THAT(world_.Audit("approval.asked"), SizeIs(1));
}

TEST_F(ApprovalsTest, AskForConsentFirst) {
  AccessRequest request = Request();
  request.user = world_.UserOf("acme", "ben");
  Answer answer = world_.Get(request);
  ASSERT_NE(QuestionIn(answer), nullptr);
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kConsent);
}

TEST_F(ApprovalsTest, GiveOneTokenForAYesToOne) {
  const AskedApproval asked = Asked(Request());
  Approve(asked, Reach::kOnce);
  EXPECT_TRUE(GetsToken(Request()));
  ASSERT_THAT(world_.Audit("token.granted"), SizeIs(1));
  EXPECT_EQ(Leaf("token.granted")["interaction"], asked.approval.id.value);
  EXPECT_NE(Asked(Request()).approval.id, asked.approval.id);
}

TEST_F(ApprovalsTest, GiveTokensForAnHourAndNoLonger) {
  Approve(Asked(Request()), Reach::kHour);
  AccessRequest other_task = Request();
  other_task.task_id = "another";
  EXPECT_TRUE(GetsToken(Request()));
  EXPECT_TRUE(GetsToken(other_task));
  world_.clock.Advance(absl::Hours(1));
  EXPECT_FALSE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, GiveTokensForOneTaskAlone) {
  Approve(Asked(Request()), Reach::kTask);
  EXPECT_TRUE(GetsToken(Request()));
  EXPECT_TRUE(GetsToken(Request()));
  AccessRequest other_task = Request();
  other_task.task_id = "another";
  EXPECT_FALSE(GetsToken(other_task));
  world_.clock.Advance(absl::Hours(8));
  EXPECT_FALSE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, LoseAYesToOneThatIsNotUsedSoon) {
  Approve(Asked(Request()), Reach::kOnce);
  world_.clock.Advance(Approvals::kOnce);
  EXPECT_FALSE(GetsToken(Request()));
}

// Change any bound field after approval and it is refused.
TEST_F(ApprovalsTest, AreGoodForNothingElseThanWhatWasShown) {
  const std::map<std::string, std::function<void(AccessRequest&)>> changes = {
      {"agent", [](AccessRequest& r) { r.agent = AgentId("mail-bot"); }},
      {"user",
       [&](AccessRequest& r) { r.user = world_.UserOf("acme", "ben"); }},
      {"tenant",
       [&](AccessRequest& r) {
         r.tenant = TenantId("other");
         r.user = world_.UserOf("other", "ana");
       }},
      {"scopes", [](AccessRequest& r) { r.scopes = WriteCalendar(); }},
      {"more scopes",
       [](AccessRequest& r) {
         r.scopes = ReadCalendar().Union(WriteCalendar());
       }},
      {"resource",
       [](AccessRequest& r) { r.resource = "https://calendar.test/b"; }},
      {"an act's field",
       [](AccessRequest& r) {
         r.details =
             CanonicalDetails({{"event.create", {{"title", "Onsite"}}}});
       }},
      {"an act's type",
       [](AccessRequest& r) {
         r.details =
             CanonicalDetails({{"event.delete", {{"title", "Offsite"}}}});
       }},
      {"one more act",
       [](AccessRequest& r) {
         r.details = CanonicalDetails(
             {{"event.create", {{"title", "Offsite"}}}, {"mail.send", {}}});
       }},
      {"no act", [](AccessRequest& r) { r.details.clear(); }},
      {"task", [](AccessRequest& r) { r.task_id = "another"; }},
      {"no task", [](AccessRequest& r) { r.task_id.clear(); }},
  };
  Approve(Asked(Request()), Reach::kOnce);
  for (const auto& [field, change] : changes) {
    AccessRequest changed = Request();
    change(changed);
    EXPECT_FALSE(GetsToken(changed)) << field;
  }
  EXPECT_TRUE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, HoldWhateverTheAgentSaysInFreeText) {
  Approve(Asked(Request()), Reach::kOnce);
  AccessRequest request = Request();
  request.summary = request.purpose = "other words";
  EXPECT_TRUE(GetsToken(request));
}

TEST_F(ApprovalsTest, AreGoodForTheLifetimeThatWasShown) {
  AccessRequest request = Request();
  const std::string an_hour =
      ApprovalRequestHash(request, connection_.id, absl::Hours(1));
  EXPECT_NE(ApprovalRequestHash(request, connection_.id, absl::Hours(2)),
            an_hour);
  EXPECT_NE(
      ApprovalRequestHash(request, connection_.id, absl::InfiniteDuration()),
      an_hour);
  EXPECT_NE(ApprovalRequestHash(request, ConnectionId("c2"), absl::Hours(1)),
            an_hour);
  EXPECT_EQ(ApprovalRequestHash(request, connection_.id, absl::Hours(1)),
            an_hour);
}

TEST_F(ApprovalsTest, LetOneOfManySpendersHaveAToken) {
  Approve(Asked(Request()), Reach::kOnce);
  std::vector<std::future<Answer>> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(world_.Begin(Request()));
  int tokens = 0;
  for (auto& call : calls) {
    Answer answer = call.get();
    ASSERT_TRUE(answer.ok()) << answer.status();
    if (TokenIn(answer) != nullptr) ++tokens;
  }
  EXPECT_EQ(tokens, 1);
  EXPECT_THAT(world_.Audit("token.granted"), SizeIs(1));
  // All others were asked the same question.
  EXPECT_THAT(world_.Audit("approval.asked"), SizeIs(2));
}

TEST_F(ApprovalsTest, AreNotSpentByATokenThatWasNotAudited) {
  Approve(Asked(Request()), Reach::kOnce);
  world_.FailAudit();
  EXPECT_FALSE(GetsToken(Request()));
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_TRUE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, AreNotSpentWhileTokensAreStopped) {
  Approve(Asked(Request()), Reach::kOnce);
  Stops::Order order;
  order.stop.kind = StopKind::kVault;
  ASSERT_TRUE(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
                world_.stops->Add(order, std::move(done));
              }).ok());
  EXPECT_EQ(ReasonOf(world_.Get(Request()).status()), "ISSUANCE_STOPPED");
  ASSERT_TRUE(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
                world_.stops->Lift(order, std::move(done));
              }).ok());
  EXPECT_TRUE(GetsToken(Request()));
}

// The commit that spends it was under way when the stop came.
TEST_F(ApprovalsTest, AreGivenBackByAStopThatWithheldTheToken) {
  Approve(Asked(Request()), Reach::kOnce);
  ASSERT_TRUE(GetsToken(Request()));  // and is in the cache for the next
  Approve(Asked(Request()), Reach::kOnce);
  Stops::Order order;
  order.stop.kind = StopKind::kVault;
  world_.store->HoldCommits();
  std::future<Answer> call = world_.Begin(Request());
  world_.WaitForPool(0);
  std::promise<absl::Status> stopped;
  world_.stops->Add(order, [&](absl::Status status) {
    stopped.set_value(std::move(status));
  });
  world_.store->LetCommitsGo();
  EXPECT_EQ(ReasonOf(call.get().status()), "ISSUANCE_STOPPED");
  ASSERT_TRUE(stopped.get_future().get().ok());
  // Its leaf is there: it was spent, and given back.
  EXPECT_THAT(world_.Audit("token.granted"), SizeIs(2));
  ASSERT_TRUE(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
                world_.stops->Lift(order, std::move(done));
              }).ok());
  EXPECT_TRUE(GetsToken(Request()));
  // Once, as before.
  EXPECT_FALSE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, AreDecidedOnce) {
  const AskedApproval asked = Asked(Request());
  Approve(asked, Reach::kOnce);
  EXPECT_EQ(ReasonOf(Decide(asked, Verdict::kReject).status()),
            "INTERACTION_USED");
  EXPECT_EQ(ReasonOf(Decide(asked, Verdict::kApprove, Reach::kHour).status()),
            "INTERACTION_USED");
  EXPECT_TRUE(GetsToken(Request()));
  EXPECT_FALSE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, AreDecidedOnceByTwoAtTheSameTime) {
  const AskedApproval asked = Asked(Request());
  absl::StatusOr<AskedApproval> yes = absl::UnknownError(""), no = yes;
  std::thread one(
      [&] { yes = Decide(asked, Verdict::kApprove, Reach::kOnce); });
  no = Decide(asked, Verdict::kReject);
  one.join();
  EXPECT_NE(yes.ok(), no.ok());
  EXPECT_EQ(GetsToken(Request()), yes.ok());
}

TEST_F(ApprovalsTest, CannotBeGivenOnceTheirTimeIsOver) {
  const AskedApproval asked = Asked(Request());
  world_.clock.Advance(absl::Minutes(5));
  EXPECT_EQ(ReasonOf(Decide(asked, Verdict::kApprove, Reach::kOnce).status()),
            "INTERACTION_EXPIRED");
  EXPECT_FALSE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, CannotBeGivenOnceTheAgentTookTheQuestionBack) {
  const AskedApproval asked = Asked(Request());
  ASSERT_TRUE(world_.interactions
                  ->Cancel(asked.approval.tenant, asked.approval.agent,
                           asked.approval.id, "", world_.clock.Now())
                  .ok());
  EXPECT_THAT(world_.Audit("approval.cancelled"), SizeIs(1));
  EXPECT_EQ(ReasonOf(Decide(asked, Verdict::kApprove, Reach::kOnce).status()),
            "INTERACTION_DENIED");
}

TEST_F(ApprovalsTest, HaveTheirDeadlinePutOffAFewTimes) {
  AskedApproval asked = Asked(Request());
  for (uint32_t i = 0; i < Approvals::kMaxExtensions; ++i) {
    world_.clock.Advance(absl::Minutes(4));
    auto longer = world_.approvals->AskForMoreTime(*world_.directory(), asked,
                                                   Person("ana"));
    ASSERT_TRUE(longer.ok()) << longer.status();
    EXPECT_EQ(longer->question.expire_time,
              world_.clock.Now() + absl::Minutes(5));
    asked = *longer;
  }
  EXPECT_EQ(
      ReasonOf(world_.approvals
                   ->AskForMoreTime(*world_.directory(), asked, Person("ana"))
                   .status()),
      "FIELD_INVALID");
  Approve(asked, Reach::kOnce);
  EXPECT_TRUE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, AreNotGivenByAnybodyElse) {
  const AskedApproval asked = Asked(Request());
  EXPECT_EQ(WhyNot(Decide(asked, Verdict::kApprove, Reach::kOnce, "ben")),
            "APPROVER_NOT_ALLOWED not_asked");
  EXPECT_EQ(WhyNot(Decide(asked, Verdict::kReject, Reach::kNone, "ben")),
            "APPROVER_NOT_ALLOWED not_asked");
  auto foreign = world_.approvals->Decide(
      *world_.directory(), asked, Person("ana", "other"),
      {Verdict::kApprove, Reach::kOnce, "", ""});
  EXPECT_EQ(ReasonOf(foreign.status()), "RESOURCE_DENIED");
  EXPECT_THAT(world_.Audit("approval.refused"), SizeIs(3));
  EXPECT_FALSE(GetsToken(Request()));
  EXPECT_THAT(world_.Audit("token.granted"), IsEmpty());
}

TEST_F(ApprovalsTest, AreNotGivenInASessionOfLongAgo) {
  const AskedApproval asked = Asked(Request());
  Approver ana = Person("ana");
  ana.auth_time -= Approvals::kFreshSignIn + absl::Seconds(1);
  EXPECT_EQ(WhyNot(world_.approvals->Decide(
                *world_.directory(), asked, ana,
                {Verdict::kApprove, Reach::kOnce, "", ""})),
            "APPROVER_NOT_ALLOWED stale_sign_in");
}

TEST_F(ApprovalsTest, AreNotGivenThroughTheAgentThatAsks) {
  const AskedApproval asked = Asked(Request());
  Approver ana = Person("ana");
  ana.how = "agents/calendar-bot";
  EXPECT_EQ(WhyNot(world_.approvals->Decide(
                *world_.directory(), asked, ana,
                {Verdict::kApprove, Reach::kOnce, "", ""})),
            "APPROVER_NOT_ALLOWED own_request");
}

// Never by the agent's owner, nor by the person for whom it acts.
TEST_F(ApprovalsTest, WantFourEyesWhereTheRuleSaysSo) {
  Terms([](ApprovalTerms& terms) {
    terms.four_eyes = true;
    terms.approvers = {"ana", "ben", "cleo"};
  });
  world_.Change([](Directory& next) {
    next.agents[AgentId("calendar-bot")].owner_subject = "ben";
  });
  const AskedApproval asked = Asked(Request());
  EXPECT_EQ(WhyNot(Decide(asked, Verdict::kApprove, Reach::kOnce, "ana")),
            "APPROVER_NOT_ALLOWED own_account");
  EXPECT_EQ(WhyNot(Decide(asked, Verdict::kApprove, Reach::kOnce, "ben")),
            "APPROVER_NOT_ALLOWED own_agent");
  EXPECT_EQ(WhyNot(Decide(asked, Verdict::kApprove, Reach::kOnce, "dan")),
            "APPROVER_NOT_ALLOWED not_asked");
  EXPECT_FALSE(GetsToken(Request()));
  ASSERT_TRUE(Decide(asked, Verdict::kApprove, Reach::kOnce, "cleo").ok());
  EXPECT_TRUE(GetsToken(Request()));
}

TEST_F(ApprovalsTest, AreGivenByWhoIsInAGroupThatIsAsked) {
  Terms([](ApprovalTerms& terms) { terms.approver_groups = {"on call"}; });
  const AskedApproval asked = Asked(Request());
  Approver ben = Person("ben");
  const Approvals::Ruling yes{Verdict::kApprove, Reach::kOnce, "", ""};
  EXPECT_EQ(
      WhyNot(world_.approvals->Decide(*world_.directory(), asked, ben, yes)),
      "APPROVER_NOT_ALLOWED not_asked");
  ben.groups = {"staff", "on call"};
  EXPECT_TRUE(
      world_.approvals->Decide(*world_.directory(), asked, ben, yes).ok());
}

TEST_F(ApprovalsTest, GoNoFurtherThanTheRuleOffers) {
  Terms([](ApprovalTerms&) {});
  const AskedApproval asked = Asked(Request());
  EXPECT_THAT(OfferedReaches(*world_.directory(), asked.approval),
              ElementsAre(Reach::kOnce));
  for (Reach reach : {Reach::kNone, Reach::kTask, Reach::kHour}) {
    EXPECT_EQ(ReasonOf(Decide(asked, Verdict::kApprove, reach).status()),
              "FIELD_INVALID");
  }
  Approve(asked, Reach::kOnce);
}

TEST_F(ApprovalsTest, OfferNoTaskToAnAgentThatNamesNone) {
  AccessRequest request = Request();
  request.task_id.clear();
  EXPECT_THAT(OfferedReaches(*world_.directory(), Asked(request).approval),
              ElementsAre(Reach::kOnce, Reach::kHour));
}

TEST_F(ApprovalsTest, AreVoidUnderAnotherRule) {
  Approve(Asked(Request()), Reach::kHour);
  world_.Change([](Directory& next) {
    PolicyRule rule;
    rule.id = "stricter";
    rule.effect = Effect::kRequireApproval;
    rule.any_scope = true;
    next.policy = Policy({rule});
  });
  EXPECT_EQ(Asked(Request()).approval.rule, "stricter");
}

TEST_F(ApprovalsTest, HoldANoForTenMinutesWhateverChanges) {
  ASSERT_TRUE(Decide(Asked(Request()), Verdict::kReject).ok());
  AccessRequest changed = Request();
  changed.details.clear();
  changed.task_id = "another";
  for (const AccessRequest& request : {Request(), changed}) {
    Answer answer = world_.Get(request);
    EXPECT_EQ(ReasonOf(answer.status()), "APPROVAL_DENIED");
    EXPECT_GT(RetryDelayOf(answer.status()), absl::Minutes(9));
  }
  world_.clock.Advance(absl::Minutes(10));
  Asked(Request());
}

TEST_F(ApprovalsTest, EndWhatAnAgentMayDoOnANoThatPausesIt) {
  ASSERT_TRUE(Decide(Asked(Request()), Verdict::kRejectAndPause).ok());
  world_.clock.Advance(absl::Minutes(10));
  Answer answer = world_.Get(Request());
  ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kConsent);
}

TEST_F(ApprovalsTest, LetThreeWaitForOneAgentAndPerson) {
  AccessRequest request = Request();
  std::vector<AskedApproval> asked;
  for (int i = 0; i < 50; ++i) {
    request.task_id = absl::StrCat("task-", i);
    Answer answer = world_.Get(request);
    if (i < Approvals::kMaxPending) {
      EXPECT_NE(QuestionIn(answer), nullptr);
    } else {
      EXPECT_EQ(ReasonOf(answer.status()), "APPROVAL_RATE_LIMITED");
      EXPECT_GT(RetryDelayOf(answer.status()), absl::ZeroDuration());
    }
  }
  EXPECT_THAT(world_.Audit("approval.asked"), SizeIs(3));
  world_.clock.Advance(absl::Minutes(5));
  Asked(request);
}

TEST_F(ApprovalsTest, TellNobodyOfTheSixthInAMinute) {
  world_.approvals->TellBy({.webhook = true, .email = true});
  AccessRequest request = Request();
  request.email = "ana@acme.test";
  std::vector<bool> quiet;
  for (int i = 0; i < 7; ++i) {
    request.task_id = absl::StrCat("task-", i);
    const AskedApproval asked = Asked(request);
    quiet.push_back(asked.approval.quiet);
    ASSERT_TRUE(world_.interactions
                    ->Cancel(asked.approval.tenant, asked.approval.agent,
                             asked.approval.id, "", world_.clock.Now())
                    .ok());
  }
  EXPECT_THAT(quiet,
              ElementsAre(false, false, false, false, false, true, true));
  EXPECT_THAT(*world_.store->ListNotices(100), SizeIs(10));
}

TEST_F(ApprovalsTest, TellTheirApproverInTheCommitThatAsks) {
  int woken = 0;
  world_.approvals->TellBy(
      {.webhook = true, .email = true, .wake = [&woken] { ++woken; }});
  AccessRequest request = Request();
  request.email = "ana@acme.test";
  Asked(request);
  Asked(request);
  EXPECT_EQ(woken, 1);
  auto notices = world_.store->ListNotices(10);
  ASSERT_THAT(*notices, SizeIs(2));
  EXPECT_EQ((*notices)[0].address, "ana@acme.test");
  EXPECT_EQ((*notices)[1].channel, "webhook");
}

TEST_F(ApprovalsTest, MailNobodyWhereOthersDecide) {
  world_.approvals->TellBy({.email = true});
  Terms([](ApprovalTerms& terms) { terms.approvers = {"cleo"}; });
  AccessRequest request = Request();
  request.email = "ana@acme.test";
  Asked(request);
  EXPECT_THAT(*world_.store->ListNotices(10), IsEmpty());
}

TEST_F(ApprovalsTest, AreSeenByWhoseAccountItIsAndByWhoDecides) {
  Terms([](ApprovalTerms& terms) { terms.approvers = {"cleo"}; });
  const AskedApproval asked = Asked(Request());
  const auto seen_by = [&](const std::string& who) {
    auto list =
        world_.approvals->List(*world_.directory(), Person(who),
                               InteractionState::kPending, InteractionId(), 10);
    EXPECT_TRUE(list.ok()) << list.status();
    const auto got = world_.approvals->Get(*world_.directory(),
                                           asked.approval.id, Person(who));
    EXPECT_EQ(got.ok(), list->size() == 1) << who;
    return list->size();
  };
  EXPECT_EQ(seen_by("ana"), 1u);
  EXPECT_EQ(seen_by("cleo"), 1u);
  EXPECT_EQ(seen_by("ben"), 0u);
}

TEST_F(ApprovalsTest, AreCountedForWhoMayDecideThem) {
  const AskedApproval asked = Asked(Request());
  EXPECT_EQ(Waiting(Person("ana")), 1);
  EXPECT_EQ(Waiting(Person("ben")), 0);
  EXPECT_EQ(Waiting(Person("ana", "globex")), 0);
  // Whoever is asked by name decides for others, and they no more.
  Terms([](ApprovalTerms& terms) { terms.approver_groups = {"leads"}; });
  Approver lead = Person("ben");
  lead.groups = {"leads"};
  EXPECT_EQ(Waiting(lead), 1);
  EXPECT_EQ(Waiting(Person("ana")), 0);
  Terms([](ApprovalTerms&) {});
  Approve(asked, Reach::kOnce);
  EXPECT_EQ(Waiting(Person("ana")), 0);
}

TEST_F(ApprovalsTest, AreNotCountedOnceTheirTimeIsOver) {
  Asked(Request());
  world_.clock.Advance(absl::Hours(1));
  EXPECT_EQ(Waiting(Person("ana")), 0);
  Terms([](ApprovalTerms& terms) { terms.approvers = {"ben"}; });
  Asked(Request());
  EXPECT_EQ(Waiting(Person("ben")), 1);
  world_.clock.Advance(absl::Hours(1));
  EXPECT_EQ(Waiting(Person("ben")), 0);
}

TEST_F(ApprovalsTest, AreNoConsent) {
  const AskedApproval asked = Asked(Request());
  auto link = world_.interactions->LinkIdOf(asked.approval.id);
  EXPECT_EQ(ReasonOf(world_.consent->Look(*link).status()), "NOT_FOUND");
}

TEST_F(ApprovalsTest, WakeWhoWaitsForTheDecision) {
  const AskedApproval asked = Asked(Request());
  std::promise<void> woken;
  world_.interactions->Wait(asked.approval.id, [&] { woken.set_value(); });
  Approve(asked, Reach::kOnce);
  woken.get_future().wait();
}

TEST_F(ApprovalsTest, WriteDownTheWholeDecision) {
  const AskedApproval asked = Asked(Request());
  Approver ana = Person("ana");
  ana.acr = "mfa";
  ASSERT_TRUE(world_.approvals
                  ->Decide(*world_.directory(), asked, ana,
                           {Verdict::kApprove, Reach::kOnce, "fine", ""})
                  .ok());
  ASSERT_THAT(world_.Audit("approval.given"), SizeIs(1));
  const auto leaf = Leaf("approval.given");
  const auto detail = leaf["detail"].get<std::string>();
  EXPECT_THAT(detail, HasSubstr(HexEncode(asked.approval.request_hash)));
  for (const char* fact :
       {"by page", "reach once", "acr mfa", "signed in 20", "says fine"}) {
    EXPECT_THAT(detail, HasSubstr(fact));
  }
  EXPECT_EQ(leaf["rule"], "asks");
}

TEST_F(ApprovalsTest, SurviveARestart) {
  const AskedApproval asked = Asked(Request());
  Approve(asked, Reach::kOnce);
  Approvals another(world_.clock, *world_.store, *world_.keys,
                    *world_.interactions, *world_.cache);
  Decision decision;
  decision.effect = Effect::kRequireApproval;
  decision.rule = "asks";
  decision.asking = {"asks"};
  auto word = another.Find(Request(), connection_.id, decision);
  ASSERT_TRUE(word.ok()) << word.status();
  EXPECT_NE(std::get_if<Approval>(&*word), nullptr);
}

TEST(ApprovalRequestTest, WritesActsInOneSpelling) {
  const std::vector<DeclaredAct> acts = {
      {"mail.send", {{"to", "li@acme.test"}, {"subject", "a \"b\"\n"}}},
      {"event.create", {}}};
  const std::string json = CanonicalDetails(acts);
  EXPECT_EQ(json,
            R"([{"fields":{"subject":"a \"b\"\n","to":"li@acme.test"},)"
            R"("type":"mail.send"},{"fields":{},"type":"event.create"}])");
  EXPECT_EQ(ParseDetails(json), acts);
  EXPECT_EQ(CanonicalDetails({}), "");
  for (const char* other : {"", "{}", "[1]", "[{}]", "[{\"type\":1}]", "[",
                            R"([{"type":"a","fields":{"b":1}}])"}) {
    EXPECT_THAT(ParseDetails(other), IsEmpty()) << other;
  }
}

}  // namespace
}  // namespace tokenvault
