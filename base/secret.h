#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// Bytes that must not leak: a refresh token, a client secret, a passphrase.
//
// Wiped when destroyed, overwritten or moved from; not copyable (Clone() is a
// word one wrote), not printable, not loggable, not comparable with ==. The
// bytes live in one block that is never regrown, so no copy stays behind: in
// the daemon a block of locked memory (base/secret_memory.h). Keys of ours live
// in crypto/secret_arena.h instead.
//
//   Secret token(std::move(text));          // `text` is wiped
//   request.Header("Authorization", absl::StrCat("Bearer ", token.Reveal()));
//
// Thread-compatible, as std::string is.
class Secret {
 public:
  Secret() = default;
  // Takes the bytes and wipes the string they came in.
  explicit Secret(std::string&& bytes);
  ~Secret() { Wipe(); }

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // Copies bytes that stay where they are, such as a part of a larger secret.
  static Secret Copy(absl::string_view bytes);
  // `size` zero bytes, to be filled through mutable_data().
  static Secret OfSize(size_t size);

  Secret Clone() const { return Copy(Reveal()); }

  // Leaves locked memory, which is small, for ordinary memory: for what is kept
  // by the thousand and soon worthless, as access tokens in a cache are. Still
  // wiped at the end.
  void MoveToHeap();

  // The only way to the bytes. Valid while this object lives unchanged. The
  // files that may say this word are listed in tests/reveal.txt.
  absl::string_view Reveal() const { return {data_, size_}; }
  char* mutable_data() { return data_; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // In time that depends on the lengths only.
  bool Equals(const Secret& other) const;

 private:
  void Wipe();

  char* data_ = nullptr;
  size_t size_ = 0;
};

// Overwrites the string's whole buffer and empties it.
void WipeString(std::string& text);

}  // namespace tokenvault
