// [audit] and [[witnesses]]: how long the log is kept, and who else sees it.
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "crypto/cosignature.h"
#include "server/config_sections.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kShortestKeep = absl::Hours(24);

std::vector<WitnessSettings> ReadWitnesses(const ConfigNode& root,
                                           const ConfigContext& context) {
  std::vector<WitnessSettings> witnesses;
  std::set<std::string> ids;
  for (const ConfigNode& node : TablesOf(root, "witnesses", context.report)) {
    ConfigTable table(&node, "witnesses", context.report);
    WitnessSettings witness;
    witness.id = table.RequiredId("id");
    table.Rename(absl::StrCat("witnesses.", witness.id));
    if (!witness.id.empty() && !ids.insert(witness.id).second) {
      table.Problem("id", absl::StrCat("the id ", witness.id,
                                       " is taken: each witness has its own"));
    }
    witness.folder = ReadPath(table, "folder", context);
    witness.url = table.String("url", "");
    witness.key = table.String("vkey", "");
    table.Finish();
    if (table.Has("folder") == table.Has("url")) {
      table.Problem("folder",
                    "a witness has a folder or a url: write one of them, such "
                    "as folder = \"/mnt/witness\"");
    } else if (table.Has("url")) {
      CheckUrl(table, "url", witness.url, context);
      if (absl::EndsWith(witness.url, "/")) {
        table.Problem("url", "url stands without a slash at its end");
      }
      if (!WitnessKey::Parse(witness.key).ok()) {
        table.Problem("vkey",
                      "vkey wants the key by which the witness signs "
                      "checkpoints: \"NAME+KEYID+KEY\"");
      }
    } else if (table.Has("vkey")) {
      table.Problem("vkey", "vkey is for a url only");
    }
    witnesses.push_back(std::move(witness));
  }
  return witnesses;
}

}  // namespace

AuditSettings ReadAudit(const ConfigNode& root, const ConfigContext& context) {
  AuditSettings settings;
  ConfigTable table(root.Find("audit"), "audit", context.report);
  settings.archive_folder = ReadPath(table, "archive_folder", context);
  if (table.Has("keep")) {
    settings.keep =
        table.Duration("keep", absl::InfiniteDuration(), kShortestKeep);
    if (!table.Has("archive_folder")) {
      table.Problem("keep",
                    "keep needs archive_folder: what is not kept in the "
                    "database is kept there");
    }
  } else if (table.Has("archive_folder")) {
    table.Problem("archive_folder",
                  "archive_folder needs keep: how long leaves stay in the "
                  "database, such as keep = \"90d\"");
  }
  table.Finish();
  settings.witnesses = ReadWitnesses(root, context);
  return settings;
}

}  // namespace tokenvault
