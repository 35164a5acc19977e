#pragma once

#include <cstdint>
#include <string>

// Numbers in the formats of this floor: most significant byte first.
namespace tokenvault {

template <typename Unsigned>
void AppendBigEndian(std::string& bytes, Unsigned value) {
  for (int shift = 8 * (sizeof(Unsigned) - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

// Reads the four bytes at `bytes`.
inline uint32_t ReadBigEndian32(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

}  // namespace tokenvault
