#include "server/demo/people.h"

namespace tokenvault {

const std::vector<DemoPerson>& DemoPeople() {
  static const auto* const kPeople = new std::vector<DemoPerson>{
      {"ana",
       "Ana",
       "ana@demo.test",
       {"Offsite planning", "Lunch with Ben", "Dentist"}},
      {"ben", "Ben", "ben@demo.test", {"Release review", "Lunch with Ana"}},
  };
  return *kPeople;
}

const DemoPerson* FindDemoPerson(absl::string_view id) {
  for (const DemoPerson& person : DemoPeople()) {
    if (person.id == id) return &person;
  }
  return nullptr;
}

}  // namespace tokenvault
