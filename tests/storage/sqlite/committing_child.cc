// committing_child PATH: opens the vault there and appends audit entries, many
// at a time and without end, whose leaf is their number. Writes that number to
// standard output, as eight bytes, once the store said that it is durable.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "storage/open_store.h"

int main(int argc, char** argv) {
  using namespace tokenvault;
  if (argc != 2) return 2;
  auto store = OpenStore({argv[1], /*create=*/true});
  if (!store.ok()) return 3;
  auto last = (*store)->ListLastAuditEntries({}, 1);
  if (!last.ok()) return 4;

  constexpr int kInFlight = 40;
  Mutex mutex;
  CondVar one_less;
  int in_flight = 0;
  uint64_t number = last->empty() ? 0 : last->back().sequence;
  while (true) {
    {
      MutexLock lock(mutex);
      while (in_flight == kInFlight) one_less.Wait(mutex);
      ++in_flight;
    }
    ++number;
    AuditEntry entry;
    entry.time = absl::UnixEpoch();
    entry.kind = "test";
    entry.leaf = std::to_string(number);
    WriteBatch batch;
    batch.Append(std::move(entry));
    (*store)->Commit(std::move(batch), [&, number](absl::Status status) {
      // Gone without a word: the parent counts what it was told.
      if (!status.ok()) _exit(5);
      if (write(STDOUT_FILENO, &number, sizeof(number)) != sizeof(number)) {
        _exit(6);
      }
      MutexLock lock(mutex);
      --in_flight;
      one_less.NotifyOne();
    });
  }
}
