#include "crypto/sealer.h"

#include <utility>

#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/envelope.h"

namespace tokenvault {
namespace {

ParentKey AsParent(const DataKey& key) {
  return {.key = &key.key, .key_id = key.dek_id, .version = key.generation};
}

}  // namespace

Sealer::Sealer(std::shared_ptr<const DataKey> key) : key_(std::move(key)) {}

absl::StatusOr<std::string> Sealer::Seal(const Secret& secret,
                                         const Binding& binding) const {
  return SealEnvelope(SealedObject::kRecord, AsParent(*key_),
                      SealContext::ForRecord(binding), secret.Reveal());
}

absl::StatusOr<Secret> Sealer::Open(absl::string_view sealed,
                                    const Binding& binding) const {
  ASSIGN_OR_RETURN(EnvelopeHeader header, ParseEnvelopeHeader(sealed));
  if (header.key_id != key_->dek_id || header.key_version != key_->generation) {
    return errors::KeyUnknown(HexEncode(header.key_id));
  }
  return OpenEnvelope(SealedObject::kRecord, AsParent(*key_),
                      SealContext::ForRecord(binding), sealed);
}

}  // namespace tokenvault
