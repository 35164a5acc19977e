#include "server/assembly.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/random.h"
#include "crypto/root_key.h"
#include "server/dev_mode.h"
#include "storage/open_store.h"
#include "tests/server/raw_call.h"
#include "tests/support/temp_folder.h"
#include "tokenvault/v1/admin_service.grpc.pb.h"
#include "tokenvault/v1/token_service.grpc.pb.h"
#include "vault/init_vault.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A whole daemon in this process, on the machine's clock and on ports that the
// system chooses.
class AssemblyTest : public ::testing::Test {
 protected:
  AssemblyTest() { EXPECT_TRUE(InitCrypto().ok()); }

  // A configuration of a vault on disk.
  Config MakeConfig() {
    ConfigText text;
    text.name = "test.toml";
    text.toml = absl::StrCat(R"(
[server]
grpc_listen = "unix:)",
                             folder_.File("agents.sock"), R"("
http_listen = "127.0.0.1:0"
admin_listen = "unix:)",
                             folder_.File("admin/admin.sock"), R"("
public_url = "http://127.0.0.1:1"
[seal]
type = "file"
key_file = ")",
                             folder_.File("root.key"), R"("
[storage]
path = ")",
                             folder_.File("vault.db"), R"("
[[tenants]]
id = "default"
name = "Test"
issuer = "https://idp.test"
client_id = "tokenvault"
client_secret_file = "cred:idp"
)");
    ParseOptions options;
    options.dev = true;
    absl::StatusOr<Config> config = ParseConfig({text}, options);
    EXPECT_TRUE(config.ok()) << config.status();
    return *std::move(config);
  }
  void InitVaultOnDisk() {
    ASSERT_TRUE(RootKey::CreateFile(folder_.File("root.key")).ok());
    auto arena = SecretArena::Create(4096);
    auto root = RootKey::FromFile(**arena, folder_.File("root.key"));
    auto store = OpenStore({folder_.File("vault.db"), /*create=*/true});
    RootSource source;
    source.id = "file";
    source.kind = "file";
    source.create_time = SystemClock().Now();
    ASSERT_TRUE(
        InitVault(**store, **arena, *root, source, source.create_time).ok());
  }
  absl::StatusOr<std::unique_ptr<Assembly>> StartOnDisk() {
    Assembly::Parts parts;
    parts.config = MakeConfig();
    return Assembly::Start(SystemClock(), std::move(parts));
  }
  static v1::Status StatusOf(const Assembly& vault) {
    auto channel = grpc::CreateChannel(vault.addresses().admin,
                                       grpc::InsecureChannelCredentials());
    grpc::ClientContext context;
    v1::Status status;
    EXPECT_TRUE(v1::AdminService::NewStub(channel)
                    ->GetStatus(&context, v1::GetStatusRequest(), &status)
                    .ok());
    return status;
  }

  TempFolder folder_;
};

TEST_F(AssemblyTest, ServesTheDemoFromNothing) {
  auto folder = PrivateFolder::Create();
  auto demo = PrepareDemo(SystemClock(), {0, 0, 0}, *folder);
  ASSERT_TRUE(demo.ok()) << demo.status();
  auto vault = Assembly::Start(SystemClock(), std::move(demo->parts));
  ASSERT_TRUE(vault.ok()) << vault.status();
  EXPECT_THAT((*vault)->addresses().http, StartsWith("http://127.0.0.1:"));
  EXPECT_THAT(DemoBanner((*vault)->addresses(), demo->provider->base_url()),
              HasSubstr("gone when you stop it"));

  auto agents = grpc::CreateChannel((*vault)->addresses().grpc,
                                    grpc::InsecureChannelCredentials());
  EXPECT_EQ(HealthOf(agents, "tokenvault.v1.TokenService"), kServing);
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer demo-agent");
  v1::GetScopedTokenRequest request;
  request.set_provider("providers/demo");
  request.mutable_subject()->set_user_id("ana");
  request.add_scopes("calendar.read");
  v1::GetScopedTokenResponse response;
  grpc::Status asked = v1::TokenService::NewStub(agents)->GetScopedToken(
      &context, request, &response);
  ASSERT_TRUE(asked.ok()) << asked.error_message();
  EXPECT_THAT(response.consent_required().url(),
              StartsWith((*vault)->addresses().http + "/c/"));

  v1::Status status = StatusOf(**vault);
  EXPECT_TRUE(status.dev_mode());
  EXPECT_EQ(status.key_generation(), 1);
  EXPECT_EQ(status.active_connections(), 0);
  (*vault)->Stop(absl::Seconds(5));
}

TEST_F(AssemblyTest, OpensAVaultOnDiskAgain) {
  InitVaultOnDisk();
  int64_t events = 0;
  for (int run = 1; run <= 2; ++run) {
    auto vault = StartOnDisk();
    ASSERT_TRUE(vault.ok()) << vault.status();
    v1::Status status = StatusOf(**vault);
    EXPECT_EQ(status.seal(), "file");
    EXPECT_EQ(status.storage(), folder_.File("vault.db"));
    // Each run began with a leaf and, before this one, ended with another.
    EXPECT_EQ(status.audit_events() - events, run == 1 ? 1 : 2);
    events = status.audit_events();
    (*vault)->Stop(absl::Seconds(5));
  }
}

TEST_F(AssemblyTest, EndsAWaitWhenItStops) {
  auto folder = PrivateFolder::Create();
  auto demo = PrepareDemo(SystemClock(), {0, 0, 0}, *folder);
  ASSERT_TRUE(demo.ok()) << demo.status();
  auto vault = Assembly::Start(SystemClock(), std::move(demo->parts));
  ASSERT_TRUE(vault.ok()) << vault.status();
  auto channel = grpc::CreateChannel((*vault)->addresses().grpc,
                                     grpc::InsecureChannelCredentials());
  auto stub = v1::TokenService::NewStub(channel);
  v1::GetScopedTokenRequest ask;
  ask.set_provider("providers/demo");
  ask.mutable_subject()->set_user_id("ana");
  ask.add_scopes("calendar.read");
  v1::GetScopedTokenResponse asked;
  grpc::ClientContext first;
  first.AddMetadata("authorization", "Bearer demo-agent");
  ASSERT_TRUE(stub->GetScopedToken(&first, ask, &asked).ok());

  v1::WaitInteractionRequest request;
  request.set_name(asked.consent_required().name());
  v1::Interaction settled;
  grpc::ClientContext second;
  second.AddMetadata("authorization", "Bearer demo-agent");
  std::promise<grpc::Status> ended;
  stub->async()->WaitInteraction(
      &second, &request, &settled,
      [&](grpc::Status status) { ended.set_value(std::move(status)); });
  // However far the call has come, stopping does not take its whole minute.
  (*vault)->Stop(absl::Seconds(30));
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(20)),
            std::future_status::ready);
}

TEST_F(AssemblyTest, NeedsAVaultThatWasInitialized) {
  EXPECT_EQ(ReasonOf(StartOnDisk().status()), "STORAGE_NOT_INITIALIZED");
}

TEST_F(AssemblyTest, OpensNothingWithAnotherKey) {
  InitVaultOnDisk();
  std::filesystem::remove(folder_.File("root.key"));
  ASSERT_TRUE(RootKey::CreateFile(folder_.File("root.key")).ok());
  EXPECT_EQ(ReasonOf(StartOnDisk().status()), "ROOT_KEY_INVALID");
}

TEST_F(AssemblyTest, RefusesAnAdminFolderThatOthersMayEnter) {
  InitVaultOnDisk();
  const std::string admin = folder_.File("admin");
  ASSERT_EQ(mkdir(admin.c_str(), 0700), 0);
  ASSERT_EQ(chmod(admin.c_str(), 0755), 0);
  absl::Status status = StartOnDisk().status();
  EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID");
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 0700"));
}

TEST(PrivateFolderTest, IsOursAloneAndGoes) {
  std::string path;
  {
    auto folder = PrivateFolder::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    path = folder->path();
    struct stat info;
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700);
    ASSERT_TRUE(MakeDevKey(*folder).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace tokenvault
