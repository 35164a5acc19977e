#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/errors.h"
#include "crypto/envelope.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {

inline constexpr size_t kNonceAt = 28;
inline constexpr size_t kCommitmentAt = 52;
inline constexpr size_t kHeaderSize = 88;

// The known answer's key, id and place, ready to seal and open.
class EnvelopeTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Seal(absl::string_view plaintext) const {
    return SealEnvelope(SealedObject::kRecord, Parent(), context_, plaintext);
  }
  absl::StatusOr<Secret> Open(absl::string_view envelope) const {
    return OpenEnvelope(SealedObject::kRecord, Parent(), context_, envelope);
  }
  // "" when it opens.
  std::string ReasonToOpen(absl::string_view envelope) const {
    return ReasonOf(Open(envelope).status());
  }
  ParentKey Parent() const {
    return {
        .key = &key_, .key_id = answer_.key_id, .version = answer_.key_version};
  }

  const KnownAnswer answer_ = RecordKnownAnswer();
  const std::unique_ptr<SecretArena> arena_ = NewTestArena();
  const ArenaKey key_ = KeyOf(*arena_, answer_.key);
  const SealContext context_ = SealContext::ForRecord(KnownBinding());
};

}  // namespace tokenvault
