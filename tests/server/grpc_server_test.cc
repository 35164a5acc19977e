#include "server/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/error_details.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "base/errors.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/admin_service.h"
#include "server/approval_service.h"
#include "server/connection_service.h"
#include "server/token_service.h"
#include "tests/server/api_world.h"
#include "tests/server/raw_call.h"
#include "tests/server/test_certificates.h"

namespace tokenvault {
namespace {

// A channel that trusts this authority's servers and shows that client's
// certificate, issued by `issuer`; none for "".
std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address,
                                         const TestCertificates& authority,
                                         const std::string& client,
                                         const TestCertificates& issuer) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority.Read("ca.pem");
  if (!client.empty()) {
    options.pem_private_key = issuer.Read(client + ".key");
    options.pem_cert_chain = issuer.Read(client + ".pem");
  }
  grpc::ChannelArguments arguments;
  // Channels with equal credentials would share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options),
                                   arguments);
}
std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address,
                                         const TestCertificates& authority,
                                         const std::string& client) {
  return ChannelTo(address, authority, client, authority);
}

constexpr char kTokens[] = "tokenvault.v1.TokenService";
constexpr char kConnections[] = "tokenvault.v1.ConnectionService";
constexpr char kApprovals[] = "tokenvault.v1.ApprovalService";
constexpr char kAdmin[] = "tokenvault.v1.AdminService";

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!grpc::ExtractErrorDetails(status, &details).ok()) return "";
  if (details.details_size() > 0) details.details(0).UnpackTo(&info);
  return info.reason();
}

class GrpcServerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { SilenceGrpcLog(); }

  std::unique_ptr<GrpcServer> StartAgents(GrpcServer::Options options) {
    auto server =
        GrpcServer::Start(options, {{&tokens_, kTokens},
                                    {&agent_connections_, kConnections},
                                    {&approvals_, kApprovals}});
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }
  std::unique_ptr<GrpcServer> StartAgentsOnUnix(bool reflection = false) {
    GrpcServer::Options options;
    options.listen = "unix:" + world_.vault.folder.File("agents.sock");
    options.reflection = reflection;
    return StartAgents(options);
  }
  std::unique_ptr<GrpcServer> StartAdmin() {
    GrpcServer::Options options;
    options.listen = "unix:" + world_.vault.folder.File("admin.sock");
    options.socket_mode = 0600;
    auto server = GrpcServer::Start(
        options, {{&admin_, kAdmin}, {&admin_connections_, kConnections}});
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }
  std::unique_ptr<GrpcServer> StartMutualTls(const TestCertificates& ca) {
    GrpcServer::Options options;
    options.listen = "127.0.0.1:0";
    options.tls_cert_file = ca.File("server.pem");
    options.tls_key_file = ca.File("server.key");
    options.client_ca_file = ca.File("ca.pem");
    return StartAgents(options);
  }

  static std::shared_ptr<grpc::Channel> Plain(const GrpcServer& server) {
    return grpc::CreateChannel(server.address(),
                               grpc::InsecureChannelCredentials());
  }
  static grpc::Status GetToken(const std::shared_ptr<grpc::Channel>& channel,
                               v1::GetScopedTokenResponse* response) {
    grpc::ClientContext context;
    SetDeadline(context);
    return v1::TokenService::NewStub(channel)->GetScopedToken(
        &context, ReadCalendarOf("ana"), response);
  }
  // Deadlines are the vault's to judge, by a clock that stands still in these
  // tests: far enough ahead of it.
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::hours(24 * 365 * 20));
  }
  static grpc::Status GetStatus(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::Status response;
    return v1::AdminService::NewStub(channel)->GetStatus(
        &context, v1::GetStatusRequest(), &response);
  }

  ApiWorld world_;
  TokenService tokens_{world_.tokens};
  ConnectionService agent_connections_{world_.connections, GrpcDoor::kAgents};
  ConnectionService admin_connections_{world_.connections, GrpcDoor::kAdmin};
  AdminService admin_{world_.admin};
  ApprovalService approvals_{world_.approvals};
};

// ---------------------------------------------------------------- round trips
// --

TEST_F(GrpcServerTest, CarriesReasonsHome) {
  auto server = StartAgentsOnUnix();
  v1::GetScopedTokenResponse response;
  grpc::Status status = GetToken(Plain(*server), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ReasonOf(status), "AGENT_CREDENTIAL_INVALID");
}

TEST_F(GrpcServerTest, TellsClientsWhenToRetry) {
  auto server = StartAgentsOnUnix();
  world_.vault.store->FailCommits(errors::StorageFull());
  grpc::ClientContext context;
  SetDeadline(context);
  v1::GetScopedTokenResponse response;
  grpc::Status status =
      v1::TokenService::NewStub(Plain(*server))
          ->GetScopedToken(&context, ReadCalendarOf("ana"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  auto trailer = context.GetServerTrailingMetadata();
  auto pushback = trailer.find("grpc-retry-pushback-ms");
  ASSERT_NE(pushback, trailer.end());
  EXPECT_EQ(std::string(pushback->second.data(), pushback->second.size()),
            "5000");
}

TEST_F(GrpcServerTest, ServesOperatorsOnTheAdminSocket) {
  auto server = StartAdmin();
  EXPECT_TRUE(GetStatus(Plain(*server)).ok());
  grpc::ClientContext context;
  v1::ListConnectionsRequest request;
  request.set_parent("users/-");
  v1::ListConnectionsResponse response;
  EXPECT_TRUE(v1::ConnectionService::NewStub(Plain(*server))
                  ->ListConnections(&context, request, &response)
                  .ok());
}

TEST_F(GrpcServerTest, AdmitsOnlyItsUserToTheAdminSocket) {
  auto server = StartAdmin();
  struct stat info;
  ASSERT_EQ(stat(world_.vault.folder.File("admin.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
}

TEST_F(GrpcServerTest, HasNoAdministrationAtTheAgentsDoor) {
  auto server = StartAgentsOnUnix();
  auto channel = Plain(*server);
  EXPECT_EQ(GetStatus(channel).error_code(), grpc::StatusCode::UNIMPLEMENTED);
  for (const std::string& method :
       MethodsOf(v1::GetStatusRequest::descriptor()->file())) {
    EXPECT_EQ(RawCall(channel, method, "").error_code(),
              grpc::StatusCode::UNIMPLEMENTED)
        << method;
  }
}

TEST_F(GrpcServerTest, HasNoTokensOnTheAdminSocket) {
  auto server = StartAdmin();
  v1::GetScopedTokenResponse response;
  EXPECT_EQ(GetToken(Plain(*server), &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, AsksWhoCallsForApprovalsToo) {
  auto server = StartAgentsOnUnix();
  grpc::ClientContext context;
  SetDeadline(context);
  v1::Approval response;
  grpc::Status status =
      v1::ApprovalService::NewStub(Plain(*server))
          ->GetApproval(&context, v1::GetApprovalRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ReasonOf(status), "AGENT_CREDENTIAL_INVALID");
}

TEST_F(GrpcServerTest, RefusesAMessageThatIsTooLarge) {
  auto server = StartAgentsOnUnix();
  grpc::Status status =
      RawCall(Plain(*server), "/tokenvault.v1.TokenService/GetScopedToken",
              std::string(100 * 1024, '\0'));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// ---------------------------------------------------------- health, reflection
// --

TEST_F(GrpcServerTest, TellsProbesWhatIsReady) {
  auto server = StartAgentsOnUnix();
  auto channel = Plain(*server);
  EXPECT_EQ(HealthOf(channel, ""), kServing);
  EXPECT_EQ(HealthOf(channel, kTokens), kNotServing);
  server->SetServing(true);
  EXPECT_EQ(HealthOf(channel, kTokens), kServing);
  server->SetServing(false);
  EXPECT_EQ(HealthOf(channel, kTokens), kNotServing);
  EXPECT_EQ(HealthOf(channel, ""), kServing);
}

TEST_F(GrpcServerTest, ReflectsOnlyWhenConfigured) {
  {
    auto server = StartAgentsOnUnix(/*reflection=*/true);
    EXPECT_TRUE(HasReflection(Plain(*server)));
  }
  auto server = StartAgentsOnUnix(/*reflection=*/false);
  EXPECT_FALSE(HasReflection(Plain(*server)));
}

// ----------------------------------------------------------- who may connect
// --

TEST_F(GrpcServerTest, RefusesPlainTcpOutsideDev) {
  GrpcServer::Options options;
  options.listen = "127.0.0.1:0";
  EXPECT_EQ(tokenvault::ReasonOf(
                GrpcServer::Start(options, {{&tokens_, kTokens}}).status()),
            "CONFIG_INVALID");
  options.dev = true;
  EXPECT_TRUE(GrpcServer::Start(options, {{&tokens_, kTokens}}).ok());
  options.listen = "0.0.0.0:0";
  EXPECT_FALSE(GrpcServer::Start(options, {{&tokens_, kTokens}}).ok());
}

TEST_F(GrpcServerTest, KnowsAnAgentByItsCertificate) {
  TestCertificates ca;
  ca.Issue("bot", {SpiffeIdOf("calendar-bot")});
  auto server = StartMutualTls(ca);
  v1::GetScopedTokenResponse response;
  grpc::Status status =
      GetToken(ChannelTo(server->address(), ca, "bot"), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(response.has_consent_required());
}

TEST_F(GrpcServerTest, RefusesTwoUriNamesAndNone) {
  TestCertificates ca;
  ca.Issue("two", {SpiffeIdOf("calendar-bot"), SpiffeIdOf("mail-bot")});
  ca.Issue("none", {});
  auto server = StartMutualTls(ca);
  for (const char* name : {"two", "none"}) {
    v1::GetScopedTokenResponse response;
    grpc::Status status =
        GetToken(ChannelTo(server->address(), ca, name), &response);
    EXPECT_EQ(ReasonOf(status), "AGENT_CREDENTIAL_INVALID") << name;
  }
}

TEST_F(GrpcServerTest, RefusesAnotherTrustDomain) {
  TestCertificates ca;
  ca.Issue("foreign", {"spiffe://evil.test/agents/calendar-bot"});
  auto server = StartMutualTls(ca);
  v1::GetScopedTokenResponse response;
  EXPECT_EQ(ReasonOf(GetToken(ChannelTo(server->address(), ca, "foreign"),
                              &response)),
            "AGENT_CREDENTIAL_INVALID");
}

TEST_F(GrpcServerTest, LetsNobodyInWithoutAGoodCertificate) {
  TestCertificates ca;
  TestCertificates other_ca;
  ca.IssueExpired("expired", {SpiffeIdOf("calendar-bot")});
  other_ca.Issue("stranger", {SpiffeIdOf("calendar-bot")});
  auto server = StartMutualTls(ca);
  v1::GetScopedTokenResponse response;
  EXPECT_EQ(GetToken(ChannelTo(server->address(), ca, "expired"), &response)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetToken(ChannelTo(server->address(), ca, "stranger", other_ca),
                     &response)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(
      GetToken(ChannelTo(server->address(), ca, ""), &response).error_code(),
      grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(world_.vault.Audit().size(), 0);
}

// ---------------------------------------------------------------------
// stopping --

TEST_F(GrpcServerTest, TakesNoCallsOnceStopped) {
  auto server = StartAgentsOnUnix();
  server->Stop(absl::ZeroDuration());
  v1::GetScopedTokenResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(10));
  EXPECT_EQ(v1::TokenService::NewStub(Plain(*server))
                ->GetScopedToken(&context, ReadCalendarOf("ana"), &response)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace tokenvault
