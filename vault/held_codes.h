#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/secret.h"
#include "storage/store.h"
#include "vault/key_keeper.h"
#include "vault/oauth_flows.h"

namespace tokenvault {

// An authorization code that a browser came back with, and what else it takes
// to redeem it.
struct ReturnedCode {
  Secret code;
  Secret verifier;    // of PKCE
  std::string nonce;  // "" where no id_token comes
  // What the callback said besides, that is kept (oauth/callback_capture.h).
  std::map<std::string, std::string> hints;
};

// Codes that are not redeemed yet, because the application has not said yet who
// came back with them. Each is kept sealed, in the record of its trip, and is
// known by a connect code: which proves that a browser was there, and not whose
// it is. Blocks; thread-safe.
class HeldCodes {
 public:
  // How long the application has. A provider's code lives longer than that
  // (RFC 6749 §4.1.2 advises ten minutes), but a browser that comes back is
  // asked about at once or not at all.
  static constexpr absl::Duration kLifetime = absl::Seconds(60);

  HeldCodes(const Clock& clock, Store& store, KeyKeeper& keys);

  // Keeps `code` with `flow`, and returns its connect code. KEY_*, STORAGE_*.
  absl::StatusOr<std::string> Hold(OAuthFlow flow, const ReturnedCode& code);

  // The code of a connect code that was given for `question`, taken: of any
  // number that ask one has it, and it is in the database no more. KEY_*,
  // STORAGE_*.
  struct Taken {
    // "" when it is taken, else the check that failed: "connect_code", and then
    // no flow is known, "replayed" or "expired".
    std::string failed;
    OAuthFlow flow;
    ReturnedCode code;
  };
  absl::StatusOr<Taken> Take(const Interaction& question,
                             absl::string_view connect_code);

 private:
  absl::StatusOr<std::string> ConnectCodeOf(const OAuthFlow& flow) const;
  absl::Status TakeFrom(Taken& taken);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  OAuthFlows flows_;
};

}  // namespace tokenvault
