#include "crypto/backup_stream.h"

#include <sodium.h>

#include "base/errors.h"
#include "crypto/bytes.h"

namespace tokenvault {

static_assert(kStreamHeaderSize ==
              crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(kStreamOverhead == crypto_secretstream_xchacha20poly1305_ABYTES);
static_assert(kKeySize == crypto_secretstream_xchacha20poly1305_KEYBYTES);

struct StreamSealer::State {
  ~State() { sodium_memzero(&stream, sizeof(stream)); }
  crypto_secretstream_xchacha20poly1305_state stream;
};

struct StreamOpener::State {
  ~State() { sodium_memzero(&stream, sizeof(stream)); }
  crypto_secretstream_xchacha20poly1305_state stream;
};

StreamSealer::StreamSealer(const ArenaKey& key)
    : state_(std::make_unique<State>()), header_(kStreamHeaderSize, '\0') {
  crypto_secretstream_xchacha20poly1305_init_push(
      &state_->stream, Bytes(header_), Bytes(key.view()));
}

StreamSealer::~StreamSealer() = default;

std::string StreamSealer::Seal(absl::string_view chunk, StreamChunk which,
                               absl::string_view associated) {
  std::string sealed(chunk.size() + kStreamOverhead, '\0');
  const unsigned char tag =
      which == StreamChunk::kLast
          ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
          : 0;
  crypto_secretstream_xchacha20poly1305_push(
      &state_->stream, Bytes(sealed), nullptr, Bytes(chunk), chunk.size(),
      Bytes(associated), associated.size(), tag);
  return sealed;
}

StreamOpener::StreamOpener(const ArenaKey& key, absl::string_view header)
    : state_(std::make_unique<State>()) {
  broken_ = header.size() != kStreamHeaderSize ||
            crypto_secretstream_xchacha20poly1305_init_pull(
                &state_->stream, Bytes(header), Bytes(key.view())) != 0;
}

StreamOpener::~StreamOpener() = default;

absl::StatusOr<StreamOpener::Opened> StreamOpener::Open(
    absl::string_view sealed, absl::string_view associated) {
  if (broken_ || sealed.size() < kStreamOverhead) {
    broken_ = true;
    return errors::SealBroken();
  }
  Opened opened;
  opened.chunk.resize(sealed.size() - kStreamOverhead);
  unsigned char tag = 0;
  const int result = crypto_secretstream_xchacha20poly1305_pull(
      &state_->stream, Bytes(opened.chunk), nullptr, &tag, Bytes(sealed),
      sealed.size(), Bytes(associated), associated.size());
  const bool last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  // There are two tags of ours.
  if (result != 0 || (!last && tag != 0)) {
    broken_ = true;
    return errors::SealBroken();
  }
  if (last) {
    opened.which = StreamChunk::kLast;
    broken_ = true;  // for whatever comes after it
  }
  return opened;
}

}  // namespace tokenvault
