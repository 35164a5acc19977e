#pragma once

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/statement.h"

// What a bound SELECT of whole records finds, for the reading files beside this
// one. Errors of Statement.
namespace tokenvault {

// NOT_FOUND, with that noun, when there is none.
template <typename Record>
absl::StatusOr<Record> One(Statement& select, const char* noun) {
  ASSIGN_OR_RETURN(bool found, select.Step());
  if (!found) return errors::NotFound(noun);
  Record record;
  Read(select, record);
  RETURN_IF_ERROR(select.status());
  return record;
}

template <typename Record>
absl::StatusOr<std::vector<Record>> All(Statement& select) {
  std::vector<Record> records;
  while (true) {
    ASSIGN_OR_RETURN(bool found, select.Step());
    if (!found) return records;
    Read(select, records.emplace_back());
    RETURN_IF_ERROR(select.status());
  }
}

// A negative limit would be none to SQLite.
inline int Limit(int limit) { return std::max(limit, 0); }

}  // namespace tokenvault
