#include "storage/sqlite/statement.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "storage/sqlite/sqlite_errors.h"

namespace tokenvault {

Statement::Statement(SqliteConnection& connection, absl::string_view sql)
    : connection_(connection), code_(SQLITE_OK) {
  statement_ = connection_.TakeStatement(sql, code_);
}

Statement::~Statement() {
  if (statement_ != nullptr) connection_.GiveBackStatement(statement_);
}

void Statement::Text(const std::string& value) {
  if (code_ != SQLITE_OK) return;
  Note(sqlite3_bind_text64(statement_, ++parameter_, value.data(), value.size(),
                           SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::Blob(const std::string& value) {
  if (code_ != SQLITE_OK) return;
  Note(sqlite3_bind_blob64(statement_, ++parameter_, value.data(), value.size(),
                           SQLITE_TRANSIENT));
}

void Statement::Int(int64_t value) {
  if (code_ != SQLITE_OK) return;
  Note(sqlite3_bind_int64(statement_, ++parameter_, value));
}

void Statement::Time(absl::Time value) {
  Int(value == absl::InfiniteFuture() ? kNeverMicros
      : value == absl::InfinitePast() ? kNotYetMicros
                                      : absl::ToUnixMicros(value));
}

absl::StatusOr<bool> Statement::Step() {
  column_ = 0;
  if (code_ == SQLITE_OK) {
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Note(code);
  }
  return status();
}

void Statement::Lines(const std::vector<std::string>& value) {
  Text(absl::StrJoin(value, "\n"));
}

std::vector<std::string> Statement::TakeLines() {
  return absl::StrSplit(TakeText(), '\n', absl::SkipEmpty());
}

void Statement::Pairs(const std::map<std::string, std::string>& value) {
  std::string text;
  for (const auto& [name, said] : value) {
    absl::StrAppend(&text, name, "=", said, "\n");
  }
  Text(text);
}

std::map<std::string, std::string> Statement::TakePairs() {
  const std::string text = TakeText();
  std::map<std::string, std::string> pairs;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    pairs.insert(absl::StrSplit(line, absl::MaxSplits('=', 1)));
  }
  return pairs;
}

std::string Statement::TakeText() {
  if (!NextIs(SQLITE_TEXT)) return "";
  int column = column_++;
  // The text first, then its length: SQLite wants that order.
  const unsigned char* text = sqlite3_column_text(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  if (text == nullptr) {
    Note(SQLITE_NOMEM);
    return "";
  }
  return std::string(reinterpret_cast<const char*>(text), size);
}

std::string Statement::TakeBlob() {
  if (!NextIs(SQLITE_BLOB)) return "";
  int column = column_++;
  const void* bytes = sqlite3_column_blob(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  // Null is how SQLite gives a blob of no bytes.
  return bytes == nullptr ? ""
                          : std::string(static_cast<const char*>(bytes), size);
}

int64_t Statement::TakeInt() {
  if (!NextIs(SQLITE_INTEGER)) return 0;
  return sqlite3_column_int64(statement_, column_++);
}

absl::Time Statement::TakeTime() {
  int64_t micros = TakeInt();
  if (micros == kNeverMicros) return absl::InfiniteFuture();
  if (micros == kNotYetMicros) return absl::InfinitePast();
  return absl::FromUnixMicros(micros);
}

absl::Status Statement::status() const { return FromSqlite(code_); }

int64_t Statement::TakeWithin(int64_t least, int64_t most) {
  int64_t value = TakeInt();
  if (code_ == SQLITE_OK && (value < least || value > most)) {
    Note(SQLITE_CORRUPT);
  }
  return code_ == SQLITE_OK ? value : least;
}

bool Statement::NextIs(int type) {
  if (code_ != SQLITE_OK) return false;
  if (sqlite3_column_type(statement_, column_) == type) return true;
  Note(SQLITE_CORRUPT);
  return false;
}

void Statement::Note(int code) {
  if (code_ == SQLITE_OK) code_ = connection_.Note(code);
}

}  // namespace tokenvault
