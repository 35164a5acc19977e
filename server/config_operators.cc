// [operators]: who may look at the whole vault.
#include "server/config_sections.h"

namespace tokenvault {

std::optional<Operators> ReadOperators(const ConfigNode& root,
                                       const Directory& directory,
                                       ConfigReport& report) {
  const ConfigNode* node = root.Find("operators");
  if (node == nullptr) return std::nullopt;
  ConfigTable table(node, "operators", report);
  Operators operators;
  operators.tenant = ReadTenantOf(
      table, directory, "whose identity provider vouches for operators");
  operators.groups = table.Strings("groups", {});
  table.Finish();
  // What is no list of names was reported already.
  const ConfigNode* groups = node->Find("groups");
  if (groups == nullptr ||
      (groups->kind == ConfigNode::Kind::kArray && groups->items.empty())) {
    table.Problem("groups",
                  "groups names nobody: write whose people are operators, as "
                  "the identity provider names them, such as "
                  "[\"vault-operators\"]");
  }
  return operators;
}

}  // namespace tokenvault
