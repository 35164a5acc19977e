#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/secret.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// The query of a callback, decoded. `malformed` when it could not be, or when a
// parameter came twice: no callback of ours survives that.
struct CallbackQuery {
  std::vector<std::pair<std::string, std::string>> parameters;
  bool malformed = false;

  std::string Get(const std::string& name) const;
};

// Looks a cookie up in the request, by its name without "__Host-".
using CookieReader =
    std::function<std::optional<std::string>(const std::string& name)>;

// A redirect to make, and the cookie that ties the way back to this browser.
struct BrowserTrip {
  std::string url;          // at the authorization server
  std::string cookie_name;  // "tv_flow_1f2e3d4c", still without "__Host-"
  std::string cookie_value;
  absl::Duration cookie_age;
};

// Round trips of browsers through authorization servers: what signing in and
// connecting an account have in common. A trip is known by its `state`, belongs
// to the browser that has its cookie, keeps its PKCE verifier sealed, and comes
// back once. Blocks; thread-safe.
class OAuthFlows {
 public:
  static constexpr absl::Duration kLifetime = absl::Minutes(10);

  OAuthFlows(const Clock& clock, Store& store, KeyKeeper& keys);

  // Completes `flow` (who and what for is there already) and inserts it in
  // `batch`'s commit. The trip's url stays "". KEY_*, STORAGE_*.
  struct Begun {
    OAuthFlow flow;
    BrowserTrip trip;
    std::string code_challenge;
  };
  absl::StatusOr<Begun> Begin(OAuthFlow flow, const std::string& state,
                              const WriteBatch& batch);

  // The trip that a callback ends, taken: of any number that come back with the
  // same state one wins, before anything the browser sent is believed.
  // STORAGE_*.
  struct Taken {
    // "" when it is taken, else the check that failed: "query" or "state", and
    // then no flow is known, "expired" or "replayed".
    std::string failed;
    std::optional<OAuthFlow> flow;
  };
  absl::StatusOr<Taken> Take(const CallbackQuery& query);

  // Whether this is the browser that left. VAULT_SEALED.
  absl::StatusOr<bool> IsSameBrowser(const OAuthFlow& flow,
                                     const CookieReader& read_cookie) const;
  absl::StatusOr<Secret> OpenVerifier(const OAuthFlow& flow) const;

  // "tv_flow_1f2e3d4c", or "tv_login_…" for a sign-in: one for each trip, so
  // that two tabs do not disturb each other.
  static std::string CookieName(const OAuthFlow& flow);

 private:
  absl::StatusOr<Secret> OpenVerifierOf(const OAuthFlow& flow) const;

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
};

// Whether the answer comes from `provider` as far as RFC 9207 tells: `iss` is
// right, or absent where it was not promised.
bool IsIssuedBy(const Provider& provider, const CallbackQuery& query);

}  // namespace tokenvault
