#pragma once

namespace tokenvault {

// Connections of one person at one provider, read at once.
inline constexpr int kMaxAccounts = 1000;

// How often a commit is tried again when a row moved under it. Each try reads
// the row anew and decides anew.
inline constexpr int kCommitTries = 8;

}  // namespace tokenvault
