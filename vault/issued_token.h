#pragma once

#include <memory>

#include "storage/records.h"
#include "vault/token_cache.h"

namespace tokenvault {

// One token as an agent gets it.
struct IssuedToken {
  std::shared_ptr<const AccessToken> token;
  std::shared_ptr<const Connection> connection;  // as it was found
  ScopeEnforcement enforcement = ScopeEnforcement::kProvider;
  bool from_cache = false;
};

}  // namespace tokenvault
