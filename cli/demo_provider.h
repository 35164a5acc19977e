#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct DemoFaultOptions {
  std::string persona;  // "demo-slack"
  std::string fault;    // "html_error"
  int count = 1;
};
// `tokenvault demo fault`: makes the next calls at the demo provider go wrong.
int RunDemoFault(Session& session, const DemoFaultOptions& options);

struct DemoLedgerOptions {
  std::string persona;  // "" for all
};
// `tokenvault demo ledger`: what the demo provider issued, saw and ended.
int RunDemoLedger(Session& session, const DemoLedgerOptions& options);

}  // namespace tokenvault
