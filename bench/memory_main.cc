// What it costs to overwrite memory when it is freed (base/wiping_free.cc), and
// to keep Secrets in locked memory. In one process: malloc() and free() are
// ours here, and glibc's own are called by the names it keeps for them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/secret_memory.h"

extern "C" {
void* __libc_malloc(size_t size);  // NOLINT: the name is glibc's
void __libc_free(void* block);     // NOLINT
}

namespace tokenvault {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kRepetitions = 9;
constexpr double kBytesARun = 64e6;

// Nanoseconds for one `act`, the median of some runs.
double Measure(size_t size, const std::function<void()>& act) {
  const int rounds =
      std::max(2000, static_cast<int>(kBytesARun / static_cast<double>(size)));
  std::vector<double> runs;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const auto start = SteadyClock::now();
    for (int round = 0; round < rounds; ++round) act();
    runs.push_back(
        std::chrono::duration<double, std::nano>(SteadyClock::now() - start)
            .count() /
        rounds);
  }
  std::sort(runs.begin(), runs.end());
  return runs[runs.size() / 2];
}

// The compiler may not leave out a block that nobody looks at.
void Use(void* block) { *static_cast<volatile char*>(block) = 'x'; }

void Row(const std::string& what, double plain, double ours) {
  std::printf("| %s | %.0f ns | %.0f ns | %.1f |\n", what.c_str(), plain, ours,
              ours / plain);
}

int Main() {
  std::printf("| take and give back | glibc's | ours | ratio |\n");
  std::printf("| --- | --- | --- | --- |\n");
  for (size_t size : {32, 128, 512, 2048, 8192, 65536}) {
    const double plain = Measure(size, [size] {
      void* block = __libc_malloc(size);
      Use(block);
      __libc_free(block);
    });
    const double ours = Measure(size, [size] {
      void* block = std::malloc(size);
      Use(block);
      std::free(block);
    });
    Row(std::to_string(size) + " bytes", plain, ours);
  }
  const std::string token(60, 't');
  const auto secret = [&token] { (void)Secret::Copy(token).size(); };
  const double plain = Measure(1000, secret);
  if (!LockSecrets(1 << 20).ok()) {
    std::fprintf(stderr, "memory cannot be locked\n");
    return 1;
  }
  std::printf("\n| | ordinary memory | locked memory | ratio |\n");
  std::printf("| --- | --- | --- | --- |\n");
  Row("a Secret of 60 bytes", plain, Measure(1000, secret));
  return 0;
}

}  // namespace
}  // namespace tokenvault

int main() { return tokenvault::Main(); }
