#include "storage/sqlite/schema.h"

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/migrations.h"

namespace tokenvault {
namespace {

// The step and the new version number, together or not at all.
absl::Status Migrate(SqliteConnection& writer, const Migration& migration) {
  RETURN_IF_ERROR(writer.Run("BEGIN IMMEDIATE"));
  absl::Status done = writer.RunScript(
      absl::StrCat(migration.sql, ";\nPRAGMA application_id=", kApplicationId,
                   ";\nPRAGMA user_version=", migration.version));
  if (done.ok()) done = writer.Run("COMMIT");
  if (writer.InTransaction()) writer.Run("ROLLBACK").IgnoreError();
  return done;
}

}  // namespace

absl::Status PrepareSchema(SqliteConnection& writer,
                           const std::vector<EmbeddedFile>& files,
                           bool create) {
  ASSIGN_OR_RETURN(int64_t application, writer.Number("PRAGMA application_id"));
  ASSIGN_OR_RETURN(int64_t version, writer.Number("PRAGMA user_version"));
  ASSIGN_OR_RETURN(int64_t things,
                   writer.Number("SELECT count(*) FROM sqlite_schema"));
  const bool blank = application == 0 && version == 0 && things == 0;
  if (blank && !create) return errors::StorageNotInitialized();
  if (!blank && application != kApplicationId) {
    return errors::StorageForeign("it belongs to another program");
  }
  ASSIGN_OR_RETURN(std::vector<Migration> pending,
                   PendingMigrations(files, static_cast<int>(version)));
  for (const Migration& migration : pending) {
    RETURN_IF_ERROR(Migrate(writer, migration));
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
