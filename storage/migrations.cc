#include "storage/migrations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr size_t kVersionDigits = 4;

}  // namespace

absl::StatusOr<std::vector<Migration>> PendingMigrations(
    const std::vector<EmbeddedFile>& files, int current) {
  std::vector<Migration> all;
  for (const EmbeddedFile& file : files) {
    Migration migration{0, file.content};
    if (!absl::SimpleAtoi(file.name.substr(0, kVersionDigits),
                          &migration.version)) {
      return errors::Internal("a schema file is not named by its version");
    }
    all.push_back(std::move(migration));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].version != static_cast<int>(i) + 1) {
      return errors::Internal("the schema files are not numbered 1, 2, …");
    }
  }
  if (current > static_cast<int>(all.size())) {
    return errors::StorageForeign(absl::StrCat(
        "its schema is version ", current, ", this program knows up to ",
        all.size(), "; use the newer program"));
  }
  all.erase(all.begin(), all.begin() + std::max(current, 0));
  return all;
}

}  // namespace tokenvault
