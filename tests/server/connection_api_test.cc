#include "server/connection_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/errors.h"
#include "server/resource_names.h"
#include "tests/server/api_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

class ConnectionApiTest : public ::testing::Test {
 protected:
  ConnectionApiTest() {
    ana_ = world_.vault.Connect("acme", "ana", "calendar-bot", "calendar",
                                ReadScope());
    world_.vault.clock.Advance(absl::Seconds(1));
    foreign_ = world_.vault.Connect("globex", "ana", "globex-bot", "calendar",
                                    ReadScope());
  }

  static std::string NameOf(const Connection& connection) {
    return ConnectionName(connection.user, connection.id);
  }
  absl::StatusOr<v1::Connection> Get(const ApiCall& call,
                                     const std::string& name) {
    v1::GetConnectionRequest request;
    request.set_name(name);
    return world_.Call<v1::Connection>(
        world_.connections, &ConnectionApi::GetConnection, call, request);
  }
  absl::StatusOr<v1::ListConnectionsResponse> List(
      const ApiCall& call, const v1::ListConnectionsRequest& request) {
    return world_.Call<v1::ListConnectionsResponse>(
        world_.connections, &ConnectionApi::ListConnections, call, request);
  }
  absl::StatusOr<v1::Connection> Update(
      const v1::UpdateConnectionRequest& request) {
    return world_.Call<v1::Connection>(world_.connections,
                                       &ConnectionApi::UpdateConnection,
                                       world_.As("calendar-bot"), request);
  }
  absl::StatusOr<v1::ConnectSession> Connect(
      const v1::CreateConnectSessionRequest& request) {
    return world_.Call<v1::ConnectSession>(world_.connections,
                                           &ConnectionApi::CreateConnectSession,
                                           world_.As("calendar-bot"), request);
  }
  v1::CreateConnectSessionRequest ConnectRequest() {
    v1::CreateConnectSessionRequest request;
    request.set_parent(UserName(ana_.user));
    request.add_providers("providers/files");
    request.add_scopes("files.read");
    request.set_agent("agents/calendar-bot");
    return request;
  }

  ApiWorld world_;
  Connection ana_;
  Connection foreign_;
};

TEST_F(ConnectionApiTest, ShowsAConnectionToItsTenantsBackEnd) {
  auto found = Get(world_.As("calendar-bot"), NameOf(ana_));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->account_label(), "ana@calendar.test");
  EXPECT_EQ(found->agents(0).agent(), "agents/calendar-bot");
}

TEST_F(ConnectionApiTest, IsNotThereForOthers) {
  EXPECT_EQ(ReasonOf(Get(world_.As("mail-bot"), NameOf(ana_)).status()),
            "RESOURCE_DENIED");
  absl::Status foreign =
      Get(world_.As("calendar-bot"), NameOf(foreign_)).status();
  absl::Status missing =
      Get(world_.As("calendar-bot"), "users/u-none/connections/none").status();
  EXPECT_EQ(ReasonOf(foreign), "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(missing), "RESOURCE_DENIED");
  // Each of the three is in the log.
  std::vector<AuditEntry> denied = world_.vault.Audit("call.denied");
  ASSERT_EQ(denied.size(), 3);
  EXPECT_THAT(denied[1].leaf, HasSubstr(R"("actor":"agents/calendar-bot")"));
  EXPECT_THAT(denied[1].leaf, HasSubstr(R"("detail":"GetConnection")"));
}

TEST_F(ConnectionApiTest, ShowsOperatorsEveryTenant) {
  EXPECT_TRUE(Get(world_.AsOperator(), NameOf(ana_)).ok());
  EXPECT_TRUE(Get(world_.AsOperator(), NameOf(foreign_)).ok());
  v1::ListConnectionsRequest request;
  request.set_parent("users/-");
  EXPECT_EQ(List(world_.AsOperator(), request)->connections_size(), 2);
  EXPECT_EQ(List(world_.As("calendar-bot"), request)->connections_size(), 1);
}

TEST_F(ConnectionApiTest, PagesThroughTenantsWithoutALoss) {
  for (int i = 0; i < 3; ++i) {
    world_.vault.clock.Advance(absl::Seconds(1));
    world_.vault.Connect("globex", "ben", "globex-bot", "files",
                         {"https://files.test/read"});
  }
  v1::ListConnectionsRequest request;
  request.set_parent("users/-");
  for (int page_size : {1, 2, 3, 5, 10}) {
    request.set_page_size(page_size);
    request.clear_page_token();
    std::set<std::string> seen;
    int pages = 0;
    do {
      auto page = List(world_.AsOperator(), request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const auto& c : page->connections()) {
        EXPECT_TRUE(seen.insert(c.name()).second) << c.name();
      }
      request.set_page_token(page->next_page_token());
      ++pages;
    } while (!request.page_token().empty());
    EXPECT_EQ(seen.size(), 5);
    EXPECT_EQ(pages, (5 + page_size - 1) / page_size);
  }
}

TEST_F(ConnectionApiTest, FiltersByPersonProviderAndState) {
  v1::ListConnectionsRequest request;
  request.set_parent("users/-");
  auto count = [&](const std::string& filter) {
    request.set_filter(filter);
    auto page = List(world_.As("calendar-bot"), request);
    return page.ok() ? page->connections_size() : -1;
  };
  EXPECT_EQ(count("user_id = \"ana\""), 1);
  EXPECT_EQ(count("user_id = \"ben\""), 0);
  EXPECT_EQ(count("provider = \"providers/calendar\" AND state = ACTIVE"), 1);
  EXPECT_EQ(count("provider = \"providers/files\""), 0);
  EXPECT_EQ(count("state = PAUSED"), 0);
  EXPECT_EQ(count("state = REVOKED"), 0);
  EXPECT_EQ(count("state = ODD"), -1);
  EXPECT_EQ(count("color = \"red\""), -1);
}

TEST_F(ConnectionApiTest, ChangesWhatTheMaskNames) {
  v1::UpdateConnectionRequest request;
  request.mutable_connection()->set_name(NameOf(ana_));
  request.mutable_connection()->set_paused(true);
  request.mutable_connection()->set_account_label("not in the mask");
  request.mutable_update_mask()->add_paths("paused");
  auto changed = Update(request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->state(), v1::Connection::STATE_PAUSED);
  EXPECT_EQ(changed->account_label(), "ana@calendar.test");
}

TEST_F(ConnectionApiTest, RefusesAnUpdateOfAnOlderState) {
  v1::UpdateConnectionRequest request;
  request.mutable_connection()->set_name(NameOf(ana_));
  request.mutable_connection()->set_etag("old");
  request.mutable_connection()->set_paused(true);
  request.mutable_update_mask()->add_paths("paused");
  EXPECT_EQ(ReasonOf(Update(request).status()), "ETAG_MISMATCH");
}

TEST_F(ConnectionApiTest, RefusesMasksItDoesNotKnow) {
  v1::UpdateConnectionRequest request;
  request.mutable_connection()->set_name(NameOf(ana_));
  EXPECT_EQ(ReasonOf(Update(request).status()), "FIELD_INVALID");
  request.mutable_update_mask()->add_paths("granted_scopes");
  EXPECT_EQ(ReasonOf(Update(request).status()), "FIELD_INVALID");
}

TEST_F(ConnectionApiTest, RemovesAgentsAndAddsNone) {
  v1::UpdateConnectionRequest request;
  request.mutable_connection()->set_name(NameOf(ana_));
  request.mutable_connection()->add_agents()->set_agent("agents/mail-bot");
  request.mutable_update_mask()->add_paths("agents");
  EXPECT_EQ(ReasonOf(Update(request).status()), "FIELD_INVALID");
  request.mutable_connection()->clear_agents();
  auto changed = Update(request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->agents_size(), 0);
}

TEST_F(ConnectionApiTest, RevokesHereAndAtTheProvider) {
  world_.vault.http.AnswerJson(200, "{}");
  v1::RevokeConnectionRequest request;
  request.set_name(NameOf(ana_));
  auto revoked = world_.Call<v1::RevokeConnectionResponse>(
      world_.connections, &ConnectionApi::RevokeConnection,
      world_.As("calendar-bot"), request);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->connection().state(), v1::Connection::STATE_REVOKED);
  EXPECT_EQ(revoked->upstream(),
            v1::RevokeConnectionResponse::UPSTREAM_RESULT_REVOKED);
  ASSERT_EQ(world_.vault.http.requests().size(), 1);
  EXPECT_EQ(world_.vault.http.requests()[0].url,
            "https://calendar.test/revoke");
}

TEST_F(ConnectionApiTest, MakesALinkForAPerson) {
  auto session = Connect(ConnectRequest());
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_THAT(session->url(), HasSubstr("https://connect.test/c/"));
  EXPECT_FALSE(session->user_code().empty());
  EXPECT_TRUE(session->has_expire_time());
}

TEST_F(ConnectionApiTest, MakesNoLinkForWhatMayNotBe) {
  auto reason = [&](auto change) {
    v1::CreateConnectSessionRequest request = ConnectRequest();
    change(request);
    return ReasonOf(Connect(request).status());
  };
  using R = v1::CreateConnectSessionRequest;
  EXPECT_EQ(reason([](R& r) { r.set_parent("users/-"); }), "FIELD_INVALID");
  EXPECT_EQ(reason([](R& r) { r.add_providers("providers/calendar"); }),
            "FIELD_INVALID");
  EXPECT_EQ(reason([](R& r) { r.set_providers(0, "providers/none"); }),
            "RESOURCE_DENIED");
  EXPECT_EQ(reason([](R& r) { r.set_agent("agents/globex-bot"); }),
            "RESOURCE_DENIED");
  EXPECT_EQ(reason([](R& r) { r.set_agent("agents/mail-bot"); }),
            "POLICY_DENIED");
  EXPECT_EQ(reason([](R& r) { r.set_scopes(0, "files.raed"); }),
            "SCOPE_UNKNOWN");
  EXPECT_EQ(reason([](R& r) { r.set_return_uri("https://evil.test"); }),
            "FIELD_INVALID");
}

TEST_F(ConnectionApiTest, MakesALinkForAPersonWhoHasNoNameYet) {
  v1::CreateConnectSessionRequest request = ConnectRequest();
  request.mutable_subject()->set_user_id("cleo");
  EXPECT_EQ(MetadataOf(Connect(request).status(), "field"), "parent");
  request.set_parent("users/-");
  auto session = Connect(request);
  ASSERT_TRUE(session.ok()) << session.status();
  auto id = ReadInteractionName("name", session->name());
  ASSERT_TRUE(id.ok()) << id.status();
  auto asked = world_.vault.store->GetInteraction(TenantId("acme"), *id);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->user, world_.vault.UserOf("acme", "cleo"));
  EXPECT_TRUE(asked->confirmer.empty());
}

TEST_F(ConnectionApiTest, LetsAnApplicationConfirmWhereItMay) {
  v1::CreateConnectSessionRequest request = ConnectRequest();
  request.set_app_confirms(true);
  EXPECT_EQ(MetadataOf(Connect(request).status(), "field"), "app_confirms");
  EXPECT_EQ(MetadataOf(world_
                           .Call<v1::ConnectSession>(
                               world_.connections,
                               &ConnectionApi::CreateConnectSession,
                               world_.AsOperator(), request)
                           .status(),
                       "field"),
            "app_confirms");
  v1::CompleteConnectRequest complete;
  complete.set_name("interactions/none");
  complete.set_connect_code("code");
  const auto reason = [&] {
    return ReasonOf(world_
                        .Call<v1::Connection>(
                            world_.connections, &ConnectionApi::CompleteConnect,
                            world_.As("calendar-bot"), complete)
                        .status());
  };
  EXPECT_EQ(reason(), "RESOURCE_DENIED");

  auto next = std::make_shared<Directory>(*world_.vault.directory());
  Agent& agent = next->agents.at(AgentId("calendar-bot"));
  agent.may_confirm_people = true;
  agent.return_uris = {"https://app.test/back"};
  world_.vault.Reconfigure(next);
  EXPECT_EQ(MetadataOf(Connect(request).status(), "field"), "return_uri");
  request.set_return_uri("https://app.test/back");
  auto session = Connect(request);
  ASSERT_TRUE(session.ok()) << session.status();
  // Nobody is who they say they are.
  EXPECT_EQ(reason(), "FIELD_INVALID");
  complete.set_user_token("ana");
  EXPECT_EQ(reason(), "USER_TOKEN_INVALID");
}

}  // namespace
}  // namespace tokenvault
