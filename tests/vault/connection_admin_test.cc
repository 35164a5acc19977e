#include "vault/connection_admin.h"

#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Upstream = UpstreamRevocations::Result;

class ConnectionAdminTest : public ::testing::Test {
 protected:
  absl::StatusOr<ConnectionView> Update(const ConnectionChange& change,
                                        const std::string& etag = "") {
    return world_.connections->Update(connection_.tenant, connection_.user,
                                      connection_.id, etag, change, "operator");
  }
  absl::StatusOr<ConnectionAdmin::Revoked> Revoke(
      const std::string& etag = "") {
    return world_.connections->Revoke(*world_.directory(), connection_.tenant,
                                      connection_.user, connection_.id, etag,
                                      "operator", "request-1");
  }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
};

TEST_F(ConnectionAdminTest, ChangesOnlyWhatWasSeen) {
  const std::string etag = EtagOf(connection_);
  ConnectionChange change;
  change.account_label = "work";
  auto changed = Update(change, etag);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->connection.account_label, "work");
  EXPECT_NE(EtagOf(changed->connection), etag);
  change.account_label = "home";
  EXPECT_EQ(ReasonOf(Update(change, etag).status()), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(Revoke(etag).status()), "ETAG_MISMATCH");
  EXPECT_EQ(world_.Row(connection_).account_label, "work");
  EXPECT_THAT(world_.Audit("connection.changed"), SizeIs(1));
}

TEST_F(ConnectionAdminTest, PausesAndResumesWithoutForgetting) {
  Validity tokens = world_.cache->ValidityOf(connection_.id);
  ConnectionChange change;
  change.paused = true;
  ASSERT_TRUE(Update(change).ok());
  EXPECT_TRUE(world_.Row(connection_).paused);
  EXPECT_FALSE(tokens->load());
  change.paused = false;
  ASSERT_TRUE(Update(change).ok());
  Connection row = world_.Row(connection_);
  EXPECT_FALSE(row.paused);
  EXPECT_EQ(world_.RefreshTokenOf(row), "rt-1");
}

TEST_F(ConnectionAdminTest, KeepsTheNamedAgentsAndAddsNobody) {
  AgentGrant grant;
  grant.tenant = connection_.tenant;
  grant.connection = connection_.id;
  grant.agent = AgentId("mail-bot");
  grant.scopes = ReadCalendar();
  grant.create_time = world_.clock.Now();
  WriteBatch batch;
  batch.Insert(grant);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  ConnectionChange change;
  change.keep_agents = {AgentId("mail-bot"), AgentId("nobody")};
  auto changed = Update(change);
  ASSERT_TRUE(changed.ok()) << changed.status();
  ASSERT_THAT(changed->grants, SizeIs(1));
  EXPECT_EQ(changed->grants[0].agent, AgentId("mail-bot"));
  EXPECT_EQ(changed->grants[0].scopes, ReadCalendar());
}

TEST_F(ConnectionAdminTest, EndsTheAccessOfOneAgentAndOfNoOther) {
  AgentGrant grant;
  grant.tenant = connection_.tenant;
  grant.connection = connection_.id;
  grant.agent = AgentId("mail-bot");
  grant.scopes = ReadCalendar();
  grant.create_time = world_.clock.Now();
  grant.last_use_time = world_.clock.Now();
  WriteBatch batch;
  batch.Insert(grant);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  Validity tokens = world_.cache->ValidityOf(connection_.id);
  ConnectionChange change;
  change.drop_agent = AgentId("calendar-bot");
  auto changed = Update(change);
  ASSERT_TRUE(changed.ok()) << changed.status();
  ASSERT_THAT(changed->grants, SizeIs(1));
  EXPECT_EQ(changed->grants[0].agent, AgentId("mail-bot"));
  EXPECT_EQ(changed->grants[0].last_use_time, world_.clock.Now());
  EXPECT_FALSE(tokens->load());
  const auto leaves = world_.Audit("connection.changed");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr("\"detail\":\"agents\""));
}

TEST_F(ConnectionAdminTest, SaysNothingAboutAnothersConnection) {
  for (const UserId& user :
       {world_.UserOf("acme", "ben"), world_.UserOf("globex", "ana")}) {
    EXPECT_EQ(ReasonOf(world_.connections
                           ->Get(connection_.tenant, user, connection_.id)
                           .status()),
              "RESOURCE_DENIED");
    EXPECT_EQ(ReasonOf(world_.connections
                           ->Revoke(*world_.directory(), connection_.tenant,
                                    user, connection_.id, "", "operator", "")
                           .status()),
              "RESOURCE_DENIED");
  }
  EXPECT_EQ(
      ReasonOf(world_.connections
                   ->Get(TenantId("globex"), connection_.user, connection_.id)
                   .status()),
      "RESOURCE_DENIED");
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kActive);
}

TEST_F(ConnectionAdminTest, RevokesHereBeforeTheProvider) {
  Connection seen;
  world_.http.SetHandler([&](const FakeHttpClient::Request& request) {
    EXPECT_EQ(request.url, "https://calendar.test/revoke");
    EXPECT_THAT(request.body, HasSubstr("token=rt-1"));
    seen = world_.Row(connection_);
    return FakeHttpClient::Response(200, "application/json", "");
  });
  auto revoked = Revoke();
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(seen.state, ConnectionState::kRevoked);
  EXPECT_EQ(revoked->upstream, Upstream::kRevoked);
  EXPECT_THAT(revoked->view.grants, IsEmpty());
  EXPECT_THAT(revoked->view.connection.sealed_refresh_token, IsEmpty());
  EXPECT_THAT(world_.Audit("connection.revoked"), SizeIs(1));
  EXPECT_THAT(world_.Audit("connection.revoked_upstream"), SizeIs(1));
}

TEST_F(ConnectionAdminTest, RevokesEvenIfTheProviderIsDown) {
  auto revoked = Revoke();
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->upstream, Upstream::kPending);
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kRevoked);
}

TEST_F(ConnectionAdminTest, TellsThatTheProviderKnowsNoRevocation) {
  world_.Change([](Directory& next) {
    Provider& provider = next.providers.at(ProviderId("calendar"));
    provider.revocation_style = RevocationStyle::kNone;
    provider.revocation_manual_url = "https://calendar.test/apps";
  });
  auto revoked = Revoke();
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->upstream, Upstream::kUnsupported);
  EXPECT_EQ(revoked->manual_url, "https://calendar.test/apps");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(ConnectionAdminTest, NeverLogsATokenThatStandsInAPath) {
  world_.Change([](Directory& next) {
    Provider& provider = next.providers.at(ProviderId("calendar"));
    provider.revocation_style = RevocationStyle::kPath;
    provider.revocation_url = "https://calendar.test/tokens/{token}";
  });
  std::string asked;
  world_.http.SetHandler([&](const FakeHttpClient::Request& request) {
    asked = request.url;
    return FakeHttpClient::Response(403, "application/json",
                                    R"({"error":"rt-1 is not yours"})");
  });
  ::testing::internal::CaptureStderr();
  auto revoked = Revoke();
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->upstream, Upstream::kFailed);
  EXPECT_EQ(asked, "https://calendar.test/tokens/rt-1");
  EXPECT_THAT(log, HasSubstr("revoke.upstream_failed"));
  EXPECT_THAT(log, Not(HasSubstr("rt-1")));
  for (const AuditEntry& entry : world_.Audit()) {
    EXPECT_THAT(entry.leaf, Not(HasSubstr("rt-1")));
  }
}

TEST_F(ConnectionAdminTest, ChangesNothingWhenRevokedTwice) {
  world_.http.AnswerJson(200, "");
  ASSERT_TRUE(Revoke().ok());
  const uint64_t version = world_.Row(connection_).version;
  auto again = Revoke();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->upstream, Upstream::kRevoked);
  EXPECT_EQ(world_.Row(connection_).version, version);
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(ConnectionAdminTest, SurvivesAChangeWhileTheProviderIsTold) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    Connection row = world_.Row(connection_);
    row.account_label = "renamed";
    world_.Put(row);
    return FakeHttpClient::Response(200, "application/json", "");
  });
  auto revoked = Revoke();
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->upstream, Upstream::kRevoked);
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
}

TEST_F(ConnectionAdminTest, AnswersEverybodyWhoRevokesAtOnce) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(200, "application/json", "");
  });
  std::vector<absl::Status> results(8);
  std::vector<std::thread> threads;
  for (absl::Status& result : results) {
    threads.emplace_back([this, &result] { result = Revoke().status(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) {
    EXPECT_EQ(result, absl::OkStatus());
  }
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
}

TEST_F(ConnectionAdminTest, FinishesARevocationThatWasCutOff) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    world_.store->FailCommits(errors::StorageFull());
    return FakeHttpClient::Response(200, "application/json", "");
  });
  EXPECT_EQ(ReasonOf(Revoke().status()), "STORAGE_FULL");
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kRevoked);
  world_.store->FailCommits(absl::OkStatus());
  world_.http.SetHandler(nullptr);
  world_.http.AnswerJson(200, "");
  ASSERT_TRUE(Revoke().ok());
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
}

TEST_F(ConnectionAdminTest, RevokesNothingItCannotWriteDown) {
  world_.FailAudit();
  EXPECT_EQ(ReasonOf(Revoke().status()), "STORAGE_FULL");
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kActive);
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

// --------------------------------------------------------------- everything --

class RevokeAllTest : public ConnectionAdminTest {
 protected:
  absl::StatusOr<std::vector<ConnectionAdmin::Revoked>> RevokeAll(
      absl::Duration patience) {
    return world_.connections->RevokeAll(
        *world_.directory(), connection_.tenant, connection_.user,
        "users/" + connection_.user.value, world_.clock.Now() + patience);
  }
  ConnectionState StateOf(const Connection& connection) {
    return world_.Row(connection).state;
  }

  Connection files_ = world_.Connect("acme", "ana", "calendar-bot", "files",
                                     ReadFiles(), "rt-2");
  Connection bens_ = world_.Connect("acme", "ben", "calendar-bot", "calendar",
                                    ReadCalendar(), "rt-3");
};

TEST_F(RevokeAllTest, EndsAllHereBeforeTheFirstProviderIsTold) {
  int told = 0;
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    ++told;
    EXPECT_EQ(StateOf(connection_), ConnectionState::kRevoked);
    EXPECT_EQ(StateOf(files_), ConnectionState::kRevoked);
    return FakeHttpClient::Response(200, "application/json", "");
  });
  auto revoked = RevokeAll(absl::Minutes(1));
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  ASSERT_THAT(*revoked, SizeIs(2));
  EXPECT_EQ((*revoked)[0].upstream, Upstream::kRevoked);
  EXPECT_GE(told, 1);
  EXPECT_EQ(StateOf(bens_), ConnectionState::kActive);
  auto again = RevokeAll(absl::Minutes(1));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(*again, IsEmpty());
}

TEST_F(RevokeAllTest, LeavesSlowProvidersToBeToldLater) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    world_.clock.Advance(absl::Minutes(1));
    return FakeHttpClient::Response(200, "application/json", "");
  });
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("files")) =
        next.providers.at(ProviderId("calendar"));
    next.providers.at(ProviderId("files")).id = ProviderId("files");
  });
  auto revoked = RevokeAll(absl::Seconds(1));
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  ASSERT_THAT(*revoked, SizeIs(2));
  EXPECT_EQ((*revoked)[0].upstream, Upstream::kRevoked);
  EXPECT_EQ((*revoked)[1].upstream, Upstream::kPending);
  EXPECT_EQ(StateOf(files_), ConnectionState::kRevoked);
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  world_.upstream->TellDue(*world_.directory());
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
  EXPECT_THAT(world_.Row(files_).sealed_refresh_token, IsEmpty());
}

TEST_F(ConnectionAdminTest, KnowsBeforehandWhetherAProviderCanBeTold) {
  auto can_tell = [&] {
    return world_.connections->CanTellProvider(*world_.directory(),
                                               world_.Row(connection_));
  };
  EXPECT_TRUE(can_tell());
  // What metadata adds is not known while nobody answers.
  world_.Change([](Directory& next) {
    Provider& calendar = next.providers.at(ProviderId("calendar"));
    calendar.revocation_style = RevocationStyle::kNone;
    calendar.discovery = true;
    calendar.issuer = "https://calendar.test";
  });
  EXPECT_TRUE(can_tell());
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).discovery = false;
  });
  EXPECT_FALSE(can_tell());
  world_.Change([](Directory& next) { next.providers.clear(); });
  EXPECT_FALSE(can_tell());
}

// ------------------------------------------------------------------- copies --

TEST_F(ConnectionAdminTest, KnowsUntilWhenCopiesWorkThatItHandedOut) {
  auto until = [&] {
    return world_.connections->CopiesUntil(*world_.directory(),
                                           world_.Row(connection_));
  };
  EXPECT_EQ(until(), absl::InfinitePast());
  world_.AnswerToken("at-1", "rt-2", ReadCalendar(), 600);
  auto token = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(token), nullptr) << token.status();
  EXPECT_GE(until(), world_.clock.Now() + absl::Seconds(600));
  EXPECT_LE(until(), world_.clock.Now() + absl::Seconds(660));
  // Taking the access away takes no copy back.
  ConnectionChange change;
  change.paused = true;
  ASSERT_TRUE(Update(change).ok());
  EXPECT_GE(until(), world_.clock.Now() + absl::Seconds(600));
  world_.http.AnswerJson(200, "");
  ASSERT_TRUE(Revoke().ok());
  EXPECT_GE(until(), world_.clock.Now() + absl::Seconds(600));
}

TEST_F(ConnectionAdminTest, BoundsCopiesThatAnEarlierLifeHandedOut) {
  world_.clock.Advance(absl::Hours(1));
  ConnectionAdmin later(world_.clock, *world_.store, *world_.upstream,
                        *world_.cache);
  const absl::Time start = world_.clock.Now();
  auto until = [&] {
    return later.CopiesUntil(*world_.directory(), world_.Row(connection_));
  };
  EXPECT_GE(until(), start + absl::Hours(24));
  EXPECT_LE(until(), start + absl::Hours(25));
  world_.clock.Advance(absl::Hours(25));
  EXPECT_EQ(until(), absl::InfinitePast());
  world_.Change([](Directory& next) { next.tokens.allow_long_lived = true; });
  EXPECT_EQ(until(), absl::InfiniteFuture());
}

}  // namespace
}  // namespace tokenvault
