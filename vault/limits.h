#pragma once

#include <cstddef>

namespace tokenvault {

// Connections of one person at one provider, read at once.
inline constexpr int kMaxAccounts = 1000;

// How often a commit is tried again when a row moved under it. Each try reads
// the row anew and decides anew.
inline constexpr int kCommitTries = 8;

// How many of what does not hold, such as records that do not open, are named;
// the rest is counted.
inline constexpr size_t kMostNamed = 100;

}  // namespace tokenvault
