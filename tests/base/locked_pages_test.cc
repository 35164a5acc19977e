#include "base/locked_pages.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

// Both kinds of pages keep the same promises.
class LockedPagesTest : public ::testing::TestWithParam<bool> {
 protected:
  static absl::StatusOr<LockedPages> Map(size_t bytes) {
    return GetParam() ? LockedPages::Map(bytes)
                      : LockedPages::MapWithMlock(bytes);
  }
  static size_t PageSize() { return static_cast<size_t>(getpagesize()); }

  // What the kernel says of the mapping that `address` lies in: VmFlags of
  // proc(5), such as "lo" locked, "dd" not dumped, "dc" not copied on fork.
  static std::vector<std::string> FlagsOf(const unsigned char* address) {
    const uintptr_t wanted = reinterpret_cast<uintptr_t>(address);
    std::ifstream smaps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(smaps, line);) {
      unsigned long begin = 0;
      unsigned long end = 0;
      // NOLINTNEXTLINE(cert-err34-c):
      // the kernel writes it, and both are read.
      if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
        inside = begin <= wanted && wanted < end;
      } else if (inside && line.rfind("VmFlags:", 0) == 0) {
        std::istringstream flags(line.substr(8));
        return {std::istream_iterator<std::string>(flags),
                std::istream_iterator<std::string>()};
      }
    }
    return {};
  }
};

std::string NameOfPages(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Best" : "Mlock";
}

INSTANTIATE_TEST_SUITE_P(Pages, LockedPagesTest, ::testing::Bool(),
                         NameOfPages);

TEST_P(LockedPagesTest, RoundsUpToWholePages) {
  for (size_t bytes : {size_t{0}, size_t{1}, PageSize(), PageSize() + 1}) {
    const size_t pages = bytes <= PageSize() ? 1 : 2;
    EXPECT_EQ(Map(bytes)->size(), pages * PageSize()) << bytes;
  }
}

TEST_P(LockedPagesTest, BeginsAsZeros) {
  const LockedPages pages = Map(1).value();
  EXPECT_TRUE(std::all_of(pages.begin(), pages.begin() + pages.size(),
                          [](unsigned char byte) { return byte == 0; }));
}

TEST_P(LockedPagesTest, IsLockedAndLeftOutOfCoreDumps) {
  const LockedPages pages = Map(1).value();
  EXPECT_THAT(FlagsOf(pages.begin()),
              ::testing::IsSupersetOf({"lo", "dd", "dc"}));
}

TEST_P(LockedPagesTest, MovesWithoutCopying) {
  LockedPages pages = Map(1).value();
  unsigned char* const where = pages.begin();
  where[0] = 'k';
  const LockedPages moved = std::move(pages);
  EXPECT_EQ(moved.begin(), where);
  EXPECT_EQ(moved.begin()[0], 'k');
  EXPECT_EQ(pages.begin(), nullptr);  // NOLINT: what moving leaves is promised
}

TEST_P(LockedPagesTest, UnmapsWhatAnotherTakesThePlaceOf) {
  LockedPages pages = Map(1).value();
  unsigned char* const where = pages.begin();
  pages = Map(PageSize() * 4).value();
  EXPECT_THAT(FlagsOf(where), ::testing::Not(::testing::Contains("lo")));
  EXPECT_EQ(pages.size(), PageSize() * 4);
}

TEST_P(LockedPagesTest, RefusesASizeThatCannotBeMeant) {
  for (size_t bytes : {(size_t{1} << 30) + 1, ~size_t{0}}) {
    EXPECT_EQ(ReasonOf(Map(bytes).status()), "MEMORY_NOT_LOCKED");
  }
}

using LockedPagesDeathTest = LockedPagesTest;

INSTANTIATE_TEST_SUITE_P(Pages, LockedPagesDeathTest, ::testing::Bool(),
                         NameOfPages);

TEST_P(LockedPagesDeathTest, HaveAPageBeforeThemThatNobodyTouches) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const LockedPages pages = Map(1).value();
  const volatile unsigned char* begin = pages.begin();
  EXPECT_DEATH((void)begin[-1], "");
}

TEST_P(LockedPagesDeathTest, HaveAPageAfterThemThatNobodyTouches) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const LockedPages pages = Map(1).value();
  const volatile unsigned char* begin = pages.begin();
  EXPECT_EQ(begin[PageSize() - 1], 0);
  EXPECT_DEATH((void)begin[PageSize()], "");
}

TEST_P(LockedPagesDeathTest, AreNotThereInAForkedChild) {
  GTEST_FLAG_SET(death_test_style, "fast");  // which forks
  const LockedPages pages = Map(1).value();
  const volatile unsigned char* begin = pages.begin();
  EXPECT_DEATH((void)begin[0], "");
}

TEST_P(LockedPagesDeathTest, RefuseMemoryThatTheyMayNotLock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        // Root may lock what it likes, so stop being root as well.
        const rlimit none = {};
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) _exit(2);
        if (geteuid() == 0 && seteuid(65534) != 0) _exit(3);
        const auto pages = Map(size_t{1} << 20);
        _exit(ReasonOf(pages.status()) == "MEMORY_NOT_LOCKED" ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tokenvault
