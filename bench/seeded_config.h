#pragma once

#include <string>

#include "bench/seeded_vault.h"

namespace tokenvault {

// The daemon's configuration for a vault: one agent, one provider, and one rule
// that allows it calendar.read and nothing else.
std::string ConfigOf(const SeededVault& vault);

}  // namespace tokenvault
