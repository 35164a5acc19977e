#pragma once

#include "absl/strings/string_view.h"
#include "server/config_reader.h"
#include "vault/policy_hours.h"

namespace tokenvault {

// { days = ["mon"], from = "08:00", to = "18:00", zone = "Europe/Berlin" }, of
// which days, from and to may be left out. What is wrong goes to the report.
PolicyHours ReadHours(const ConfigNode& node, absl::string_view path,
                      ConfigReport& report);

}  // namespace tokenvault
