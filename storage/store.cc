#include "storage/store.h"

#include <utility>

#include "base/await.h"

namespace tokenvault {

absl::Status Store::Commit(WriteBatch batch) {
  return Await([&](absl::AnyInvocable<void(absl::Status)> done) {
    Commit(std::move(batch), std::move(done));
  });
}

}  // namespace tokenvault
