#include "vault/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "base/hmac.h"
#include "crypto/random.h"
#include "tests/vault/vault_world.h"
#include "vault/notice_messages.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr char kSecret[] = "a secret of the receiver";

class NoticesTest : public ::testing::Test {
 protected:
  NoticesTest() {
    webhook_.url = "https://chat.test/hook";
    webhook_.secret = std::make_shared<Secret>(Secret::Copy(kSecret));
    email_.server.url = "smtps://mail.test";
    email_.from = "vault@connect.test";
    email_.reply_to = "help@connect.test";
  }

  Notifier& notifier() {
    if (notifier_ == nullptr) {
      notifier_ = std::make_unique<Notifier>(
          world_.clock, *world_.store, *world_.holder, *world_.interactions,
          world_.http, webhook_, email_, [this](const Mail& mail) {
            mails_.push_back(mail);
            return mail_answer_;
          });
    }
    return *notifier_;
  }

  // An approval as it is written, and word of it by these channels.
  AskedApproval Ask(const std::vector<std::string>& channels) {
    const absl::Time now = world_.clock.Now();
    AskedApproval asked;
    Interaction& question = asked.question;
    question.tenant = TenantId("acme");
    question.id = InteractionId(NewUlid(now));
    question.kind = InteractionKind::kApproval;
    question.agent = AgentId("calendar-bot");
    question.user = world_.UserOf("acme", "ana");
    question.provider = ProviderId("calendar");
    question.link_hash = *world_.keys->Lookup(
        "link", *world_.interactions->LinkIdOf(question.id));
    question.user_code = "WDJB-MJHT";
    question.purpose = "the agent's own words";
    question.create_time = now;
    question.expire_time = now + absl::Minutes(5);
    Approval& approval = asked.approval;
    approval.tenant = question.tenant;
    approval.id = question.id;
    approval.agent = question.agent;
    approval.user = question.user;
    approval.provider = question.provider;
    approval.request_hash = std::string(32, 'h');
    approval.rule = "asks";
    approval.create_time = now;
    WriteBatch batch;
    batch.Insert(question);
    batch.Insert(approval);
    for (const std::string& channel : channels) {
      Notice notice;
      notice.tenant = approval.tenant;
      notice.approval = approval.id;
      notice.channel = channel;
      notice.address = channel == "email" ? "ana@example.test" : "";
      notice.next_try = now;
      batch.Insert(notice);
    }
    EXPECT_TRUE(world_.store->Commit(std::move(batch)).ok());
    return asked;
  }
  std::vector<Notice> Rows() { return *world_.store->ListNotices(100); }
  // In so many seconds, or nothing when there is nothing to wait for.
  double NextIn(absl::Time next) {
    return absl::ToDoubleSeconds(next - world_.clock.Now());
  }

  VaultWorld world_;
  WebhookSettings webhook_;
  EmailSettings email_;
  std::vector<Mail> mails_;
  absl::Status mail_answer_;
  std::unique_ptr<Notifier> notifier_;
};

std::string HeaderOf(const FakeHttpClient::Request& request,
                     const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST_F(NoticesTest, TellAReceiverThatCanCheckWhoSaysIt) {
  const AskedApproval asked = Ask({"webhook"});
  world_.http.AnswerJson(204, "");
  EXPECT_EQ(notifier().SendDue("webhook"), absl::InfiniteFuture());
  EXPECT_THAT(Rows(), IsEmpty());
  ASSERT_THAT(world_.http.requests(), SizeIs(1));
  const FakeHttpClient::Request request = world_.http.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://chat.test/hook");
  const auto body = nlohmann::json::parse(request.body);
  EXPECT_EQ(body["type"], "approval.requested");
  EXPECT_EQ(body["approval"],
            absl::StrCat("users/", asked.approval.user.value, "/approvals/",
                         asked.approval.id.value));
  EXPECT_EQ(body["agent"], "agents/calendar-bot");
  EXPECT_EQ(body["agent_name"],
            world_.directory()->FindAgent(asked.approval.agent)->name);
  EXPECT_EQ(body["provider"], "providers/calendar");
  EXPECT_EQ(body["rule"], "asks");
  EXPECT_EQ(body["url"], "https://connect.test/c/" +
                             *world_.interactions->LinkIdOf(asked.approval.id));
  EXPECT_THAT(request.body, Not(HasSubstr("WDJB")));
  EXPECT_THAT(request.body, Not(HasSubstr("own words")));
  // As a receiver does it.
  const std::string id = HeaderOf(request, "webhook-id");
  const std::string time = HeaderOf(request, "webhook-timestamp");
  EXPECT_EQ(id, "msg_" + asked.approval.id.value);
  EXPECT_EQ(time, absl::StrCat(absl::ToUnixSeconds(world_.clock.Now())));
  EXPECT_EQ(HeaderOf(request, "webhook-signature"),
            "v1," + absl::Base64Escape(HmacSha256(
                        Secret::Copy(kSecret),
                        absl::StrCat(id, ".", time, ".", request.body))));
  EXPECT_THAT(notifier().counts(),
              ElementsAre(Pair(Pair("webhook", "sent"), 1)));
}

TEST_F(NoticesTest, AreTriedAgainAndAgainAsTheSameMessage) {
  Ask({"webhook"});
  // Nobody is there, a redirect, a fault of theirs, and then for long nobody.
  world_.http.Answer(errors::ProviderUnreachable("chat.test", "timeout", true));
  world_.http.AnswerJson(302, "");
  world_.http.AnswerJson(500, "");
  std::vector<double> waits;
  for (int i = 0; i < 6; ++i) {
    const absl::Time next = notifier().SendDue("webhook");
    waits.push_back(NextIn(next));
    // Not before it is time.
    EXPECT_EQ(notifier().SendDue("webhook"), next);
    ASSERT_THAT(world_.http.requests(), SizeIs(i + 1));
    world_.clock.Advance(next - world_.clock.Now());
  }
  EXPECT_THAT(waits, ElementsAre(1, 5, 15, 30, 60, 60));
  world_.http.AnswerJson(200, "{}");
  EXPECT_EQ(notifier().SendDue("webhook"), absl::InfiniteFuture());
  EXPECT_THAT(Rows(), IsEmpty());
  const auto requests = world_.http.requests();
  ASSERT_THAT(requests, SizeIs(7));
  EXPECT_EQ(HeaderOf(requests[0], "webhook-id"),
            HeaderOf(requests[6], "webhook-id"));
  EXPECT_EQ(requests[0].body, requests[6].body);
  EXPECT_NE(HeaderOf(requests[0], "webhook-signature"),
            HeaderOf(requests[6], "webhook-signature"));
  EXPECT_THAT(notifier().counts(),
              UnorderedElementsAre(Pair(Pair("webhook", "failed"), 6),
                                   Pair(Pair("webhook", "sent"), 1)));
}

TEST_F(NoticesTest, EndWhenNobodyCanDecideAnyMore) {
  Ask({"webhook"});
  while (!Rows().empty()) {
    const absl::Time next = notifier().SendDue("webhook");
    if (next == absl::InfiniteFuture()) break;
    ASSERT_GT(next, world_.clock.Now());
    world_.clock.Advance(next - world_.clock.Now());
  }
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_EQ((notifier().counts()[{"webhook", "expired"}]), 1);
}

TEST_F(NoticesTest, EndWhenItIsDecided) {
  const AskedApproval asked = Ask({"webhook", "email"});
  ASSERT_TRUE(world_.interactions
                  ->Settle(asked.question, InteractionState::kCompleted, "",
                           WriteBatch())
                  .ok());
  notifier().SendDue("webhook");
  notifier().SendDue("email");
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_THAT(mails_, IsEmpty());
  EXPECT_EQ((notifier().counts()[{"email", "not_needed"}]), 1);
}

TEST_F(NoticesTest, AreNotSentTwiceThoughTheRowStays) {
  Ask({"webhook"});
  world_.http.AnswerJson(200, "");
  world_.store->FailCommits(errors::StorageFull());
  notifier().SendDue("webhook");
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_THAT(Rows(), SizeIs(1));
  notifier().SendDue("webhook");
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(NoticesTest, WriteAMailThatAsksForALookAndHasNoCode) {
  const AskedApproval asked = Ask({"email"});
  notifier().SendDue("email");
  EXPECT_THAT(Rows(), IsEmpty());
  ASSERT_THAT(mails_, SizeIs(1));
  EXPECT_EQ(mails_[0].from, "vault@connect.test");
  EXPECT_EQ(mails_[0].to, "ana@example.test");
  const std::string& text = mails_[0].text;
  EXPECT_THAT(text, StartsWith("From: <vault@connect.test>\r\n"
                               "To: <ana@example.test>\r\n"
                               "Reply-To: <help@connect.test>\r\n"));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("\r\nMessage-ID: <msg_",
                                           asked.approval.id.value,
                                           "@connect.test>\r\n")));
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::MaxSplits("\r\n\r\n", 1));
  std::string body;
  ASSERT_TRUE(absl::Base64Unescape(parts[1], &body));
  EXPECT_THAT(
      body,
      HasSubstr("https://connect.test/c/" +
                *world_.interactions->LinkIdOf(asked.approval.id) + "\r\n"));
  EXPECT_THAT(body, Not(HasSubstr("WDJB")));
  EXPECT_THAT(body, Not(HasSubstr("own words")));
  // No line is longer than mail may have.
  for (absl::string_view line : absl::StrSplit(text, "\r\n")) {
    EXPECT_LE(line.size(), 78u) << line;
  }
}

TEST_F(NoticesTest, KeepHostileNamesInTheirPlace) {
  NoticeFacts facts;
  Directory directory = *world_.directory();
  const AskedApproval asked = Ask({});
  directory.agents.at(asked.approval.agent).name =
      "Bot\r\nBcc: all@example.test\r\n\r\n\xe2\x80\xaeolleh \xff "
      "M\xc3\xbcller";
  facts = FactsFor(directory, asked, "https://connect.test/c/x");
  const std::string text = MailText(facts, "vault@connect.test",
                                    "ana@example.test", "", world_.clock.Now());
  EXPECT_THAT(text, Not(HasSubstr("Bcc:")));
  EXPECT_THAT(text, Not(HasSubstr("Reply-To")));
  EXPECT_THAT(facts.agent_name, Not(HasSubstr("\n")));
  EXPECT_THAT(facts.agent_name, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(facts.agent_name, HasSubstr("M\xc3\xbcller"));
  const auto body = nlohmann::json::parse(WebhookBody(facts));
  EXPECT_EQ(body["agent_name"], facts.agent_name);
  // Each encoded word is whole characters.
  for (absl::string_view line : absl::StrSplit(text, "\r\n")) {
    const size_t at = line.find("=?utf-8?B?");
    if (at == absl::string_view::npos) continue;
    std::string decoded;
    ASSERT_TRUE(absl::Base64Unescape(
        line.substr(at + 10, line.size() - at - 12), &decoded));
    EXPECT_NO_THROW(nlohmann::json(decoded).dump()) << line;
  }
}

TEST_F(NoticesTest, AreSentByTheThreadThatIsWoken) {
  std::promise<void> asked;
  world_.http.SetHandler(
      [&asked](const FakeHttpClient::Request&) -> absl::StatusOr<HttpResponse> {
        asked.set_value();
        return FakeHttpClient::Response(200, "text/plain", "");
      });
  notifier().Start();
  Ask({"webhook"});
  notifier().Wake();
  asked.get_future().wait();
  // It waits for what is being sent.
  notifier_.reset();
  EXPECT_THAT(Rows(), IsEmpty());
}

TEST(WebhookSecretTest, IsReadAsTheSpecificationWritesIt) {
  const std::string bytes(24, 'k');
  auto read = ReadWebhookSecret(Secret("whsec_" + absl::Base64Escape(bytes)));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->Reveal(), bytes);
  read = ReadWebhookSecret(Secret::Copy(bytes));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->Reveal(), bytes);
  for (const char* bad : {"", "short", "whsec_", "whsec_a2V5", "whsec_%%%"}) {
    EXPECT_EQ(ReasonOf(ReadWebhookSecret(Secret::Copy(bad)).status()),
              "CONFIG_INVALID")
        << bad;
  }
}

}  // namespace
}  // namespace tokenvault
