#include "crypto/note_format.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "crypto/base64.h"

namespace tokenvault {
namespace {

constexpr size_t kNoteKeyIdSize = 4;
constexpr size_t kNotePublicKeySize = 32;
constexpr size_t kLongestNote = size_t{1} << 20;
constexpr size_t kMostSignatures = 64;
// Before a signature: an em dash and a space.
constexpr absl::string_view kSignedBy = "\xe2\x80\x94 ";

absl::Status NotANote(absl::string_view problem) {
  return errors::FieldInvalid("note", problem);
}

std::string TypedKey(NoteKeyType type, absl::string_view public_key) {
  return absl::StrCat(std::string(1, static_cast<char>(type)), public_key);
}

// The White_Space property of Unicode, without what is below U+0020.
bool IsSpace(char32_t c) {
  return c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

bool IsNoteText(absl::string_view text) {
  while (!text.empty()) {
    const std::optional<char32_t> c = TakeCharacter(text);
    if (!c.has_value() || (*c < 0x20 && *c != '\n')) return false;
  }
  return true;
}

absl::StatusOr<NoteSignature> ParseSignatureLine(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, kSignedBy)) {
    return NotANote("has a line among its signatures that is none");
  }
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(' ', 1));
  const std::optional<std::string> bytes = Base64Decode(parts.second);
  if (!IsNoteKeyName(parts.first) || !bytes.has_value() ||
      bytes->size() <= kNoteKeyIdSize) {
    return NotANote("has a signature that is none");
  }
  return NoteSignature{std::string(parts.first),
                       bytes->substr(0, kNoteKeyIdSize),
                       bytes->substr(kNoteKeyIdSize)};
}

}  // namespace

std::string NoteKeyId(absl::string_view name, NoteKeyType type,
                      absl::string_view public_key) {
  return Sha256(absl::StrCat(name, "\n", TypedKey(type, public_key)))
      .substr(0, kNoteKeyIdSize);
}

bool IsNoteKeyName(absl::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const std::optional<char32_t> c = TakeCharacter(name);
    if (!c.has_value() || *c < 0x20 || *c == '+' || *c == 0x7f || IsSpace(*c)) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<NoteKey> ParseNoteKey(absl::string_view vkey, NoteKeyType type) {
  const std::vector<std::string> parts =
      absl::StrSplit(absl::StripAsciiWhitespace(vkey), absl::MaxSplits('+', 2));
  if (parts.size() != 3 || !IsNoteKeyName(parts[0])) {
    return errors::FieldInvalid("key", "is not NAME+KEYID+KEY");
  }
  const std::optional<std::string> typed = Base64Decode(parts[2]);
  if (!typed.has_value() || typed->size() != 1 + kNotePublicKeySize) {
    return errors::FieldInvalid("key", "is not NAME+KEYID+KEY of Ed25519");
  }
  if (typed->front() != static_cast<char>(type)) {
    return errors::FieldInvalid(
        "key", type == NoteKeyType::kEd25519
                   ? "is not one that signs notes (its type is not 1)"
                   : "is not one of a witness (its type is not 4)");
  }
  NoteKey key{parts[0], typed->substr(1)};
  if (HexEncode(NoteKeyId(key.name, type, key.public_key)) != parts[1]) {
    return errors::FieldInvalid("key", "has an id that is not of this key");
  }
  return key;
}

std::string NoteKeyToString(const NoteKey& key, NoteKeyType type) {
  return absl::StrCat(key.name, "+",
                      HexEncode(NoteKeyId(key.name, type, key.public_key)), "+",
                      absl::Base64Escape(TypedKey(type, key.public_key)));
}

std::string NoteSignatureLine(const NoteSignature& signature) {
  return absl::StrCat(
      kSignedBy, signature.name, " ",
      absl::Base64Escape(absl::StrCat(signature.key_id, signature.signature)),
      "\n");
}

absl::StatusOr<NoteParts> SplitNote(absl::string_view note) {
  if (note.size() > kLongestNote) return NotANote("is too long");
  const size_t split = note.rfind("\n\n");
  if (split == absl::string_view::npos || !absl::EndsWith(note, "\n") ||
      note.size() == split + 2) {
    return NotANote("has no signature");
  }
  if (!IsNoteText(note)) {
    return NotANote("has bytes in it that are no text");
  }
  NoteParts parts;
  parts.text = std::string(note.substr(0, split + 1));
  note.remove_prefix(split + 2);
  note.remove_suffix(1);
  for (absl::string_view line : absl::StrSplit(note, '\n')) {
    if (parts.signatures.size() == kMostSignatures) {
      return NotANote("has too many signatures");
    }
    ASSIGN_OR_RETURN(NoteSignature signature, ParseSignatureLine(line));
    parts.signatures.push_back(std::move(signature));
  }
  return parts;
}

}  // namespace tokenvault
