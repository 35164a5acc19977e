#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "base/secret.h"

namespace tokenvault {

// Text as libsodium wants it.
inline const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
inline unsigned char* Bytes(Secret& secret) {
  return reinterpret_cast<unsigned char*>(secret.mutable_data());
}

}  // namespace tokenvault
