#pragma once

#include <sqlite3.h>

#include <atomic>
#include <string>

namespace tokenvault {

// The usual disk, which fails on demand: a sqlite3_vfs registered under a name
// while this lives. Outlives the connections that use it.
//
//   FailingVfs disk("failing");
//   auto store = SqliteStore::Open({path, true}, disk.name());
//   disk.write_error = SQLITE_FULL;
class FailingVfs {
 public:
  explicit FailingVfs(std::string name);
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  const char* name() const { return name_.c_str(); }

  // What every write, or sync, answers with; SQLITE_OK: it is done.
  std::atomic<int> write_error{SQLITE_OK};
  std::atomic<int> sync_error{SQLITE_OK};
  std::atomic<int> read_error{SQLITE_OK};
  // Syncs that were asked for, failed ones too.
  std::atomic<int> syncs{0};
  std::atomic<int> writes{0};

 private:
  const std::string name_;
  sqlite3_vfs vfs_;
};

}  // namespace tokenvault
