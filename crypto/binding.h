#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

// Where a sealed value belongs. It is never stored with the value: whoever
// opens rebuilds it from the row the value was found in, so a value copied to
// another row, tenant or version does not open there. Every field is bound as
// it is, byte by byte; an empty one is bound as empty.
namespace tokenvault {

// The place of a sealed record.
struct Binding {
  std::string deployment_id;
  TenantId tenant;
  std::string subject;
  std::string connection;
  std::string issuer;
  std::string purpose;
  uint64_t row_version = 0;
  uint32_t schema = 1;
};

// The place of a wrapped data key. The version of the master key is bound too;
// it is taken from the key that wraps.
struct DataKeyBinding {
  std::string deployment_id;
  TenantId tenant;
  std::string subject;
  std::string dek_id;
};

}  // namespace tokenvault
