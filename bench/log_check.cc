// B15, second half: how fast an exported audit log is checked.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "bench/quiet_program.h"
#include "bench/scenario.h"
#include "bench/seeded_vault.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "server/dev_mode.h"
#include "storage/open_store.h"
#include "vault/audit_events.h"
#include "vault/audit_exporter.h"
#include "vault/key_keeper.h"
#include "verify/program.h"

namespace tokenvault {
namespace {

constexpr size_t kCheckArenaBytes = size_t{1} << 20;
constexpr int kLoggedPeople = 1000;
constexpr int kLeavesABatch = 1000;
constexpr int kQuickLeaves = 50'000;
constexpr int kFullLeaves = 1'000'000;
constexpr double kLeastMegabytes = 300;  // a second

AuditEvent EventOf(const UserId& user, int number) {
  AuditEvent event;
  event.kind = audit_kind::kTokenGranted;
  event.tenant = TenantId("default");
  event.actor = "agents/bench-agent";
  event.user = user;
  event.provider = ProviderId("bench");
  event.connection = ConnectionId("01JD5T6M3Q8Z4N7V2X9K1B0C5E");
  event.scopes = {"calendar.read"};
  event.rule = "reads";
  event.token_id = absl::StrCat("t-", 100'000'000 + number);
  return event;
}

// A vault with so many leaves, written in large batches, and its export.
absl::Status WriteExport(const SeededVault& seeded, int leaves,
                         const std::string& path) {
  const Clock& clock = SystemClock();
  RETURN_IF_ERROR(seeded.Create());
  ASSIGN_OR_RETURN(std::unique_ptr<SecretArena> arena,
                   SecretArena::Create(kCheckArenaBytes));
  ASSIGN_OR_RETURN(RootKey root,
                   RootKey::FromFile(*arena, seeded.folder + "/root.key"));
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenStore({seeded.database(), /*create=*/false}));
  ASSIGN_OR_RETURN(std::unique_ptr<KeyKeeper> keys,
                   KeyKeeper::Open(*store, *arena, root, "file", clock));
  std::vector<UserId> people;
  for (int i = 0; i < kLoggedPeople; ++i) {
    ASSIGN_OR_RETURN(UserId user,
                     keys->UserOf(TenantId("default"),
                                  "https://login.example.com", SubjectOf(i)));
    people.push_back(std::move(user));
  }
  for (int first = 0; first < leaves; first += kLeavesABatch) {
    WriteBatch batch;
    for (int i = first; i < std::min(leaves, first + kLeavesABatch); ++i) {
      batch.Append(MakeAuditEntry(
          EventOf(people[static_cast<size_t>(i % kLoggedPeople)], i),
          clock.Now()));
    }
    RETURN_IF_ERROR(store->Commit(std::move(batch)));
  }
  NoteSigner signer(clock, *store, *keys);
  AuditTree tree(*store);
  Checkpoints checkpoints(clock, *store, signer, tree);
  AuditExporter exporter(*store, signer, tree, checkpoints);
  ASSIGN_OR_RETURN(const AuditRange range, exporter.Choose(0, 0));
  if (range.last < static_cast<uint64_t>(leaves)) {
    return absl::DataLossError("the export has too few leaves");
  }
  std::ofstream file(path, std::ios::binary);
  for (uint64_t next = range.first; next != 0;) {
    ASSIGN_OR_RETURN(AuditExporter::Piece piece, exporter.Read(range, next));
    file << piece.text;
    next = piece.next;
  }
  file.close();
  return file ? absl::OkStatus()
              : absl::UnavailableError("the export cannot be written");
}

// One letter of one leaf in the middle, and back. A check that does not see
// that is no check.
absl::Status CheckSeesAChange(const std::string& program,
                              const std::string& path, uint64_t bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(bytes / 2));
  std::string line;
  std::getline(file, line);  // the rest of some line
  std::streamoff at = file.tellg();
  std::getline(file, line);
  size_t letter = line.find("calendar");
  while (letter == std::string::npos && file) {
    at = file.tellg();
    std::getline(file, line);
    letter = line.find("calendar");
  }
  if (!file) return absl::DataLossError("the export has no leaf in its middle");
  file.seekp(at + static_cast<std::streamoff>(letter));
  file << 'k';
  file.close();
  ASSIGN_OR_RETURN(const int ended, RunToEnd({program, path}));
  return ended == kVerifyFailed
             ? absl::OkStatus()
             : absl::DataLossError("the check missed a changed leaf");
}

}  // namespace

absl::Status MeasureLogCheck(const Setting& setting, Report& report) {
  const int leaves = setting.full ? kFullLeaves : kQuickLeaves;
  ASSIGN_OR_RETURN(const PrivateFolder folder, PrivateFolder::Create());
  const std::string path = folder.path() + "/export";
  RETURN_IF_ERROR(
      WriteExport({folder.path(), "http://127.0.0.1:1", 1}, leaves, path));
  const auto bytes = std::filesystem::file_size(path);
  Sample megabytes;
  Sample per_second;
  for (int i = 0; i < setting.repetitions; ++i) {
    const absl::Time start = absl::Now();
    ASSIGN_OR_RETURN(const int ended, RunToEnd({setting.audit_verify, path}));
    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    if (ended != kVerified) {
      return absl::DataLossError("a log that is whole was not found so");
    }
    megabytes.values.push_back(static_cast<double>(bytes) / 1e6 / seconds);
    per_second.values.push_back(leaves / seconds);
  }
  RETURN_IF_ERROR(CheckSeesAChange(setting.audit_verify, path, bytes));
  const std::string where = absl::StrCat(leaves, " leaves");
  report.findings.push_back({"B15", "check of an exported log", where, "MB/s",
                             megabytes, Finding::Aim::kAtLeast,
                             kLeastMegabytes});
  report.findings.push_back(
      {"B15", "check of an exported log", where, "leaves/s", per_second});
  return absl::OkStatus();
}

}  // namespace tokenvault
