#pragma once

#include "server/config_reader.h"
#include "vault/policy_rule.h"

// The parts of one of [[policies]] that look alike for every provider. Inside
// of server/config_policies; whatever is wrong goes to the report.
namespace tokenvault {

// persons, groups, resources, hours, networks.
void ReadConditions(ConfigTable& table, ConfigReport& report, PolicyRule& rule);
// max_lifetime, budget; `rule.effect` is known.
void ReadLimits(ConfigTable& table, ConfigReport& report, PolicyRule& rule);
// approval; `rule.effect` is known.
void ReadApproval(ConfigTable& table, ConfigReport& report, PolicyRule& rule);

}  // namespace tokenvault
