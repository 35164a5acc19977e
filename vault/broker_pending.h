#pragma once

#include <optional>
#include <string>

#include "vault/broker.h"

namespace tokenvault {

// What is known of a request on its way to an answer. In one thread at a time.
struct Broker::Pending {
  AccessRequest request;
  Done done;
  Decision decision;
  std::optional<Approval> approval;  // by which it gets a token
  // What the decision point said: once for each request, "" until then.
  std::string outside;
  // Once the token is to have optional scopes too: with these `decision` is
  // about it, and `needed` about what it was without them.
  ScopeSet judged;
  Decision needed;
  // What the fetch that it waited for ended with, when that was the provider's
  // failure and a token that is still good will do.
  absl::Status fetch_failure;
  // How often the connection changed while a token was fetched.
  int looked_again = 0;
  // What it would have got, had it not been stopped behind its leaf; and when
  // that was counted, and its approval spent.
  std::string withheld_token_id;
  absl::Time withheld_time;
};

}  // namespace tokenvault
