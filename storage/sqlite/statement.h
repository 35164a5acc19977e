#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "storage/sqlite/connection.h"

struct sqlite3_stmt;

namespace tokenvault {

// Times on disk: microseconds, and two values for what is not a time.
inline constexpr int64_t kNeverMicros = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kNotYetMicros = std::numeric_limits<int64_t>::min();

// A compiled statement of a connection, for as long as this object lives. Binds
// parameters in order, then reads columns in order, each by its type. The first
// thing that goes wrong is kept, makes the rest harmless, and is what Step and
// status() answer; so a row is read whole and checked once.
//
//   Statement select(connection, "SELECT kind, leaf FROM audit WHERE …");
//   select.Text(tenant.value);
//   ASSIGN_OR_RETURN(bool found, select.Step());
//   entry.kind = select.TakeText();
//   entry.leaf = select.TakeText();
//   RETURN_IF_ERROR(select.status());
class Statement {
 public:
  Statement(SqliteConnection& connection, absl::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Text(const std::string& value);
  void Blob(const std::string& value);
  void Int(int64_t value);
  void Time(absl::Time value);
  void Scopes(const ScopeSet& value) { Text(value.ToString()); }
  // One a line; none has a line end.
  void Lines(const std::vector<std::string>& value);
  // As lines of name=value.
  void Pairs(const std::map<std::string, std::string>& value);
  template <typename Tag>
  void Name(const Id<Tag>& value) {
    Text(value.value);
  }
  template <typename Enum>
  void State(Enum value) {
    Int(static_cast<int64_t>(value));
  }

  // True: a row is there. False: done.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run() { return Step().status(); }

  // The next column of the row. A value of another type, or outside of what
  // records.h allows, is STORAGE_CORRUPT.
  std::string TakeText();
  std::string TakeBlob();
  int64_t TakeInt();
  uint64_t TakeUint64() { return TakeWithin(0, kNeverMicros); }
  uint32_t TakeUint32() {
    return TakeWithin(0, std::numeric_limits<uint32_t>::max());
  }
  bool TakeBool() { return TakeWithin(0, 1) == 1; }
  absl::Time TakeTime();
  ScopeSet TakeScopes() { return ScopeSet::Parse(TakeText()); }
  std::vector<std::string> TakeLines();
  std::map<std::string, std::string> TakePairs();
  template <typename Tag>
  void Take(Id<Tag>& name) {
    name.value = TakeText();
  }
  // Enumerations of records.h start at 1 and have no holes.
  template <typename Enum>
  void Take(Enum& state, Enum last) {
    state = static_cast<Enum>(TakeWithin(1, static_cast<int64_t>(last)));
  }

  absl::Status status() const;
  // The extended result code behind status().
  int code() const { return code_; }

 private:
  int64_t TakeWithin(int64_t least, int64_t most);
  bool NextIs(int type);
  void Note(int code);

  SqliteConnection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  int code_;
  int parameter_ = 0;
  int column_ = 0;
};

}  // namespace tokenvault
