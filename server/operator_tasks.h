#pragma once

#include <vector>

#include "server/messages.h"
#include "server/operator_facts.h"
#include "server/page_operator.h"
#include "vault/directory.h"

namespace tokenvault {

// A vault makes a backup a day, or its operator forgot.
inline constexpr absl::Duration kOldBackup = absl::Hours(48);

// What an operator must act on, the most urgent first: what stops tokens, then
// what loses connections, then what weakens the vault. Pure.
std::vector<OperatorTask> TasksOf(const OperatorFacts& facts,
                                  const Directory& directory,
                                  const Messages& messages);

}  // namespace tokenvault
