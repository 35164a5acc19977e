#include "storage/sqlite/schema.h"

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/migrations.h"

namespace tokenvault {
namespace {

// The step and the new version number, together or not at all. A step may make
// a table anew that others refer to: what it refers to is checked at its end.
absl::Status Migrate(SqliteConnection& writer, const Migration& migration) {
  RETURN_IF_ERROR(writer.RunScript("PRAGMA foreign_keys=OFF"));
  absl::Status done = writer.Run("BEGIN IMMEDIATE");
  if (done.ok()) {
    done = writer.RunScript(
        absl::StrCat(migration.sql, ";\nPRAGMA application_id=", kApplicationId,
                     ";\nPRAGMA user_version=", migration.version));
  }
  if (done.ok()) {
    absl::StatusOr<int64_t> orphans =
        writer.Number("SELECT count(*) FROM pragma_foreign_key_check");
    done = orphans.status();
    if (orphans.ok() && *orphans > 0) {
      done = errors::Internal("a step of the schema left rows without parents");
    }
  }
  if (done.ok()) done = writer.Run("COMMIT");
  if (writer.InTransaction()) writer.Run("ROLLBACK").IgnoreError();
  RETURN_IF_ERROR(writer.RunScript("PRAGMA foreign_keys=ON"));
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
