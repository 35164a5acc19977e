#pragma once

#include <functional>
#include <future>
#include <string>

#include "absl/status/statusor.h"
#include "base/errors.h"
#include "tests/support/test_vault.h"

namespace tokenvault {

inline const ScopeSet& ReadCalendar() {
  static const auto* const kScopes = new ScopeSet{"https://calendar.test/read"};
  return *kScopes;
}
inline const ScopeSet& WriteCalendar() {
  static const auto* const kScopes =
      new ScopeSet{"https://calendar.test/write"};
  return *kScopes;
}
inline const ScopeSet& ReadFiles() {
  static const auto* const kScopes = new ScopeSet{"https://files.test/read"};
  return *kScopes;
}

// A TestVault, and the words that the tests of this folder share.
class VaultWorld : public TestVault {
 public:
  // calendar-bot wants to read Ana's calendar.
  AccessRequest Request() const;
  std::future<absl::StatusOr<AccessAnswer>> Begin(AccessRequest request);
  absl::StatusOr<AccessAnswer> Get(AccessRequest request) {
    return Begin(std::move(request)).get();
  }

  // Ana's calendar, to read and to write, connected for calendar-bot.
  Connection ConnectCalendar();
  Connection Row(const Connection& connection) const;
  // Overwrites the row with `connection` as it is here.
  void Put(const Connection& connection);
  // The refresh token in a row, opened.
  std::string RefreshTokenOf(const Connection& row);

  void Change(const std::function<void(Directory&)>& change);
  void AllowEverything();

  // Commits that hold an audit leaf fail from now on; others do not.
  void FailAudit();

  // Returns when every job that was submitted has run, but for `held` ones that
  // are known to wait for the test.
  void WaitForPool(int held);

  // A signed-in browser of that person.
  WebSession SessionOf(const std::string& tenant, const std::string& subject,
                       const std::string& cookie = "session") const;
};

// What an answer holds, or null.
const IssuedToken* TokenIn(const absl::StatusOr<AccessAnswer>& answer);
const AskedQuestion* QuestionIn(const absl::StatusOr<AccessAnswer>& answer);

// A parameter of a URL, decoded; "" when it is not there.
std::string ParameterOf(const std::string& url, const std::string& name);

// What a token endpoint says: good for an hour, scopes as asked.
absl::StatusOr<HttpResponse> TokenAnswer(const std::string& access_token,
                                         const std::string& refresh_token);

// Holds the next answer of a provider back until the test lets it go; what is
// asked after it is answered at once, with `then`. Outlives the test's calls.
class HeldAnswer {
 public:
  HeldAnswer(FakeHttpClient& http, absl::StatusOr<HttpResponse> answer,
             absl::StatusOr<HttpResponse> then =
                 errors::ProviderUnreachable("fake", "connect", false));
  // A test that failed must not hang.
  ~HeldAnswer() { LetGo(); }

  void WaitForRequest() { asked_.get_future().wait(); }
  void LetGo();

 private:
  std::promise<void> asked_;
  std::promise<void> released_;
  bool let_go_ = false;
};

}  // namespace tokenvault
