#pragma once

#include <string>
#include <vector>

namespace tokenvault {

// Reads every .h and .cc of the floors below `root` and tells each breach of
// the house rules (docs/architecture.md), one line each, "file:line: what":
//
//   * a floor includes only the floors it stands on, and third parties live on
//     the floors given to them;
//   * storage never sees base/secret.h, oauth never sees base/clock.h, nobody
//     uses absl::Mutex, production never includes tests/;
//   * SystemClock() and getenv() are called where the wiring is, and
//   absl::Now()
//     on the two upper floors only: rules are told the time;
//   * Reveal() is called only in the files that tests/reveal.txt lists, and
//     each of those does call it.
//
// Comments and string literals are not code and break no rule.
std::vector<std::string> FindBreaches(const std::string& root);

}  // namespace tokenvault
