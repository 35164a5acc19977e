#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/secret_arena.h"

// A long text sealed in chunks, in one order and with one end: libsodium's
// secretstream, XChaCha20-Poly1305. A chunk that is changed, left out, doubled,
// moved, or of another stream does not open; nor does one that comes with other
// associated data; and who stops before the last chunk knows that he did.
namespace tokenvault {

inline constexpr size_t kStreamHeaderSize = 24;
// What sealing adds to a chunk.
inline constexpr size_t kStreamOverhead = 17;

enum class StreamChunk { kMore, kLast };

// One key for one stream. What is derived from it is wiped with the object.
// Thread-compatible.
class StreamSealer {
 public:
  explicit StreamSealer(const ArenaKey& key);
  ~StreamSealer();
  StreamSealer(const StreamSealer&) = delete;
  StreamSealer& operator=(const StreamSealer&) = delete;

  // 24 bytes, not secret: what a StreamOpener begins with.
  const std::string& header() const { return header_; }
  // The next chunk. After the last there is none.
  std::string Seal(absl::string_view chunk, StreamChunk which,
                   absl::string_view associated = "");

 private:
  struct State;

  const std::unique_ptr<State> state_;
  std::string header_;
};

// Opens what a StreamSealer of the same key sealed. Thread-compatible.
class StreamOpener {
 public:
  // `header`: 24 bytes; with others nothing opens.
  StreamOpener(const ArenaKey& key, absl::string_view header);
  ~StreamOpener();
  StreamOpener(const StreamOpener&) = delete;
  StreamOpener& operator=(const StreamOpener&) = delete;

  struct Opened {
    std::string chunk;
    StreamChunk which = StreamChunk::kMore;
  };
  // The next chunk. SEAL_BROKEN, and for all later ones too; also for what
  // comes after the last.
  absl::StatusOr<Opened> Open(absl::string_view sealed,
                              absl::string_view associated = "");

 private:
  struct State;

  const std::unique_ptr<State> state_;
  bool broken_ = false;
};

}  // namespace tokenvault
