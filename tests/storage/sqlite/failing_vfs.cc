#include "tests/storage/sqlite/failing_vfs.h"

#include <utility>

namespace tokenvault {
namespace {

// SQLite gives us room for this and, right after it, for the real file.
struct File {
  sqlite3_file base;
  FailingVfs* owner;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return Of(file)->real(); }
const sqlite3_io_methods* Do(sqlite3_file* file) {
  return Real(file)->pMethods;
}

sqlite3_vfs* RealVfs() {
  static sqlite3_vfs* const kReal = sqlite3_vfs_find("unix");
  return kReal;
}

const sqlite3_io_methods* Methods() {
  static const sqlite3_io_methods kMethods = {
      .iVersion = 2,
      .xClose = [](sqlite3_file* f) { return Do(f)->xClose(Real(f)); },
      .xRead =
          [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
            if (int code = Of(f)->owner->read_error) return code;
            return Do(f)->xRead(Real(f), to, size, at);
          },
      .xWrite =
          [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
            ++Of(f)->owner->writes;
            if (int code = Of(f)->owner->write_error) return code;
            return Do(f)->xWrite(Real(f), from, size, at);
          },
      .xTruncate = [](sqlite3_file* f,
                      sqlite3_int64 n) { return Do(f)->xTruncate(Real(f), n); },
      .xSync =
          [](sqlite3_file* f, int flags) {
            ++Of(f)->owner->syncs;
            if (int code = Of(f)->owner->sync_error) return code;
            return Do(f)->xSync(Real(f), flags);
          },
      .xFileSize =
          [](sqlite3_file* f, sqlite3_int64* n) {
            return Do(f)->xFileSize(Real(f), n);
          },
      .xLock = [](sqlite3_file* f, int n) { return Do(f)->xLock(Real(f), n); },
      .xUnlock = [](sqlite3_file* f,
                    int n) { return Do(f)->xUnlock(Real(f), n); },
      .xCheckReservedLock =
          [](sqlite3_file* f, int* n) {
            return Do(f)->xCheckReservedLock(Real(f), n);
          },
      .xFileControl =
          [](sqlite3_file* f, int what, void* with) {
            return Do(f)->xFileControl(Real(f), what, with);
          },
      .xSectorSize =
          [](sqlite3_file* f) { return Do(f)->xSectorSize(Real(f)); },
      .xDeviceCharacteristics =
          [](sqlite3_file* f) {
            return Do(f)->xDeviceCharacteristics(Real(f));
          },
      .xShmMap =
          [](sqlite3_file* f, int page, int size, int extend,
             void volatile** map) {
            return Do(f)->xShmMap(Real(f), page, size, extend, map);
          },
      .xShmLock =
          [](sqlite3_file* f, int from, int n, int flags) {
            return Do(f)->xShmLock(Real(f), from, n, flags);
          },
      .xShmBarrier = [](sqlite3_file* f) { Do(f)->xShmBarrier(Real(f)); },
      .xShmUnmap = [](sqlite3_file* f,
                      int remove) { return Do(f)->xShmUnmap(Real(f), remove); },
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };
  return &kMethods;
}

int OpenFile(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
             int* got) {
  Of(file)->owner = static_cast<FailingVfs*>(vfs->pAppData);
  int code = RealVfs()->xOpen(RealVfs(), name, Real(file), flags, got);
  // SQLite closes a file only if it has methods.
  file->pMethods = code == SQLITE_OK ? Methods() : nullptr;
  return code;
}

}  // namespace

FailingVfs::FailingVfs(std::string name)
    : name_(std::move(name)), vfs_(*RealVfs()) {
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + RealVfs()->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = OpenFile;
  sqlite3_vfs_register(&vfs_, /*makeDflt=*/0);
}

FailingVfs::~FailingVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace tokenvault
