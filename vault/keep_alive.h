#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/ids.h"
#include "storage/store.h"
#include "vault/broker.h"
#include "vault/directory.h"

namespace tokenvault {

// Uses refresh tokens that nobody has used for long, since some providers let
// them die of that: so that a person need not connect again only because no
// agent asked for a while. Not where a refresh ends the access tokens that
// agents hold (refresh.invalidates_access_token).
//
// Blocks; one call at a time.
class KeepAlive {
 public:
  // A refresh token is used when this part of its idle life is over: there is
  // as much time again to try in.
  static constexpr double kPart = 0.5;
  static constexpr absl::Duration kRetry = absl::Hours(1);
  // Of one provider in one round.
  static constexpr int kMost = 100;

  KeepAlive(const Clock& clock, Store& store, Broker& broker);

  void UseIdle(const std::shared_ptr<const Directory>& directory);

 private:
  void UseIdleOf(const std::shared_ptr<const Directory>& directory,
                 const Provider& provider);

  const Clock& clock_;
  Store& store_;
  Broker& broker_;
  // When they were tried; forgotten after kRetry.
  absl::flat_hash_map<ConnectionId, absl::Time> tried_;
};

}  // namespace tokenvault
