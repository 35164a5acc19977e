#include "server/swap.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "base/errors.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

constexpr char kTitles[] = "Filename\tType\tSize\tUsed\tPriority\n";
constexpr char kDisk[] = "/dev/sda2 partition\t8388604\t0\t-2\n";

// What the kernel says, in a folder instead of at the root.
class SwapTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  TempFolder folder_;
  const std::string root_ = folder_.File("root");
};

TEST_F(SwapTest, ServesWithoutSwap) {
  Write("/proc/swaps", kTitles);
  EXPECT_TRUE(CheckSwap(/*allowed=*/false, root_).ok());
}

TEST_F(SwapTest, ServesWhereTheKernelHasNone) {
  EXPECT_TRUE(CheckSwap(/*allowed=*/false, root_).ok());
}

TEST_F(SwapTest, RefusesSwap) {
  Write("/proc/swaps", std::string(kTitles) + kDisk);
  const absl::Status refused = CheckSwap(/*allowed=*/false, root_);
  EXPECT_EQ(ReasonOf(refused), "CONFIG_INVALID");
  EXPECT_EQ(MetadataOf(refused, "where"), "server.allow_swap");
}

TEST_F(SwapTest, ServesWithSwapThatIsAllowed) {
  Write("/proc/swaps", std::string(kTitles) + kDisk);
  EXPECT_TRUE(CheckSwap(/*allowed=*/true, root_).ok());
  EXPECT_TRUE(MayBeSwapped(root_));
}

TEST_F(SwapTest, ServesInAGroupThatMayNotSwap) {
  Write("/proc/swaps", std::string(kTitles) + kDisk);
  Write("/proc/self/cgroup", "0::/system.slice/tokenvault.service\n");
  const std::string limit =
      "/sys/fs/cgroup/system.slice/tokenvault.service/memory.swap.max";
  Write(limit, "max\n");
  EXPECT_FALSE(CheckSwap(/*allowed=*/false, root_).ok());
  Write(limit, "0\n");
  EXPECT_TRUE(CheckSwap(/*allowed=*/false, root_).ok());
}

TEST_F(SwapTest, RefusesSwapInAGroupThatSaysNothing) {
  Write("/proc/swaps", std::string(kTitles) + kDisk);
  Write("/proc/self/cgroup", "1:cpu:/\n0::/init.scope\n");
  EXPECT_FALSE(CheckSwap(/*allowed=*/false, root_).ok());
}

}  // namespace
}  // namespace tokenvault
