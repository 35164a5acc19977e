#include "crypto/random.h"

#include <sodium.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kCrockford = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr absl::string_view kConsonants = "BCDFGHJKLMNPQRSTVWXZ";

constexpr size_t kTokenSize = 32;
constexpr int kUlidTimeChars = 10;
constexpr int kUlidRandomChars = 16;
constexpr int64_t kUlidLastMilli = (int64_t{1} << 48) - 1;

}  // namespace

absl::Status InitCrypto() {
  if (sodium_init() < 0) return errors::Internal("libsodium has no randomness");
  return absl::OkStatus();
}

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string RandomToken() { return Base64UrlEncode(RandomBytes(kTokenSize)); }

std::string NewUlid(absl::Time now) {
  // 48 bits hold the years 1970 to 10889; what lies outside sorts at an end.
  const int64_t milli =
      std::clamp<int64_t>(absl::ToUnixMillis(now), 0, kUlidLastMilli);
  std::string ulid;
  ulid.reserve(kUlidTimeChars + kUlidRandomChars);
  for (int shift = 5 * (kUlidTimeChars - 1); shift >= 0; shift -= 5) {
    ulid.push_back(kCrockford[(milli >> shift) & 31]);
  }
  const std::string random = RandomBytes(kUlidRandomChars);
  for (char byte : random) ulid.push_back(kCrockford[byte & 31]);
  return ulid;
}

std::string NewUserCode() {
  std::string code = "0000-0000";
  for (char& c : code) {
    if (c != '-') c = kConsonants[randombytes_uniform(kConsonants.size())];
  }
  return code;
}

}  // namespace tokenvault
