// [operators]: who may look at the whole vault.
#include "absl/strings/str_cat.h"
#include "server/config_sections.h"

namespace tokenvault {

std::optional<Operators> ReadOperators(const ConfigNode& root,
                                       const Directory& directory,
                                       ConfigReport& report) {
  const ConfigNode* node = root.Find("operators");
  if (node == nullptr) return std::nullopt;
  ConfigTable table(node, "operators", report);
  Operators operators;
  const std::string only_tenant = directory.tenants.size() == 1
                                      ? directory.tenants.begin()->first.value
                                      : "";
  operators.tenant = TenantId(table.String("tenant", only_tenant));
  operators.groups = table.Strings("groups", {});
  table.Finish();
  if (operators.tenant.empty() && directory.tenants.size() > 1) {
    table.Problem("tenant",
                  "tenant is missing: there are several, write whose identity "
                  "provider vouches for operators");
  } else if (!operators.tenant.empty() &&
             directory.FindTenant(operators.tenant) == nullptr) {
    std::vector<std::string> known;
    for (const auto& [id, tenant] : directory.tenants) {
      known.push_back(id.value);
    }
    table.Problem(
        "tenant",
        absl::StrCat("there is no tenant \"", operators.tenant.value, "\"",
                     DidYouMean(operators.tenant.value, known)));
  }
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
