#pragma once

#include <vector>

#include "absl/strings/string_view.h"

// Places at which a test may end the process, to see what is lost: nothing.
namespace tokenvault {

// All of them, in the order in which a refresh, a rotation or a restore passes
// them.
std::vector<absl::string_view> FaultPoints();

// In a build with TOKENVAULT_FAULTS, once armed with "<name>:<n>": kills this
// process, as nothing else can be told, when that point is passed for the n-th
// time. Otherwise nothing. `name` is one of FaultPoints(). Thread-safe; armed
// before threads begin.
#ifdef TOKENVAULT_FAULTS
void ArmFaultPoint(absl::string_view fault);
void FaultPoint(absl::string_view name);
#else
inline void FaultPoint(absl::string_view) {}
#endif

}  // namespace tokenvault
