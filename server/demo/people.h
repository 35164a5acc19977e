#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// Somebody with an account at the demo provider. The id is also the subject.
struct DemoPerson {
  std::string id;
  std::string name;
  std::string email;
  std::vector<std::string> events;  // titles, from today on
};

// Ana and Ben.
const std::vector<DemoPerson>& DemoPeople();
// Null for anybody else.
const DemoPerson* FindDemoPerson(absl::string_view id);

}  // namespace tokenvault
