#pragma once

#include "server/operator_facts.h"
#include "tests/support/seen_log.h"
#include "tests/support/test_vault.h"

namespace tokenvault {

// What the page of operators looks at, beside a vault.
struct OperatorWorld {
  explicit OperatorWorld(TestVault& of)
      : vault(of),
        seen(of.clock, *of.store, *of.keys, of.http, *of.operations, {}),
        start_time(of.clock.Now()) {}

  OperatorSources Sources() {
    return {*vault.store,     readiness,         metrics,
            *vault.refresher, *vault.stops,      notifier,
            seen.witnesses,   *vault.operations, start_time};
  }

  TestVault& vault;
  SeenLog seen;
  absl::Time start_time;
  Metrics metrics;
  Readiness readiness{vault.clock, *vault.store, *vault.seal,
                      vault.folder.path(), [](bool) {}};
  Notifier notifier{
      vault.clock, *vault.store, *vault.holder, *vault.interactions, vault.http,
      {},          {},           nullptr};
};

}  // namespace tokenvault
