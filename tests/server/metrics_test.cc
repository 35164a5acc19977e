#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Metrics::TokenRequest Granted() {
  Metrics::TokenRequest request;
  request.provider = "google";
  request.agent = "calendar-bot";
  request.outcome = TokenOutcome::kToken;
  request.from_cache = true;
  request.duration = absl::Milliseconds(3);
  return request;
}

TEST(MetricsTest, CountsTokensByProviderAndOutcome) {
  Metrics metrics;
  metrics.CountTokenRequest(Granted());
  metrics.CountTokenRequest(Granted());
  const std::string text = metrics.Render({});
  EXPECT_THAT(text, HasSubstr("tokenvault_token_requests_total{outcome=\"token"
                              "\",provider=\"google\",reason=\"\"} 2"));
  EXPECT_THAT(text, HasSubstr("tokenvault_token_request_duration_seconds_count{"
                              "provider=\"google\",source=\"cache\"} 2"));
}

TEST(MetricsTest, TimesNoDenials) {
  Metrics metrics;
  Metrics::TokenRequest denied = Granted();
  denied.outcome = TokenOutcome::kDenied;
  denied.reason = "POLICY_DENIED";
  metrics.CountTokenRequest(denied);
  const std::string text = metrics.Render({});
  EXPECT_THAT(text, HasSubstr("reason=\"POLICY_DENIED\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("duration_seconds_count{")));
}

TEST(MetricsTest, NamesTheAgentOfATokenThatNobodyNarrows) {
  Metrics metrics;
  Metrics::TokenRequest wide = Granted();
  wide.policy_only = true;
  metrics.CountTokenRequest(wide);
  EXPECT_THAT(metrics.Render({}),
              HasSubstr("tokenvault_tokens_policy_only_total{agent=\"calendar-"
                        "bot\",provider=\"google\"} 1"));
}

TEST(MetricsTest, ShowsWhichProviderIsInDoubt) {
  Metrics metrics;
  MetricsSnapshot now;
  now.in_doubt = {{"google", false}, {"jira", true}};
  std::string text = metrics.Render(now);
  EXPECT_THAT(text,
              HasSubstr("tokenvault_provider_in_doubt{provider=\"google\"} 0"));
  EXPECT_THAT(text,
              HasSubstr("tokenvault_provider_in_doubt{provider=\"jira\"} 1"));
  // Neither is one that the configuration does not name any more.
  now.in_doubt = {{"google", false}};
  EXPECT_THAT(metrics.Render(now),
              HasSubstr("tokenvault_provider_in_doubt{provider=\"jira\"} 0"));
}

TEST(MetricsTest, CountsHowRefreshesEnded) {
  Metrics metrics;
  MetricsSnapshot now;
  for (int64_t count : {2, 5}) {
    now.refreshes[{"google", "ok"}] = count;
    EXPECT_THAT(metrics.Render(now),
                HasSubstr("tokenvault_refresh_total{provider=\"google\",result="
                          "\"ok\"} " +
                          std::to_string(count)));
  }
}

TEST(MetricsTest, CountsWhatTheAuditLogWithheld) {
  Metrics metrics;
  metrics.CountAuditError(absl::UnixEpoch());
  Metrics::TokenRequest withheld = Granted();
  withheld.outcome = TokenOutcome::kError;
  withheld.reason = "AUDIT_UNAVAILABLE";
  metrics.CountTokenRequest(withheld);
  EXPECT_THAT(metrics.Render({}), HasSubstr("tokenvault_audit_errors_total 2"));
}

TEST(MetricsTest, ShowsTheMomentOfTheScrape) {
  Metrics metrics;
  MetricsSnapshot now;
  now.active_connections = 7;
  now.key_generation = 3;
  now.rows_on_old_key = 12;
  now.audit_events = 99;
  now.secrets_unlocked = 4;
  now.stops["agent"] = 2;
  now.notices[{"webhook", "failed"}] = 3;
  metrics.NoteConfigLoad(absl::FromUnixSeconds(1000));
  const std::string text = metrics.Render(now);
  EXPECT_THAT(text, HasSubstr("tokenvault_connections{state=\"active\"} 7"));
  EXPECT_THAT(text, HasSubstr("tokenvault_key_generation 3"));
  EXPECT_THAT(text, HasSubstr("tokenvault_rows_on_old_key 12"));
  EXPECT_THAT(text, HasSubstr("tokenvault_audit_events 99"));
  EXPECT_THAT(text, HasSubstr("tokenvault_sealed 0"));
  EXPECT_THAT(text, HasSubstr("tokenvault_stops{kind=\"agent\"} 2"));
  EXPECT_THAT(text, HasSubstr("tokenvault_notices_total{channel=\"webhook\","
                              "result=\"failed\"} 3"));
  EXPECT_THAT(text, HasSubstr("tokenvault_stops{kind=\"vault\"} 0"));
  EXPECT_THAT(text, HasSubstr("tokenvault_secrets_outside_locked_memory 4"));
  EXPECT_THAT(
      text, HasSubstr("tokenvault_config_last_reload_success_timestamp_seconds "
                      "1000"));
  EXPECT_THAT(text, HasSubstr("tokenvault_build_info{version="));
}

}  // namespace
}  // namespace tokenvault
