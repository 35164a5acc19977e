#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace tokenvault {

// The exit codes of this program are those of the command line: see
// docs/cli.md.
enum VerifyExit {
  kVerified = 0,
  kVerifyLocalMistake = 1,
  kVerifyFailed = 6,
};

// The program but for its process: results to `out`, everything else to `err`.
int RunVerify(const std::vector<std::string>& arguments, FILE* out, FILE* err,
              bool err_is_terminal);

}  // namespace tokenvault
