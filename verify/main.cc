#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "verify/program.h"

int main(int argc, char** argv) {
  if (absl::Status status = tokenvault::InitCrypto(); !status.ok()) {
    fprintf(stderr, "tokenvault-audit-verify: %s\n",
            std::string(status.message()).c_str());
    return tokenvault::kVerifyLocalMistake;
  }
  return tokenvault::RunVerify(std::vector<std::string>(argv + 1, argv + argc),
                               stdout, stderr, isatty(STDERR_FILENO) == 1);
}
