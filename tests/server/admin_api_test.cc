#include "server/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "tests/server/api_world.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

class AdminApiTest : public ::testing::Test {
 protected:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(
      void (AdminApi::*method)(ApiCall, Request,
                               typename Answer<Response>::Done),
      const Request& request) {
    return world_.Call<Response>(world_.admin, method, world_.AsOperator(),
                                 request);
  }
  // Waits for the operation to end, by asking as a client does.
  v1::Operation Await(v1::Operation operation) {
    v1::GetOperationRequest request;
    request.set_name(operation.name());
    while (!operation.done()) {
      operation = *Call<v1::Operation>(&AdminApi::GetOperation, request);
    }
    return operation;
  }

  ApiWorld world_;
};

TEST_F(AdminApiTest, IsNotThereForAgents) {
  auto status = world_.Call<v1::Status>(world_.admin, &AdminApi::GetStatus,
                                        world_.As("calendar-bot"),
                                        v1::GetStatusRequest());
  EXPECT_EQ(ReasonOf(status.status()), "RESOURCE_DENIED");
}

TEST_F(AdminApiTest, SaysHowTheVaultIs) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  v1::GetStatusRequest request;
  request.set_deep(true);
  auto status = Call<v1::Status>(&AdminApi::GetStatus, request);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_TRUE(status->initialized());
  EXPECT_FALSE(status->sealed());
  EXPECT_EQ(status->version(), "9.9.9");
  EXPECT_EQ(status->key_generation(), 1);
  EXPECT_EQ(status->seal(), "file");
  EXPECT_EQ(status->config_generation(), "test-1");
  EXPECT_FALSE(status->config_changed_on_disk());
  EXPECT_EQ(status->integrity(), "ok");
  EXPECT_EQ(status->active_connections(), 1);
  EXPECT_EQ(status->providers(), 2);
  EXPECT_GT(status->storage_bytes(), 0);
}

TEST_F(AdminApiTest, RotatesTheMasterKey) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  auto started = Call<v1::Operation>(&AdminApi::RotateMasterKey,
                                     v1::RotateMasterKeyRequest());
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation ended = Await(*started);
  EXPECT_EQ(ended.error_reason(), "");
  EXPECT_EQ(ended.key_generation(), 2);
  EXPECT_EQ(ended.audit_event(),
            absl::StrCat("auditEvents/",
                         world_.vault.Audit("key.rotated")[0].sequence));
  auto keys = Call<v1::ListMasterKeysResponse>(&AdminApi::ListMasterKeys,
                                               v1::ListMasterKeysRequest());
  ASSERT_EQ(keys->keys_size(), 2);
  EXPECT_EQ(keys->keys(0).state(), v1::MasterKey::STATE_RETIRED);
  EXPECT_EQ(keys->keys(0).data_keys(), 0);
  EXPECT_EQ(keys->keys(1).state(), v1::MasterKey::STATE_ACTIVE);
  auto verifier = NoteVerifier::Parse(keys->proof_verifier());
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  EXPECT_TRUE(OpenNote(keys->keys(1).proof(), *verifier).ok());
}

TEST_F(AdminApiTest, OpensEverythingAndNamesWhatDoesNot) {
  Connection connection = world_.vault.Connect("acme", "ana", "calendar-bot",
                                               "calendar", ReadScope());
  v1::VerifyKeysRequest request;
  request.set_all_records(true);
  auto started = Call<v1::Operation>(&AdminApi::VerifyKeys, request);
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation ended = Await(*started);
  EXPECT_EQ(ended.error_reason(), "");
  EXPECT_EQ(ended.phase(), v1::Operation::PHASE_VERIFYING);
  EXPECT_EQ(ended.rows_done(), ended.rows_total());
  EXPECT_EQ(ended.records_opened(), 1);

  connection =
      *world_.vault.store->GetConnection(connection.tenant, connection.id);
  connection.sealed_refresh_token.back() ^= 1;
  WriteBatch batch;
  batch.Update(connection);
  ASSERT_EQ(world_.vault.store->Commit(std::move(batch)), absl::OkStatus());
  started = Call<v1::Operation>(&AdminApi::VerifyKeys, request);
  ASSERT_TRUE(started.ok()) << started.status();
  ended = Await(*started);
  EXPECT_EQ(ended.error_reason(), "SEAL_BROKEN");
  EXPECT_EQ(ended.broken_count(), 1);
  EXPECT_EQ(ended.broken(0), absl::StrCat("connections/", connection.id.value));
}

TEST_F(AdminApiTest, EndsConnectionsOnlyWhenToldWhose) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  v1::RevokeForIncidentRequest request;
  auto revoke = [&] {
    return Call<v1::Operation>(&AdminApi::RevokeForIncident, request);
  };
  EXPECT_EQ(ReasonOf(revoke().status()), "FIELD_INVALID");
  request.set_all(true);
  request.set_provider("providers/calendar");
  EXPECT_EQ(ReasonOf(revoke().status()), "FIELD_INVALID");
  request.set_all(false);
  request.set_validate_only(true);
  auto preview = revoke();
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->rows_total(), 1);
  request.set_validate_only(false);
  auto started = revoke();
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation ended = Await(*started);
  EXPECT_EQ(ended.phase(), v1::Operation::PHASE_REVOKING);
  EXPECT_EQ(ended.revocations().ended(), 1);
  // Nobody answers at the provider: it is told again.
  EXPECT_EQ(ended.revocations().pending(), 1);
}

TEST_F(AdminApiTest, ErasesThePersonWhoIsNamed) {
  const Connection connection = world_.vault.Connect(
      "acme", "ana", "calendar-bot", "calendar", ReadScope());
  v1::EraseUserRequest request;
  auto erase = [&] {
    return Call<v1::Operation>(&AdminApi::EraseUser, request);
  };
  EXPECT_EQ(ReasonOf(erase().status()), "FIELD_INVALID");
  request.set_user("users/-");
  EXPECT_EQ(ReasonOf(erase().status()), "FIELD_INVALID");
  request.set_user(absl::StrCat("users/", connection.user.value));
  request.set_user_id("ana");
  EXPECT_EQ(ReasonOf(erase().status()), "FIELD_INVALID");
  request.clear_user();
  request.set_validate_only(true);
  auto preview = erase();
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->erased().people(), 1);
  EXPECT_EQ(preview->erased().connections(), 1);
  request.set_validate_only(false);
  auto started = erase();
  ASSERT_TRUE(started.ok()) << started.status();
  const v1::Operation ended = Await(*started);
  EXPECT_EQ(ended.error_reason(), "");
  EXPECT_EQ(ended.phase(), v1::Operation::PHASE_SCRUBBING);
  EXPECT_EQ(ended.erased().people(), 1);
  EXPECT_EQ(ended.erased().agent_grants(), 1);
  EXPECT_EQ(ended.revocations().pending(), 1);
  EXPECT_EQ(ReasonOf(world_.vault.store
                         ->GetConnection(connection.tenant, connection.id)
                         .status()),
            "NOT_FOUND");
}

TEST_F(AdminApiTest, ReplacesTheDataKeysThatAreNamed) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  v1::RotateDataKeysRequest request;
  auto rotate = [&] {
    return Call<v1::Operation>(&AdminApi::RotateDataKeys, request);
  };
  EXPECT_EQ(ReasonOf(rotate().status()), "FIELD_INVALID");
  request.set_tenant("nowhere");
  EXPECT_EQ(ReasonOf(rotate().status()), "RESOURCE_DENIED");
  request.clear_tenant();
  request.set_user_id("nobody");
  EXPECT_EQ(ReasonOf(rotate().status()), "RESOURCE_DENIED");
  request.set_user_id("ana");
  auto started = rotate();
  ASSERT_TRUE(started.ok()) << started.status();
  const v1::Operation ended = Await(*started);
  EXPECT_EQ(ended.error_reason(), "");
  EXPECT_EQ(ended.phase(), v1::Operation::PHASE_RESEALING);
  EXPECT_EQ(ended.resealed().data_keys(), 1);
  EXPECT_EQ(ended.resealed().records(), 1);
}

TEST_F(AdminApiTest, FindsTheLeavesAboutAPerson) {
  for (const char* subject : {"ana", "ben"}) {
    AuditEvent event =
        EventAbout(world_.vault.Connect("acme", subject, "calendar-bot",
                                        "calendar", ReadScope()),
                   audit_kind::kConnectionChanged, "operator");
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, world_.vault.clock.Now()));
    ASSERT_EQ(world_.vault.store->Commit(std::move(batch)), absl::OkStatus());
  }
  const UserId ana = world_.vault.UserOf("acme", "ana");
  v1::ListAuditEventsRequest request;
  for (const std::string& filter :
       {absl::StrCat("user = \"users/", ana.value, "\""),
        std::string("action = \"connection.changed\" AND user_id = \"ana\"")}) {
    request.set_filter(filter);
    auto events =
        Call<v1::ListAuditEventsResponse>(&AdminApi::ListAuditEvents, request);
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->events_size(), 1) << filter;
    EXPECT_EQ(events->events(0).user(),
              absl::StrCat("users/", *world_.vault.store->GetPseudonym(
                                         TenantId("acme"), ana)));
  }
  request.set_filter("user_id = \"nobody\"");
  EXPECT_EQ(ReasonOf(Call<v1::ListAuditEventsResponse>(
                         &AdminApi::ListAuditEvents, request)
                         .status()),
            "RESOURCE_DENIED");
}

TEST_F(AdminApiTest, DestroysNoKeyThatIsInUse) {
  v1::DestroyMasterKeyRequest request;
  request.set_generation(1);
  EXPECT_EQ(
      ReasonOf(
          Call<v1::MasterKey>(&AdminApi::DestroyMasterKey, request).status()),
      "KEY_IN_USE");
  request.set_generation(9);
  EXPECT_EQ(
      ReasonOf(
          Call<v1::MasterKey>(&AdminApi::DestroyMasterKey, request).status()),
      "RESOURCE_DENIED");
}

TEST_F(AdminApiTest, MakesVerifiesListsAndForgetsABackup) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  v1::CreateBackupRequest create;
  create.set_path(world_.vault.folder.File("backup"));
  auto started = Call<v1::Operation>(&AdminApi::CreateBackup, create);
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation made = Await(*started);
  EXPECT_EQ(made.phase(), v1::Operation::PHASE_WRITING);
  EXPECT_EQ(made.error_reason(), "");
  EXPECT_EQ(made.backup().location(), create.path());
  EXPECT_FALSE(made.backup().has_verify_time());

  v1::VerifyBackupRequest verify;
  verify.set_path(create.path());
  started = Call<v1::Operation>(&AdminApi::VerifyBackup, verify);
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation verified = Await(*started);
  EXPECT_EQ(verified.backup().name(), made.backup().name());
  EXPECT_EQ(verified.records_opened(), 1);

  auto list = [&] {
    return *Call<v1::ListBackupsResponse>(&AdminApi::ListBackups,
                                          v1::ListBackupsRequest());
  };
  ASSERT_EQ(list().backups_size(), 1);
  EXPECT_TRUE(list().backups(0).has_verify_time());

  v1::ForgetBackupRequest forget;
  forget.set_name(made.backup().name());
  EXPECT_TRUE(
      Call<google::protobuf::Empty>(&AdminApi::ForgetBackup, forget).ok());
  EXPECT_EQ(list().backups_size(), 0);
  EXPECT_EQ(
      ReasonOf(Call<google::protobuf::Empty>(&AdminApi::ForgetBackup, forget)
                   .status()),
      "RESOURCE_DENIED");
}

TEST_F(AdminApiTest, SaysWhyABackupIsNone) {
  v1::VerifyBackupRequest verify;
  verify.set_path(world_.vault.folder.File("root.key"));
  auto started = Call<v1::Operation>(&AdminApi::VerifyBackup, verify);
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation verified = Await(*started);
  EXPECT_EQ(verified.error_reason(), "BACKUP_BROKEN");
  EXPECT_NE(verified.problem(), "");
  verify.set_path("root.key");
  EXPECT_EQ(
      ReasonOf(Call<v1::Operation>(&AdminApi::VerifyBackup, verify).status()),
      "BACKUP_PATH_INVALID");
}

TEST_F(AdminApiTest, OnlySaysHowMuchThereIsToDo) {
  v1::RotateMasterKeyRequest request;
  request.set_validate_only(true);
  auto preview = Call<v1::Operation>(&AdminApi::RotateMasterKey, request);
  ASSERT_TRUE(preview.ok()) << preview.status();
  auto keys = Call<v1::ListMasterKeysResponse>(&AdminApi::ListMasterKeys,
                                               v1::ListMasterKeysRequest());
  EXPECT_EQ(keys->keys_size(), 1);
}

TEST_F(AdminApiTest, MakesNoKeyWhenItShallOnlyFinish) {
  v1::RotateMasterKeyRequest request;
  request.set_rewrap_only(true);
  auto started = Call<v1::Operation>(&AdminApi::RotateMasterKey, request);
  ASSERT_TRUE(started.ok()) << started.status();
  v1::Operation ended = Await(*started);
  EXPECT_EQ(ended.error_reason(), "");
  EXPECT_EQ(ended.key_generation(), 1);
  auto keys = Call<v1::ListMasterKeysResponse>(&AdminApi::ListMasterKeys,
                                               v1::ListMasterKeysRequest());
  EXPECT_EQ(keys->keys_size(), 1);
}

TEST_F(AdminApiTest, TellsWhichProviderIsInDoubt) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  world_.vault.http.AnswerJson(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(
      ReasonOf(world_.GetToken("calendar-bot", ReadCalendarOf("ana")).status()),
      "PROVIDER_MISCONFIGURED");
  auto status = Call<v1::Status>(&AdminApi::GetStatus, v1::GetStatusRequest());
  ASSERT_TRUE(status.ok()) << status.status();
  ASSERT_EQ(status->failing_providers_size(), 1);
  EXPECT_EQ(status->failing_providers(0).name(), "providers/calendar");
  EXPECT_EQ(status->failing_providers(0).problem(), "invalid_client");
  EXPECT_EQ(status->failing_providers(0).since_time().seconds(),
            absl::ToUnixSeconds(world_.vault.clock.Now()));
  const RefreshCounts::Counts counts = world_.vault.refresher->counts().Get();
  EXPECT_THAT(counts,
              ElementsAre(Pair(Pair(ProviderId("calendar"),
                                    RefreshCounts::Result::kMisconfigured),
                               1)));
}

TEST_F(AdminApiTest, KnowsNoForeignOperation) {
  v1::GetOperationRequest request;
  request.set_name("operations/none");
  EXPECT_EQ(
      ReasonOf(Call<v1::Operation>(&AdminApi::GetOperation, request).status()),
      "RESOURCE_DENIED");
}

TEST_F(AdminApiTest, ListsProvidersWithTheirRedirectUris) {
  v1::ListProvidersRequest request;
  request.set_page_size(1);
  auto first =
      Call<v1::ListProvidersResponse>(&AdminApi::ListProviders, request);
  ASSERT_EQ(first->providers_size(), 1);
  EXPECT_EQ(first->providers(0).name(), "providers/calendar");
  EXPECT_TRUE(first->providers(0).narrows_scope());
  EXPECT_THAT(first->providers(0).redirect_uri(),
              HasSubstr("https://connect.test/cb/acme.calendar"));
  EXPECT_THAT(first->providers(0).redirect_uri(),
              HasSubstr("https://connect.test/cb/globex.calendar"));
  request.set_page_token(first->next_page_token());
  auto second =
      Call<v1::ListProvidersResponse>(&AdminApi::ListProviders, request);
  EXPECT_EQ(second->providers(0).name(), "providers/files");
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(AdminApiTest, ListsAgents) {
  auto agents = Call<v1::ListAgentsResponse>(&AdminApi::ListAgents,
                                             v1::ListAgentsRequest());
  ASSERT_EQ(agents->agents_size(), 3);
  EXPECT_EQ(agents->agents(0).name(), "agents/calendar-bot");
  EXPECT_EQ(agents->agents(0).identity(), SpiffeIdOf("calendar-bot"));
  EXPECT_EQ(agents->agents(0).tenant(), "acme");
}

TEST_F(AdminApiTest, StopsWhatItIsToldAndNothingElse) {
  const Connection connection = world_.vault.Connect(
      "acme", "ana", "calendar-bot", "calendar", ReadScope());
  world_.vault.AnswerToken("at-1", "rt-2", ReadScope());
  ASSERT_TRUE(world_.GetToken("calendar-bot", ReadCalendarOf("ana")).ok());
  const std::string user = "users/" + connection.user.value;
  for (const std::string& what :
       {std::string("vault"), std::string("agents/calendar-bot"), user,
        user + "/connections/" + connection.id.value,
        std::string("providers/calendar")}) {
    SCOPED_TRACE(what);
    v1::StopIssuanceRequest stop;
    stop.set_what(what);
    stop.set_why("a drill");
    auto stopped =
        Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop);
    ASSERT_TRUE(stopped.ok()) << stopped.status();
    EXPECT_EQ(stopped->stop().what(), what);
    EXPECT_EQ(stopped->stop().why(), "a drill");
    EXPECT_FALSE(stopped->already_stopped());
    EXPECT_EQ(
        ReasonOf(
            world_.GetToken("calendar-bot", ReadCalendarOf("ana")).status()),
        "ISSUANCE_STOPPED");
    stop.set_why("again");
    stopped = Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop);
    ASSERT_TRUE(stopped.ok()) << stopped.status();
    EXPECT_TRUE(stopped->already_stopped());
    EXPECT_EQ(stopped->stop().why(), "a drill");

    auto listed = Call<v1::ListStopsResponse>(&AdminApi::ListStops,
                                              v1::ListStopsRequest());
    ASSERT_EQ(listed->stops_size(), 1);
    EXPECT_EQ(listed->stops(0).what(), what);
    auto status =
        Call<v1::Status>(&AdminApi::GetStatus, v1::GetStatusRequest());
    ASSERT_EQ(status->stops_size(), 1);
    EXPECT_EQ(status->stops(0).what(), what);
    v1::ListLiveTokensRequest live;
    live.set_what(what);
    auto tokens =
        Call<v1::ListLiveTokensResponse>(&AdminApi::ListLiveTokens, live);
    ASSERT_EQ(tokens->tokens_size(), 1) << tokens.status();
    EXPECT_EQ(tokens->tokens(0).agent(), "agents/calendar-bot");
    EXPECT_EQ(tokens->tokens(0).account_label(), connection.account_label);
    EXPECT_EQ(tokens->tokens(0).connection(),
              user + "/connections/" + connection.id.value);
    EXPECT_TRUE(tokens->complete());

    v1::ResumeIssuanceRequest resume;
    resume.set_what(what);
    EXPECT_TRUE(
        Call<google::protobuf::Empty>(&AdminApi::ResumeIssuance, resume).ok());
    EXPECT_TRUE(world_.GetToken("calendar-bot", ReadCalendarOf("ana")).ok());
    EXPECT_EQ(ReasonOf(Call<google::protobuf::Empty>(&AdminApi::ResumeIssuance,
                                                     resume)
                           .status()),
              "RESOURCE_DENIED");
  }
}

TEST_F(AdminApiTest, FindsWhomToStopByTheirOwnId) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  v1::StopIssuanceRequest stop;
  stop.set_user_id("ana");
  auto stopped = Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->stop().what(),
            "users/" + world_.vault.UserOf("acme", "ana").value);
  EXPECT_EQ(stopped->stop().tenant(), "acme");
}

TEST_F(AdminApiTest, StopsNothingThatIsNotThere) {
  for (const char* what :
       {"agents/nobody", "providers/nowhere", "users/u-nobody",
        "users/u-nobody/connections/none"}) {
    v1::StopIssuanceRequest stop;
    stop.set_what(what);
    EXPECT_EQ(
        ReasonOf(Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop)
                     .status()),
        "RESOURCE_DENIED")
        << what;
  }
  for (const char* what :
       {"", "everything", "users/-", "agents/", "agents/a b"}) {
    v1::StopIssuanceRequest stop;
    stop.set_what(what);
    EXPECT_EQ(
        ReasonOf(Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop)
                     .status()),
        "FIELD_INVALID")
        << what;
  }
  EXPECT_THAT(world_.vault.Audit(), SizeIs(0));
  auto by_agent = world_.Call<v1::StopIssuanceResponse>(
      world_.admin, &AdminApi::StopIssuance, world_.As("calendar-bot"),
      v1::StopIssuanceRequest());
  EXPECT_EQ(ReasonOf(by_agent.status()), "RESOURCE_DENIED");
}

// When everything waits, everything can still be stopped.
TEST_F(AdminApiTest, StopsEverythingWithoutAThreadToSpare) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  for (int i = 0; i < TestVault::kThreads; ++i) {
    ASSERT_TRUE(world_.vault.pool->Submit([released] { released.wait(); }));
  }
  v1::StopIssuanceRequest stop;
  stop.set_what("vault");
  auto stopped = Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop);
  release.set_value();
  EXPECT_TRUE(stopped.ok()) << stopped.status();
}

TEST_F(AdminApiTest, GivesOfTheLogWhatFitsInAMessage) {
  for (int i = 0; i < 500; ++i) {
    AuditEvent event;
    event.kind = audit_kind::kTokenGranted;
    event.token_id = absl::StrCat("t-", i);
    event.purpose = std::string(800, 'x');
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, world_.vault.clock.Now()));
    ASSERT_TRUE(world_.vault.store->Commit(std::move(batch)).ok());
  }
  v1::ListAuditEventsRequest request;
  request.set_page_size(500);
  request.set_from_end(true);
  auto newest =
      Call<v1::ListAuditEventsResponse>(&AdminApi::ListAuditEvents, request);
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_LT(newest->ByteSizeLong(), size_t{256} << 10);
  EXPECT_EQ(newest->events().rbegin()->token_id(), "t-499");
  EXPECT_EQ(newest->looked_at(), newest->newest());
  request.set_from_end(false);
  int seen = 0;
  while (true) {
    auto page =
        Call<v1::ListAuditEventsResponse>(&AdminApi::ListAuditEvents, request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LT(page->ByteSizeLong(), size_t{256} << 10);
    for (const v1::AuditEvent& event : page->events()) {
      EXPECT_EQ(event.token_id(), absl::StrCat("t-", seen++));
    }
    if (page->looked_at() == page->newest()) break;
    request.set_page_token(page->next_page_token());
  }
  EXPECT_EQ(seen, 500);
}

TEST_F(AdminApiTest, ShowsWhichAgentIsDisabled) {
  v1::StopIssuanceRequest stop;
  stop.set_what("agents/mail-bot");
  ASSERT_TRUE(
      Call<v1::StopIssuanceResponse>(&AdminApi::StopIssuance, stop).ok());
  auto agents = Call<v1::ListAgentsResponse>(&AdminApi::ListAgents,
                                             v1::ListAgentsRequest());
  for (const v1::Agent& agent : agents->agents()) {
    EXPECT_EQ(agent.disabled(), agent.name() == "agents/mail-bot")
        << agent.name();
  }
}

TEST_F(AdminApiTest, ExplainsPolicyAndAuditsNothing) {
  v1::EvaluatePolicyRequest request;
  request.set_agent("agents/calendar-bot");
  request.mutable_request()->set_provider("providers/calendar");
  request.mutable_request()->add_scopes("calendar.write");
  auto response =
      Call<v1::EvaluatePolicyResponse>(&AdminApi::EvaluatePolicy, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->effect(), v1::EvaluatePolicyResponse::EFFECT_DENY);
  EXPECT_EQ(response->rule(), "no-writes");
  EXPECT_THAT(response->trace(), SizeIs(3));
  EXPECT_THAT(world_.vault.Audit(), SizeIs(0));
  request.set_agent("agents/none");
  EXPECT_EQ(ReasonOf(Call<v1::EvaluatePolicyResponse>(&AdminApi::EvaluatePolicy,
                                                      request)
                         .status()),
            "RESOURCE_DENIED");
}

// What policy says of calendar-bot, Ana and one scope, after `change` to the
// one rule there is and to the request.
class ExplainedPolicyTest : public AdminApiTest {
 protected:
  ExplainedPolicyTest() {
    rule_.id = "rule";
    rule_.effect = Effect::kAllow;
    rule_.any_scope = true;
    request_.set_agent("agents/calendar-bot");
    request_.mutable_request()->set_provider("providers/calendar");
    request_.mutable_request()->add_scopes("calendar.read");
    request_.mutable_request()->mutable_subject()->set_user_id("ana");
  }
  absl::StatusOr<v1::EvaluatePolicyResponse> Explain() {
    auto next = DirectoryForTests();
    next->policy = Policy({rule_});
    world_.vault.Reconfigure(next);
    return Call<v1::EvaluatePolicyResponse>(&AdminApi::EvaluatePolicy,
                                            request_);
  }
  v1::EvaluatePolicyResponse::Effect Effected() {
    auto response = Explain();
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->effect()
                         : v1::EvaluatePolicyResponse::EFFECT_UNSPECIFIED;
  }

  static constexpr auto kAllow = v1::EvaluatePolicyResponse::EFFECT_ALLOW;
  static constexpr auto kDeny = v1::EvaluatePolicyResponse::EFFECT_DENY;
  PolicyRule rule_;
  v1::EvaluatePolicyRequest request_;
};

TEST_F(ExplainedPolicyTest, LooksAtWhatItIsToldOfThePerson) {
  rule_.persons = {"ana"};
  EXPECT_EQ(Effected(), kAllow);
  request_.mutable_request()->mutable_subject()->set_user_id("ben");
  EXPECT_EQ(Effected(), kDeny);
  rule_.persons.clear();
  rule_.groups = {"staff"};
  EXPECT_EQ(Effected(), kDeny);
  request_.mutable_groups()->add_names("staff");
  EXPECT_EQ(Effected(), kAllow);
  request_.mutable_groups()->clear_names();
  EXPECT_EQ(Effected(), kDeny);
}

TEST_F(ExplainedPolicyTest, LooksAtWhenAndWhere) {
  rule_.networks = {*Cidr::Parse("10.0.0.0/8")};
  EXPECT_EQ(Effected(), kDeny);
  request_.set_address("10.1.2.3");
  EXPECT_EQ(Effected(), kAllow);
  request_.set_address("nowhere");
  EXPECT_EQ(ReasonOf(Explain().status()), "FIELD_INVALID");
  request_.clear_address();
  rule_.networks.clear();
  rule_.hours = PolicyHours();
  rule_.hours->days.set();
  rule_.hours->from = 8 * 60;
  rule_.hours->to = 9 * 60;
  rule_.hours->zone = absl::UTCTimeZone();
  request_.mutable_time()->set_seconds(8 * 3600 + 60);
  EXPECT_EQ(Effected(), kAllow);
  request_.mutable_time()->set_seconds(9 * 3600);
  EXPECT_EQ(Effected(), kDeny);
}

TEST_F(ExplainedPolicyTest, SaysHowAPersonWouldBeAsked) {
  rule_.effect = Effect::kRequireApproval;
  rule_.approval.task = true;
  rule_.approval.approvers = {"boss"};
  rule_.max_lifetime = absl::Minutes(10);
  auto response = Explain();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->effect(),
            v1::EvaluatePolicyResponse::EFFECT_REQUIRE_APPROVAL);
  EXPECT_EQ(response->approval().expires().seconds(), 300);
  EXPECT_THAT(response->approval().reach(),
              testing::ElementsAre("once", "task"));
  EXPECT_THAT(response->approval().approvers(), testing::ElementsAre("boss"));
  EXPECT_EQ(response->max_lifetime().seconds(), 600);
  EXPECT_EQ(response->lifetime_rule(), "rule");
  ASSERT_EQ(response->rules_size(), 1);
  EXPECT_TRUE(response->rules(0).matched());
}

TEST_F(ExplainedPolicyTest, SaysWhatIsLeftOfABudgetAndSpendsNothing) {
  rule_.budget = Budget{5, absl::Hours(1), BudgetOf::kPerson};
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  WriteBatch batch;
  WriteBatch::Spend spend;
  spend.tenant = TenantId("acme");
  spend.rule = "rule";
  spend.user = world_.vault.UserOf("acme", "ana");
  spend.window_start = WindowStart(*rule_.budget, world_.vault.clock.Now());
  spend.window = absl::Hours(1);
  spend.most = 5;
  batch.Count(spend);
  batch.Count(spend);
  ASSERT_EQ(world_.vault.store->Commit(std::move(batch)), absl::OkStatus());
  for (int look = 0; look < 2; ++look) {
    auto response = Explain();
    ASSERT_TRUE(response.ok()) << response.status();
    ASSERT_EQ(response->budgets_size(), 1);
    EXPECT_EQ(response->budgets(0).left(), 3);
    EXPECT_EQ(response->budgets(0).of(), "person");
  }
  request_.mutable_request()->mutable_subject()->set_user_id("ben");
  EXPECT_EQ(Explain()->budgets(0).left(), 5);
  request_.mutable_request()->clear_subject();
  EXPECT_FALSE(Explain()->budgets(0).has_left());
  world_.vault.clock.Advance(absl::Hours(1));
  request_.mutable_request()->mutable_subject()->set_user_id("ana");
  EXPECT_EQ(Explain()->budgets(0).left(), 5);
}

TEST_F(ExplainedPolicyTest, ListsTheRulesInForce) {
  rule_.agent = AgentId("calendar-bot");
  rule_.networks = {*Cidr::Parse("10.0.0.0/8"), *Cidr::Parse("fd00::/8")};
  rule_.budget = Budget{5, absl::Hours(1), BudgetOf::kAll};
  PolicyRule other;
  other.id = "another";
  other.any_scope = true;
  auto next = DirectoryForTests();
  next->policy = Policy({rule_, other});
  world_.vault.Reconfigure(next);
  v1::ListPoliciesRequest request;
  request.set_page_size(1);
  auto page = Call<v1::ListPoliciesResponse>(&AdminApi::ListPolicies, request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->policies_size(), 1);
  EXPECT_EQ(page->policies(0).name(), "policies/another");
  EXPECT_EQ(page->policies(0).effect(), v1::POLICY_EFFECT_DENY);
  request.set_page_token(page->next_page_token());
  page = Call<v1::ListPoliciesResponse>(&AdminApi::ListPolicies, request);
  ASSERT_EQ(page->policies_size(), 1);
  EXPECT_EQ(page->next_page_token(), "");
  const v1::PolicyRule& listed = page->policies(0);
  EXPECT_EQ(listed.name(), "policies/rule");
  EXPECT_EQ(listed.agent(), "agents/calendar-bot");
  EXPECT_THAT(listed.scopes(), testing::ElementsAre("*"));
  EXPECT_THAT(listed.networks(),
              testing::ElementsAre("10.0.0.0/8", "fd00::/8"));
  EXPECT_EQ(listed.budget().tokens(), 5);
  EXPECT_EQ(listed.budget().of(), "all");
}

TEST_F(AdminApiTest, FollowsTheAuditLog) {
  auto list = [&](v1::ListAuditEventsRequest request) {
    return *Call<v1::ListAuditEventsResponse>(&AdminApi::ListAuditEvents,
                                              request);
  };
  for (int i = 0; i < 3; ++i) {
    world_.GetToken("nobody-bot", ReadCalendarOf("ana")).IgnoreError();
  }
  v1::ListAuditEventsRequest request;
  request.set_page_size(2);
  auto first = list(request);
  ASSERT_EQ(first.events_size(), 2);
  request.set_page_token(first.next_page_token());
  auto second = list(request);
  ASSERT_EQ(second.events_size(), 1);
  EXPECT_EQ(second.events(0).action(), "agent.refused");
  request.set_page_token(second.next_page_token());
  auto nothing_yet = list(request);
  EXPECT_EQ(nothing_yet.events_size(), 0);
  ASSERT_NE(nothing_yet.next_page_token(), "");
  world_.GetToken("mail-bot", ReadCalendarOf("ana")).IgnoreError();
  request.set_page_token(nothing_yet.next_page_token());
  auto later = list(request);
  ASSERT_EQ(later.events_size(), 1);
  EXPECT_EQ(later.events(0).action(), "token.denied");

  v1::ListAuditEventsRequest filtered;
  filtered.set_filter("action = \"token.denied\"");
  EXPECT_EQ(list(filtered).events_size(), 1);
  v1::ListAuditEventsRequest newest;
  newest.set_from_end(true);
  newest.set_page_size(1);
  EXPECT_EQ(list(newest).events(0).action(), "token.denied");
}

TEST_F(AdminApiTest, RefusesPageTokensItDidNotMake) {
  v1::ListAuditEventsRequest request;
  request.set_page_token("MTp4");
  EXPECT_EQ(ReasonOf(Call<v1::ListAuditEventsResponse>(
                         &AdminApi::ListAuditEvents, request)
                         .status()),
            "FIELD_INVALID");
}

TEST_F(AdminApiTest, AuditsAReload) {
  auto reloaded = Call<v1::ReloadConfigResponse>(&AdminApi::ReloadConfig,
                                                 v1::ReloadConfigRequest());
  ASSERT_TRUE(reloaded.ok()) << reloaded.status();
  EXPECT_EQ(reloaded->config_generation(), "test-1");
  ASSERT_THAT(world_.vault.Audit("config.reloaded"), SizeIs(1));
  EXPECT_THAT(world_.vault.Audit("config.reloaded")[0].leaf,
              HasSubstr("\"actor\":\"operator\""));
  v1::ReloadConfigRequest only_look;
  only_look.set_validate_only(true);
  ASSERT_TRUE(
      Call<v1::ReloadConfigResponse>(&AdminApi::ReloadConfig, only_look).ok());
  EXPECT_THAT(world_.vault.Audit("config.reloaded"), SizeIs(1));
}

TEST_F(AdminApiTest, KeepsTheConfigurationThatItCannotAudit) {
  world_.vault.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(Call<v1::ReloadConfigResponse>(&AdminApi::ReloadConfig,
                                                    v1::ReloadConfigRequest())
                         .status()),
            "AUDIT_UNAVAILABLE");
}

TEST_F(AdminApiTest, TestsAProvider) {
  HttpResponse greeting = FakeHttpClient::Response(405, "text/plain", "");
  greeting.headers.emplace_back(
      "Date", absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT",
                               world_.vault.clock.Now() + absl::Minutes(5),
                               absl::UTCTimeZone()));
  greeting.certificate_end_time =
      world_.vault.clock.Now() + absl::Hours(61 * 24 + 1);
  world_.vault.http.Answer(std::move(greeting));
  world_.vault.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  v1::TestProviderRequest request;
  request.set_name("providers/calendar");
  auto response =
      Call<v1::TestProviderResponse>(&AdminApi::TestProvider, request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->checks_size(), 4);
  EXPECT_TRUE(response->checks(0).ok());
  EXPECT_THAT(response->checks(0).detail(),
              HasSubstr("calendar.test, certificate valid 61 days"));
  EXPECT_EQ(response->checks(1).id(), "clock");
  EXPECT_FALSE(response->checks(1).ok());
  EXPECT_THAT(response->checks(1).detail(), HasSubstr("300 s behind"));
  EXPECT_THAT(response->checks(2).detail(), HasSubstr("/cb/acme.calendar"));
  EXPECT_TRUE(response->checks(3).ok());
}

TEST_F(AdminApiTest, SaysWhenAProviderCannotBeReached) {
  world_.vault.http.Answer(
      errors::ProviderUnreachable("calendar.test", "tls", false));
  world_.vault.http.Answer(
      errors::ProviderUnreachable("calendar.test", "tls", false));
  v1::TestProviderRequest request;
  request.set_name("providers/calendar");
  auto response =
      Call<v1::TestProviderResponse>(&AdminApi::TestProvider, request);
  ASSERT_TRUE(response.ok()) << response.status();
  for (int i : {0, 3}) {
    EXPECT_FALSE(response->checks(i).ok());
    EXPECT_FALSE(response->checks(i).skipped());
    EXPECT_THAT(response->checks(i).fix(), HasSubstr("[egress]"));
  }
  EXPECT_TRUE(response->checks(1).skipped());
}

TEST_F(AdminApiTest, FindsAWrongClientSecret) {
  world_.vault.http.AnswerJson(405, "");
  world_.vault.http.AnswerJson(401, R"({"error":"invalid_client"})");
  v1::TestProviderRequest request;
  request.set_name("providers/calendar");
  auto response =
      Call<v1::TestProviderResponse>(&AdminApi::TestProvider, request);
  const auto& check = response->checks(3);
  EXPECT_EQ(check.id(), "client_secret");
  EXPECT_FALSE(check.ok());
  EXPECT_FALSE(check.skipped());
  EXPECT_THAT(check.fix(), HasSubstr("client_secret_file"));
}

class ProviderTestTest : public AdminApiTest {
 protected:
  v1::TestProviderResponse TestProvider() {
    v1::TestProviderRequest request;
    request.set_name("providers/calendar");
    auto response =
        Call<v1::TestProviderResponse>(&AdminApi::TestProvider, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return *response;
  }
  // Of a test in which the authorize endpoint answers so to every address.
  v1::TestProviderResponse::Check RedirectCheck(
      std::function<HttpResponse(const std::string& url)> answer) {
    world_.vault.http.SetHandler([answer = std::move(answer)](
                                     const FakeHttpClient::Request& request)
                                     -> absl::StatusOr<HttpResponse> {
      if (absl::StartsWith(request.url, "https://calendar.test/authorize")) {
        return answer(request.url);
      }
      return FakeHttpClient::Response(400, "application/json",
                                      R"({"error":"invalid_grant"})");
    });
    return TestProvider().checks(2);
  }
};

TEST_F(ProviderTestTest, FailsAProviderWhoseCertificateIsAboutToExpire) {
  for (absl::Duration left : {absl::Hours(6 * 24), -absl::Hours(1)}) {
    HttpResponse greeting = FakeHttpClient::Response(405, "text/plain", "");
    greeting.certificate_end_time = world_.vault.clock.Now() + left;
    world_.vault.http.Answer(std::move(greeting));
    const auto check = TestProvider().checks(0);
    EXPECT_EQ(check.id(), "discovery");
    EXPECT_FALSE(check.ok());
    EXPECT_FALSE(check.skipped());
    EXPECT_THAT(check.detail(), HasSubstr("certificate"));
    EXPECT_THAT(check.fix(), HasSubstr("renew"));
  }
}

TEST_F(ProviderTestTest, FailsARedirectUriThatTheProviderRefuses) {
  const auto check = RedirectCheck([](const std::string&) {
    return FakeHttpClient::Response(400, "text/html",
                                    "<p>Error: redirect_uri_mismatch</p>");
  });
  EXPECT_FALSE(check.ok());
  EXPECT_FALSE(check.skipped());
  EXPECT_THAT(check.detail(),
              HasSubstr("https://connect.test/cb/acme.calendar"));
  EXPECT_THAT(check.fix(), HasSubstr("register"));
}

TEST_F(ProviderTestTest, FailsOnlyTheRedirectUriThatIsRefused) {
  const auto check = RedirectCheck([](const std::string& url) {
    if (absl::StrContains(url, "globex")) {
      return FakeHttpClient::Response(
          403, "text/html", "The redirect URL is not one of this app's.");
    }
    return FakeHttpClient::Response(200, "text/html", "Sign in");
  });
  EXPECT_FALSE(check.ok());
  EXPECT_FALSE(check.skipped());
  EXPECT_THAT(check.detail(), HasSubstr("/cb/globex.calendar"));
  EXPECT_THAT(check.detail(), Not(HasSubstr("/cb/acme.calendar")));
}

TEST_F(ProviderTestTest, TakesAnAnswerToTheRedirectUriForAYes) {
  const auto check = RedirectCheck([](const std::string& url) {
    HttpResponse answer = FakeHttpClient::Response(302, "text/html", "");
    const char* tenant = absl::StrContains(url, "globex") ? "globex" : "acme";
    answer.headers.emplace_back("Location",
                                absl::StrCat("https://connect.test/cb/", tenant,
                                             ".calendar?error=login_required"));
    return answer;
  });
  EXPECT_TRUE(check.ok()) << check.detail();
}

TEST_F(ProviderTestTest, MakesNothingOfASignInPage) {
  for (int status : {200, 302, 400, 503}) {
    const auto check = RedirectCheck([status](const std::string& url) {
      HttpResponse answer = FakeHttpClient::Response(
          status, "text/html",
          absl::StrCat("<a href='/login?back=", url, "'>"));
      answer.headers.emplace_back("Location", "https://calendar.test/login");
      return answer;
    });
    EXPECT_TRUE(check.skipped()) << status;
    EXPECT_THAT(check.detail(), HasSubstr("register exactly this"));
  }
}

class CaptureFixtureTest : public AdminApiTest {
 protected:
  v1::CaptureFixtureResponse Capture() {
    v1::CaptureFixtureRequest request;
    request.set_name("providers/calendar");
    auto fixture =
        Call<v1::CaptureFixtureResponse>(&AdminApi::CaptureFixture, request);
    EXPECT_TRUE(fixture.ok()) << fixture.status();
    return *fixture;
  }
};

TEST_F(CaptureFixtureTest, ShowsWhatTheEndpointsAnswer) {
  world_.vault.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  world_.vault.http.AnswerJson(
      400, R"({"error":"invalid_request","error_description":"no such code"})");
  world_.vault.http.Answer(
      FakeHttpClient::Response(503, "text/html", "<h1>Sorry</h1>"));
  const v1::CaptureFixtureResponse fixture = Capture();
  EXPECT_EQ(fixture.provider(), "providers/calendar");
  EXPECT_EQ(fixture.preset(), "test");
  ASSERT_EQ(fixture.exchanges_size(), 4);
  EXPECT_EQ(fixture.exchanges(0).id(), "discovery");
  EXPECT_EQ(fixture.exchanges(0).method(), "");
  EXPECT_NE(fixture.exchanges(0).problem(), "");
  EXPECT_EQ(fixture.exchanges(1).id(), "refresh");
  EXPECT_EQ(fixture.exchanges(1).method(), "POST");
  EXPECT_EQ(fixture.exchanges(1).url(), "https://calendar.test/token");
  EXPECT_EQ(fixture.exchanges(1).status(), 400);
  EXPECT_EQ(fixture.exchanges(1).content_type(), "application/json");
  EXPECT_EQ(fixture.exchanges(1).body(), R"({"error":"invalid_grant"})");
  EXPECT_EQ(fixture.exchanges(2).id(), "code");
  EXPECT_EQ(fixture.exchanges(2).body(),
            R"({"error":"invalid_request","error_description":"<string 12>"})");
  EXPECT_EQ(fixture.exchanges(3).id(), "revocation");
  EXPECT_EQ(fixture.exchanges(3).url(), "https://calendar.test/revoke");
  EXPECT_EQ(fixture.exchanges(3).body(), "<text/html, 14 bytes>");
}

// A server that tells all it was sent, and a token besides.
TEST_F(CaptureFixtureTest, NeverShowsASecret) {
  world_.vault.http.SetHandler([](const FakeHttpClient::Request& request) {
    const std::string told = absl::StrCat(request.body, request.authorization,
                                          "client-secret", "ya29.planted");
    HttpResponse answer = FakeHttpClient::Response(
        200, "application/json",
        nlohmann::json({{"access_token", told}, {told, "x"}}).dump());
    answer.headers.emplace_back("WWW-Authenticate", told);
    answer.headers.emplace_back("Set-Cookie", told);
    return answer;
  });
  const std::string shown = Capture().DebugString();
  EXPECT_GT(world_.vault.http.requests().size(), 2);
  for (const char* secret : {"client-secret", "planted"}) {
    EXPECT_THAT(shown, Not(HasSubstr(secret)));
  }
}

TEST_F(CaptureFixtureTest, SaysWhyThereIsNoAnswer) {
  const v1::CaptureFixtureResponse fixture = Capture();
  for (const v1::CapturedExchange& exchange : fixture.exchanges()) {
    EXPECT_EQ(exchange.status(), 0);
    EXPECT_NE(exchange.problem(), "");
  }
}

TEST_F(CaptureFixtureTest, AsksForTheMetadataAnew) {
  auto next = std::make_shared<Directory>(*world_.vault.directory());
  Provider& provider = next->providers[ProviderId("calendar")];
  provider.discovery = true;
  provider.issuer = "https://calendar.test";
  provider.token_url.clear();
  world_.vault.Reconfigure(std::move(next));
  for (int i = 0; i < 2; ++i) {
    world_.vault.http.AnswerJson(200, R"({"issuer":"https://calendar.test",
        "authorization_endpoint":"https://calendar.test/a",
        "token_endpoint":"https://calendar.test/t",
        "code_challenge_methods_supported":["S256"]})");
    for (int j = 0; j < 3; ++j) {
      world_.vault.http.AnswerJson(400, R"({"error":"invalid_grant"})");
    }
    const v1::CaptureFixtureResponse fixture = Capture();
    EXPECT_EQ(fixture.exchanges(0).method(), "GET");
    EXPECT_THAT(fixture.exchanges(0).body(),
                HasSubstr(R"("token_endpoint":"https://calendar.test/t")"));
    EXPECT_EQ(fixture.exchanges(1).url(), "https://calendar.test/t");
  }
}

TEST_F(CaptureFixtureTest, KnowsNoOtherProviders) {
  v1::CaptureFixtureRequest request;
  request.set_name("providers/none");
  EXPECT_EQ(ReasonOf(Call<v1::CaptureFixtureResponse>(&AdminApi::CaptureFixture,
                                                      request)
                         .status()),
            "RESOURCE_DENIED");
}

TEST_F(AdminApiTest, SealsForEverybodyButTheOperator) {
  auto sealed = Call<v1::Status>(&AdminApi::Seal, v1::SealRequest());
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_TRUE(sealed->sealed());
  EXPECT_EQ(sealed->keys_in_memory(), 0);
  EXPECT_EQ(sealed->seal(), "");
  v1::GetScopedTokenRequest ask;
  ask.set_provider("providers/calendar");
  ask.mutable_subject()->set_user_id("ana");
  ask.add_scopes("calendar.read");
  EXPECT_EQ(ReasonOf(world_.GetToken("calendar-bot", ask).status()),
            "VAULT_SEALED");
  auto status = Call<v1::Status>(&AdminApi::GetStatus, v1::GetStatusRequest());
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_TRUE(status->sealed());
  auto opened = Call<v1::Status>(&AdminApi::Unseal, v1::UnsealRequest());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_FALSE(opened->sealed());
  EXPECT_EQ(opened->seal(), "file");
  EXPECT_TRUE(world_.GetToken("calendar-bot", ask).ok());
}

TEST_F(AdminApiTest, WantsToKnowWhoseAPassphraseIs) {
  v1::UnsealRequest request;
  request.set_passphrase("correct horse");
  EXPECT_EQ(ReasonOf(Call<v1::Status>(&AdminApi::Unseal, request).status()),
            "FIELD_INVALID");
  request.set_source("rootSources/file");
  EXPECT_EQ(ReasonOf(Call<v1::Status>(&AdminApi::Unseal, request).status()),
            "FIELD_INVALID");
  request.set_passphrase(std::string(1025, 'a'));
  EXPECT_EQ(ReasonOf(Call<v1::Status>(&AdminApi::Unseal, request).status()),
            "FIELD_INVALID");
}

TEST_F(AdminApiTest, AddsAndRemovesRootSources) {
  v1::AddRootSourceRequest add;
  add.set_name("rootSources/second");
  auto added = Call<v1::RootSource>(&AdminApi::AddRootSource, add);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_TRUE(added->opens());
  EXPECT_THAT(added->generations(), testing::ElementsAre(1));
  auto listed = Call<v1::ListRootSourcesResponse>(&AdminApi::ListRootSources,
                                                  v1::ListRootSourcesRequest());
  ASSERT_EQ(listed->sources_size(), 2);
  EXPECT_EQ(listed->sources(0).type(), "file");
  v1::RemoveRootSourceRequest remove;
  remove.set_name("rootSources/second");
  EXPECT_TRUE(
      Call<google::protobuf::Empty>(&AdminApi::RemoveRootSource, remove).ok());
  remove.set_name("rootSources/file");
  EXPECT_EQ(ReasonOf(Call<google::protobuf::Empty>(&AdminApi::RemoveRootSource,
                                                   remove)
                         .status()),
            "ROOT_SOURCE_NEEDED");
}

TEST_F(AdminApiTest, SaysHowFarTheAuditLogIs) {
  world_.GetToken("nobody-bot", ReadCalendarOf("ana")).IgnoreError();
  ASSERT_TRUE(world_.log.checkpoints.Make().ok());
  auto log =
      Call<v1::AuditLog>(&AdminApi::GetAuditLog, v1::GetAuditLogRequest());
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->size(), 1);
  EXPECT_EQ(log->checkpoint_size(), 1);
  EXPECT_THAT(log->key(), ::testing::StartsWith(log->origin() + "+"));
  EXPECT_THAT(log->checkpoint(),
              ::testing::StartsWith(log->origin() + "\n1\n"));
}

TEST_F(AdminApiTest, VerifiesProvesAndExportsTheAuditLog) {
  for (int i = 0; i < 3; ++i) {
    world_.GetToken("nobody-bot", ReadCalendarOf("ana")).IgnoreError();
  }
  auto verified = Call<v1::VerifyAuditLogResponse>(&AdminApi::VerifyAuditLog,
                                                   v1::VerifyAuditLogRequest());
  ASSERT_TRUE(verified.ok()) << verified.status();
  v1::GetOperationRequest look;
  look.set_name(verified->operation().name());
  v1::Operation ended;
  while (!ended.done()) {
    ended = *Call<v1::Operation>(&AdminApi::GetOperation, look);
  }
  EXPECT_EQ(ended.error_reason(), "");
  EXPECT_EQ(ended.rows_done(), 3);
  EXPECT_EQ(ended.checkpoints_checked(), 1);

  v1::ProveAuditEventRequest prove;
  prove.set_name("auditEvents/2");
  auto proof = Call<v1::AuditProof>(&AdminApi::ProveAuditEvent, prove);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_THAT(proof->proof(), ::testing::StartsWith("c2sp.org/tlog-proof@v1"));

  v1::ExportAuditLogRequest part;
  part.set_from("auditEvents/2");
  part.set_to("auditEvents/2");
  auto piece =
      Call<v1::ExportAuditLogResponse>(&AdminApi::ExportAuditLog, part);
  ASSERT_TRUE(piece.ok()) << piece.status();
  EXPECT_EQ(piece->leaves_total(), 1);
  EXPECT_EQ(piece->next_page_token(), "");
}

TEST_F(AdminApiTest, RefusesWhatIsNoPartOfTheAuditLog) {
  world_.GetToken("nobody-bot", ReadCalendarOf("ana")).IgnoreError();
  v1::ProveAuditEventRequest prove;
  for (const auto& [name, reason] :
       {std::pair<const char*, const char*>{"auditEvents/9", "RESOURCE_DENIED"},
        {"auditEvents/0", "FIELD_INVALID"},
        {"auditEvents/01", "FIELD_INVALID"},
        {"9", "FIELD_INVALID"}}) {
    prove.set_name(name);
    EXPECT_EQ(
        ReasonOf(
            Call<v1::AuditProof>(&AdminApi::ProveAuditEvent, prove).status()),
        reason)
        << name;
  }
  v1::ExportAuditLogRequest part;
  part.set_to("auditEvents/9");
  EXPECT_EQ(
      ReasonOf(Call<v1::ExportAuditLogResponse>(&AdminApi::ExportAuditLog, part)
                   .status()),
      "FIELD_INVALID");
  v1::ArchiveAuditLogRequest archive;
  EXPECT_EQ(
      ReasonOf(
          Call<v1::Operation>(&AdminApi::ArchiveAuditLog, archive).status()),
      "FIELD_INVALID");
  archive.mutable_before()->set_seconds(1);
  EXPECT_EQ(
      ReasonOf(
          Call<v1::Operation>(&AdminApi::ArchiveAuditLog, archive).status()),
      "CONFIG_INVALID");
}

TEST_F(AdminApiTest, NarrowsTheAuditLogByAgentProviderAndTime) {
  world_.GetToken("mail-bot", ReadCalendarOf("ana")).IgnoreError();
  auto count = [&](const std::string& filter) {
    v1::ListAuditEventsRequest request;
    request.set_filter(filter);
    return Call<v1::ListAuditEventsResponse>(&AdminApi::ListAuditEvents,
                                             request)
        ->events_size();
  };
  EXPECT_EQ(count(""), 1);
  EXPECT_EQ(count("actor = \"agents/mail-bot\" AND outcome = \"denied\""), 1);
  EXPECT_EQ(count("actor = \"agents/other\""), 0);
  EXPECT_EQ(count("since = \"2000-01-01T00:00:00Z\""), 1);
  EXPECT_EQ(count("until = \"2000-01-01T00:00:00Z\""), 0);
  v1::ListAuditEventsRequest request;
  request.set_filter("since = \"yesterday\"");
  EXPECT_EQ(ReasonOf(Call<v1::ListAuditEventsResponse>(
                         &AdminApi::ListAuditEvents, request)
                         .status()),
            "FIELD_INVALID");
}

}  // namespace
}  // namespace tokenvault
