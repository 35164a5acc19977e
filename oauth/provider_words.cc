#include "oauth/provider_words.h"

#include <cstddef>

#include "oauth/provider_schema.h"

namespace tokenvault {
namespace {

template <typename E, size_t N>
absl::string_view NameOf(const WordKey<E, N>& key, E wanted) {
  for (const auto& [word, value] : key.words) {
    if (value == wanted) return word;
  }
  return "";
}

}  // namespace

absl::string_view TierName(Tier tier) { return NameOf(kTier, tier); }

absl::string_view NarrowingName(Narrowing narrowing) {
  return NameOf(kNarrowing, narrowing);
}

absl::string_view RotationName(Rotation rotation) {
  return NameOf(kRotation, rotation);
}

absl::string_view RevocationName(RevocationStyle style) {
  return NameOf(kRevoke, style);
}

absl::string_view ExpirySourceName(ExpirySource source) {
  return NameOf(kExpirySource, source);
}

std::string VerifiedOn(const std::vector<ProviderFact>& facts) {
  std::string oldest;
  for (const ProviderFact& fact : facts) {
    if (fact.verified_on.empty()) return "";
    if (oldest.empty() || fact.verified_on < oldest) oldest = fact.verified_on;
  }
  return oldest;
}

}  // namespace tokenvault
