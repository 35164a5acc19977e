#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "base/errors.h"
#include "oauth/url.h"

// Any bytes as the query of a callback. What is taken names nothing twice, and
// says the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto query =
      tokenvault::ParseQuery({reinterpret_cast<const char*>(data), size});
  if (!query.ok()) {
    if (tokenvault::ReasonOf(query.status()) != "FIELD_INVALID") {
      __builtin_trap();
    }
    return 0;
  }
  std::set<std::string> names;
  tokenvault::FormFields fields;
  for (const auto& [name, value] : *query) {
    if (!names.insert(name).second) __builtin_trap();
    fields.emplace_back(name, value);
  }
  auto again = tokenvault::ParseQuery(tokenvault::FormEncode(fields));
  if (!again.ok() || *again != *query) __builtin_trap();
  return 0;
}
