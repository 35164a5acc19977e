// kill -9, at any moment: what was acknowledged is there.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "storage/open_store.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

// A process that commits to the vault at `path` until it is killed.
class Child {
 public:
  explicit Child(const std::string& path) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::string program = COMMITTING_CHILD, argument = path;
    char* const arguments[] = {program.data(), argument.data(), nullptr};
    EXPECT_EQ(posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments,
                          environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    acknowledged_ = ends[0];
  }
  ~Child() {
    if (pid_ > 0) Kill();
    close(acknowledged_);
  }

  // The next number that is durable; 0 when the child is dead and has told all.
  uint64_t Next() {
    uint64_t number = 0;
    size_t got = 0;
    while (got < sizeof(number)) {
      ssize_t n = read(acknowledged_, reinterpret_cast<char*>(&number) + got,
                       sizeof(number) - got);
      if (n <= 0) return 0;
      got += n;
    }
    return number;
  }

  void Kill() {
    kill(pid_, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int acknowledged_ = -1;
};

TEST(CrashTest, KeepsEveryAcknowledgedCommit) {
  TempFolder folder;
  const std::string path = folder.File("vault.db");
  uint64_t before = 0;
  for (int round = 0; round < 25; ++round) {
    uint64_t told = before;
    {
      Child child(path);
      // A different moment each time, from within the first groups on.
      for (int i = 0; i < 1 + round * 23; ++i) {
        told = child.Next();
        ASSERT_NE(told, 0u);
      }
      child.Kill();
      while (uint64_t number = child.Next()) told = number;
    }
    auto store = OpenStore({path, false});
    ASSERT_THAT(store.status(), IsOk());
    auto entries = (*store)->ListAuditEntries({}, 1 << 20);
    ASSERT_THAT(entries.status(), IsOk());
    ASSERT_GE(entries->size(), told) << "round " << round;
    for (size_t i = 0; i < entries->size(); ++i) {
      ASSERT_EQ(entries->at(i).sequence, i + 1);
      ASSERT_EQ(entries->at(i).leaf, std::to_string(i + 1));
    }
    ASSERT_THAT((*store)->CheckIntegrity(), IsOk());
    before = entries->size();
  }
}

TEST(CrashTest, KeepsOtherProcessesOutWhileItLives) {
  TempFolder folder;
  const std::string path = folder.File("vault.db");
  Child child(path);
  ASSERT_NE(child.Next(), 0u);
  EXPECT_THAT(OpenStore({path, false}).status(),
              HasErrorReason("STORAGE_BUSY"));
  child.Kill();
  EXPECT_THAT(OpenStore({path, false}).status(), IsOk());
}

}  // namespace
}  // namespace tokenvault
