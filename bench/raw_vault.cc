#include "bench/raw_vault.h"

#include <sqlite3.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "bench/seeded_vault.h"

namespace tokenvault {
namespace {

constexpr char kConnectionOf[] =
    "SELECT * FROM connection WHERE tenant='default' AND user=?";
constexpr char kDataKeyOf[] =
    "SELECT * FROM dek WHERE tenant='default' AND subject=?";
constexpr char kGrantOf[] =
    "SELECT * FROM agent_grant WHERE tenant='default' AND connection=? AND "
    "agent='bench-agent'";

absl::Status Unreadable() {
  return absl::UnavailableError("the database cannot be read");
}

// One statement with at most one parameter, a text.
class RawQuery {
 public:
  RawQuery(sqlite3* handle, const char* sql)
      : statement_(nullptr, sqlite3_finalize) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr);
    statement_.reset(statement);
  }

  void Bind(const std::string& text) {
    sqlite3_reset(statement_.get());
    sqlite3_bind_text(statement_.get(), 1, text.data(),
                      static_cast<int>(text.size()), SQLITE_STATIC);
  }
  // SQLITE_ROW, SQLITE_DONE, or what went wrong.
  int Step() { return sqlite3_step(statement_.get()); }
  std::string Text(int column) {
    const void* text = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return std::string(static_cast<const char*>(text),
                       static_cast<size_t>(size));
  }
  int64_t Number(int column) {
    return sqlite3_column_int64(statement_.get(), column);
  }

  // The one row for `key`, all of it.
  bool ReadRow(const std::string& key) {
    Bind(key);
    if (Step() != SQLITE_ROW) return false;
    for (int i = 0; i < sqlite3_column_count(statement_.get()); ++i) {
      sqlite3_column_blob(statement_.get(), i);
    }
    return Step() == SQLITE_DONE;
  }

 private:
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RawVault>> RawVault::Open(
    const std::string& database) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(database.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  Handle owned(handle, sqlite3_close);
  if (code != SQLITE_OK) return Unreadable();
  return std::unique_ptr<RawVault>(new RawVault(std::move(owned)));
}

absl::StatusOr<std::vector<RawVault::Keys>> RawVault::FindKeys(
    const std::vector<int>& people) {
  absl::flat_hash_map<std::string, size_t> wanted;
  for (size_t i = 0; i < people.size(); ++i) {
    wanted[SubjectOf(people[i])] = i;
  }
  std::vector<Keys> keys(people.size());
  size_t found = 0;
  RawQuery all(handle_.get(), "SELECT account_id, user, id FROM connection");
  int code = all.Step();
  for (; code == SQLITE_ROW; code = all.Step()) {
    auto it = wanted.find(all.Text(0));
    if (it == wanted.end()) continue;
    keys[it->second] = {all.Text(1), all.Text(2)};
    ++found;
  }
  if (code != SQLITE_DONE) return Unreadable();
  if (found != people.size()) {
    return absl::NotFoundError("somebody has no connection");
  }
  return keys;
}

absl::StatusOr<Sample> RawVault::ReadEach(const std::vector<Keys>& people) {
  RawQuery connection(handle_.get(), kConnectionOf);
  RawQuery data_key(handle_.get(), kDataKeyOf);
  RawQuery grant(handle_.get(), kGrantOf);
  Sample micros;
  for (const Keys& keys : people) {
    const absl::Time start = absl::Now();
    if (!connection.ReadRow(keys.user) || !data_key.ReadRow(keys.user) ||
        !grant.ReadRow(keys.connection)) {
      return Unreadable();
    }
    micros.values.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
  }
  return micros;
}

absl::StatusOr<uint64_t> RawVault::NewestLeaf() {
  RawQuery newest(handle_.get(), "SELECT max(sequence) FROM audit");
  if (newest.Step() != SQLITE_ROW) return Unreadable();
  return static_cast<uint64_t>(newest.Number(0));
}

}  // namespace tokenvault
