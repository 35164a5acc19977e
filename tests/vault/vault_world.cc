#include "tests/vault/vault_world.h"

#include <algorithm>
#include <latch>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gtest/gtest.h"
#include "oauth/url.h"
#include "vault/bindings.h"

namespace tokenvault {

AccessRequest VaultWorld::Request() const {
  AccessRequest request;
  request.directory = directory();
  request.tenant = TenantId("acme");
  request.agent = AgentId("calendar-bot");
  request.user = UserOf("acme", "ana");
  request.provider = ProviderId("calendar");
  request.scopes = ReadCalendar();
  return request;
}

std::future<absl::StatusOr<AccessAnswer>> VaultWorld::Begin(
    AccessRequest request) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<AccessAnswer>>>();
  auto future = promise->get_future();
  broker->GetToken(std::move(request),
                   [promise](absl::StatusOr<AccessAnswer> answer) {
                     promise->set_value(std::move(answer));
                   });
  return future;
}

Connection VaultWorld::ConnectCalendar() {
  return Connect("acme", "ana", "calendar-bot", "calendar",
                 ReadCalendar().Union(WriteCalendar()));
}

Connection VaultWorld::Row(const Connection& connection) const {
  auto row = store->GetConnection(connection.tenant, connection.id);
  EXPECT_TRUE(row.ok()) << row.status();
  return row.ok() ? *std::move(row) : Connection();
}

void VaultWorld::Put(const Connection& connection) {
  Connection next = connection;
  next.version = Row(connection).version;
  WriteBatch batch;
  batch.Update(std::move(next));
  EXPECT_EQ(store->Commit(std::move(batch)), absl::OkStatus());
}

std::string VaultWorld::RefreshTokenOf(const Connection& row) {
  auto sealer = keys->SealerFor(row.tenant, row.user.value);
  auto token = sealer->Open(row.sealed_refresh_token,
                            RefreshTokenBinding(keys->deployment_id(), row));
  EXPECT_TRUE(token.ok()) << token.status();
  return token.ok() ? std::string(token->Reveal()) : "";
}

void VaultWorld::Change(const std::function<void(Directory&)>& change) {
  auto next = std::make_shared<Directory>(*directory());
  change(*next);
  Reconfigure(std::move(next));
}

void VaultWorld::AllowEverything() {
  Change([](Directory& next) {
    PolicyRule rule;
    rule.id = "everything";
    rule.effect = Effect::kAllow;
    rule.any_scope = true;
    next.policy = Policy({rule});
  });
}

void VaultWorld::FailAudit() {
  store->FailCommits(errors::StorageFull(), [](const WriteBatch& batch) {
    return std::any_of(
        batch.ops().begin(), batch.ops().end(), [](const WriteBatch::Op& op) {
          return std::holds_alternative<WriteBatch::AppendOp>(op);
        });
  });
}

void VaultWorld::WaitForPool(int held) {
  // Jobs start in their order: when as many as there are free threads run at
  // the same time, no thread is left that runs an older one.
  const int free = kThreads - held;
  auto together = std::make_shared<std::latch>(free);
  std::promise<void> all;
  for (int i = 0; i < free; ++i) {
    bool last = i == free - 1;
    ASSERT_TRUE(pool->Submit([together, last, &all] {
      together->arrive_and_wait();
      if (last) all.set_value();
    }));
  }
  all.get_future().wait();
}

WebSession VaultWorld::SessionOf(const std::string& tenant,
                                 const std::string& subject,
                                 const std::string& cookie) const {
  WebSession session;
  session.id_hash = *keys->Lookup("session", cookie);
  session.tenant = TenantId(tenant);
  session.user = UserOf(tenant, subject);
  session.auth_time = clock.Now();
  session.create_time = clock.Now();
  session.idle_expire_time = clock.Now() + SignIn::kIdle;
  session.expire_time = clock.Now() + SignIn::kAbsolute;
  return session;
}

const IssuedToken* TokenIn(const absl::StatusOr<AccessAnswer>& answer) {
  return answer.ok() ? std::get_if<IssuedToken>(&*answer) : nullptr;
}

const AskedQuestion* QuestionIn(const absl::StatusOr<AccessAnswer>& answer) {
  return answer.ok() ? std::get_if<AskedQuestion>(&*answer) : nullptr;
}

std::string ParameterOf(const std::string& url, const std::string& name) {
  auto fields = ParseQuery(url.substr(url.find('?') + 1));
  if (!fields.ok()) return "";
  for (const auto& [key, value] : *fields) {
    if (key == name) return value;
  }
  return "";
}

absl::StatusOr<HttpResponse> TokenAnswer(const std::string& access_token,
                                         const std::string& refresh_token) {
  std::string body = absl::StrCat(R"({"access_token":")", access_token,
                                  R"(","expires_in":3600)");
  if (!refresh_token.empty()) {
    absl::StrAppend(&body, R"(,"refresh_token":")", refresh_token, "\"");
  }
  return FakeHttpClient::Response(200, "application/json", body + "}");
}

HeldAnswer::HeldAnswer(FakeHttpClient& http,
                       absl::StatusOr<HttpResponse> answer,
                       absl::StatusOr<HttpResponse> then) {
  http.SetHandler(
      [this, first = true, answer = std::move(answer),
       then = std::move(then)](const FakeHttpClient::Request&) mutable
      -> absl::StatusOr<HttpResponse> {
        if (!first) return std::move(then);
        first = false;
        asked_.set_value();
        released_.get_future().wait();
        return std::move(answer);
      });
}

void HeldAnswer::LetGo() {
  if (!let_go_) released_.set_value();
  let_go_ = true;
}

}  // namespace tokenvault
