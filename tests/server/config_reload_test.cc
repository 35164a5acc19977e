#include "server/config_reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "tests/support/test_vault.h"

namespace tokenvault {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ConfigReloadTest : public ::testing::Test {
 protected:
  ConfigReloadTest() {
    Write("http://127.0.0.1:1", "First");
    sources_.file = vault_.folder.File("tokenvault.toml");
    sources_.dev = true;
    absl::StatusOr<Config> config = LoadConfig(sources_);
    EXPECT_TRUE(config.ok()) << config.status();
    vault_.Reconfigure(config->directory);
    reload_ = std::make_unique<ConfigReload>(vault_.clock, *vault_.store,
                                             *vault_.holder, metrics_, sources_,
                                             *std::move(config));
  }

  void Write(const std::string& public_url, const std::string& tenant,
             const std::string& more = "") {
    std::ofstream(vault_.folder.File("tokenvault.toml"))
        << absl::StrCat(R"(
[server]
grpc_listen = "127.0.0.1:0"
http_listen = "127.0.0.1:0"
admin_listen = "unix:/run/tokenvault/admin.sock"
public_url = ")",
                        public_url, "\"\n", more, R"(
[[tenants]]
id = "default"
name = ")",
                        tenant, R"("
issuer = "https://idp.test"
client_id = "tokenvault"
)");
  }
  std::string TenantName() const {
    return vault_.directory()->FindTenant(TenantId("default"))->name;
  }

  TestVault vault_;
  Metrics metrics_;
  ConfigSources sources_;
  std::unique_ptr<ConfigReload> reload_;
};

TEST_F(ConfigReloadTest, PutsANewConfigurationInForce) {
  EXPECT_FALSE(reload_->ChangedOnDisk());
  Write("http://127.0.0.1:1", "Second");
  EXPECT_TRUE(reload_->ChangedOnDisk());
  vault_.clock.Advance(absl::Minutes(1));
  auto outcome = reload_->Reload(/*validate_only=*/false, "operator");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->needs_restart, IsEmpty());
  EXPECT_EQ(TenantName(), "Second");
  EXPECT_EQ(reload_->load_time(), vault_.clock.Now());
  EXPECT_FALSE(reload_->ChangedOnDisk());
  EXPECT_THAT(vault_.Audit("config.reloaded"), SizeIs(1));
}

TEST_F(ConfigReloadTest, ChangesWhatIsLogged) {
  Write("http://127.0.0.1:1", "First", "log_level = \"error\"");
  auto outcome = reload_->Reload(/*validate_only=*/false, "operator");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->needs_restart, IsEmpty());
  EXPECT_EQ(reload_->config().server.log_level, "error");
  ::testing::internal::CaptureStderr();
  Log(LogLevel::kWarning, "quiet.event", "not to be seen");
  Log(LogLevel::kError, "loud.event", "to be seen");
  const std::string written = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kInfo);
  EXPECT_THAT(written, Not(HasSubstr("quiet.event")));
  EXPECT_THAT(written, HasSubstr("loud.event"));
}

TEST_F(ConfigReloadTest, OnlyLooksWhenAskedTo) {
  Write("http://127.0.0.1:1", "Second");
  ASSERT_TRUE(reload_->Reload(/*validate_only=*/true, "operator").ok());
  EXPECT_EQ(TenantName(), "First");
  EXPECT_THAT(vault_.Audit("config.reloaded"), IsEmpty());
}

TEST_F(ConfigReloadTest, KeepsTheOldOneWhenTheNewIsNoGood) {
  std::ofstream(sources_.file) << "[server]\nno_such_key = 1\n";
  EXPECT_EQ(ReasonOf(reload_->Reload(false, "operator").status()),
            "CONFIG_INVALID");
  EXPECT_EQ(TenantName(), "First");
  EXPECT_TRUE(reload_->ChangedOnDisk());
}

TEST_F(ConfigReloadTest, KeepsTheOldPoliciesWhenOneOfTheNewIsNoGood) {
  const std::string good =
      "[[policies]]\nid = \"one\"\neffect = \"allow\"\nscopes = [\"*\"]\n";
  Write("http://127.0.0.1:1", "First", good);
  ASSERT_TRUE(reload_->Reload(false, "operator").ok());
  Write("http://127.0.0.1:1", "First",
        good +
            "[[policies]]\nid = \"two\"\neffect = \"deny\"\nscopes = "
            "[\"*\"]\nhours = { zone = \"Nowhere/Land\" }\n");
  EXPECT_EQ(ReasonOf(reload_->Reload(false, "operator").status()),
            "CONFIG_INVALID");
  const Policy& policy = vault_.directory()->policy;
  EXPECT_NE(policy.FindRule("one"), nullptr);
  EXPECT_EQ(policy.FindRule("two"), nullptr);
}

TEST_F(ConfigReloadTest, KeepsTheOldOneWhenItCannotBeAudited) {
  Write("http://127.0.0.1:1", "Second");
  vault_.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(reload_->Reload(false, "operator").status()),
            "AUDIT_UNAVAILABLE");
  EXPECT_EQ(TenantName(), "First");
}

TEST_F(ConfigReloadTest, ServesNoHalfOfWhatNeedsARestart) {
  Write("http://127.0.0.1:2", "Second");
  for (int i = 0; i < 2; ++i) {
    auto outcome = reload_->Reload(false, "operator");
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_THAT(outcome->needs_restart, Contains("server.public_url"));
    EXPECT_EQ(TenantName(), "Second");
    EXPECT_EQ(vault_.directory()->public_url, "http://127.0.0.1:1");
    for (const ConfigValueShown& shown : reload_->config().effective) {
      if (shown.key == "server.public_url") {
        EXPECT_EQ(shown.value, "\"http://127.0.0.1:1\"");
      }
    }
  }
}

}  // namespace
}  // namespace tokenvault
