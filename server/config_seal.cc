// [seal] and [[root_sources]]: what opens the master keys.
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/config_sections.h"

namespace tokenvault {
namespace {

// The keys of each type; the second says whether it must be there, and what to
// write.
struct TypeKey {
  absl::string_view type;
  absl::string_view key;
  absl::string_view advice;  // "" for one that may be left out
};
constexpr TypeKey kTypeKeys[] = {
    {"file", "key_file",
     "write where the root key is, such as \"/etc/tokenvault/root.key\""},
    {"passphrase", "passphrase_file", ""},
    {"pkcs11", "module",
     "write where the library of the token's maker is, such as "
     "\"/usr/lib/softhsm/libsofthsm2.so\""},
    {"pkcs11", "uri",
     "write which key it is, such as \"pkcs11:token=vault;object=root\""},
    {"pkcs11", "pin_file", "write where the PIN of the token's user is"},
};

SecretFile ReadSecretPath(ConfigTable& table, absl::string_view key,
                          const ConfigContext& context) {
  SecretFile file;
  file.path = ReadPath(table, key, context);
  file.is_credential =
      !file.empty() && absl::StartsWith(table.Find(key)->text, "cred:");
  return file;
}

RootSourceSettings ReadSource(ConfigTable& table,
                              const ConfigContext& context) {
  RootSourceSettings source;
  source.kind = table.OneOf("type", {"file", "passphrase", "pkcs11"}, "");
  source.key_file = ReadSecretPath(table, "key_file", context);
  source.passphrase_file = ReadSecretPath(table, "passphrase_file", context);
  source.token.module = ReadPath(table, "module", context);
  source.token.uri = table.String("uri", "");
  source.token.pin_file = ReadSecretPath(table, "pin_file", context);
  for (const TypeKey& of : kTypeKeys) {
    if (source.kind.empty()) break;
    if (of.type != source.kind && table.Has(of.key)) {
      table.Problem(of.key, absl::StrCat(of.key, " is for type = \"", of.type,
                                         "\" only"));
    }
    if (of.type == source.kind && !of.advice.empty() && !table.Has(of.key)) {
      table.Problem(of.key, absl::StrCat(of.key, " is missing: ", of.advice));
    }
  }
  if (table.Has("uri") && !absl::StartsWith(source.token.uri, "pkcs11:")) {
    table.Problem("uri",
                  "uri wants a PKCS#11 URI: \"pkcs11:token=…;object=…\"");
  }
  return source;
}

}  // namespace

std::vector<RootSourceSettings> ReadRootSources(const ConfigNode& root,
                                                const ConfigContext& context) {
  std::vector<RootSourceSettings> sources;
  ConfigTable seal(root.Find("seal"), "seal", context.report);
  RootSourceSettings first = ReadSource(seal, context);
  // The vault has known it by that name since `tokenvault init`.
  first.id = first.kind;
  seal.Finish();
  if (!first.kind.empty()) {
    sources.push_back(std::move(first));
  } else if (!context.options.dev && !seal.Has("type")) {
    seal.Problem("type",
                 "[seal] type is missing: write type = \"file\" and key_file, "
                 "or type = \"passphrase\", or type = \"pkcs11\"");
  }
  std::set<std::string> ids = {"file", "passphrase", "pkcs11"};
  for (const ConfigNode& node :
       TablesOf(root, "root_sources", context.report)) {
    ConfigTable table(&node, "root_sources", context.report);
    const std::string id = table.RequiredId("id");
    table.Rename(absl::StrCat("root_sources.", id));
    if (!id.empty() && !ids.insert(id).second) {
      table.Problem("id", absl::StrCat("the id ", id,
                                       " is taken: each source has its own, "
                                       "and [seal] is called by its type"));
    }
    RootSourceSettings source = ReadSource(table, context);
    if (!table.Has("type")) {
      table.Problem("type",
                    "type is missing: write \"file\", \"passphrase\" or "
                    "\"pkcs11\"");
    }
    table.Finish();
    source.id = id;
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace tokenvault
