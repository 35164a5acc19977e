#include "storage/open_store.h"

#include <utility>

#include "base/status_macros.h"
#include "storage/sqlite/sqlite_store.h"

namespace tokenvault {

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store, SqliteStore::Open(options));
  return store;
}

}  // namespace tokenvault
