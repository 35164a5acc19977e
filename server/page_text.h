#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

// Words of others, made fit for a page.
namespace tokenvault {

// Text of others, made plain: one line of at most `limit` characters, without
// control characters, without marks that turn or hide text (bidi, zero width),
// with broken UTF-8 replaced. Not escaped: rendering does that.
std::string PlainText(absl::string_view text, size_t limit = 200);

// A name inside a sentence of ours: plain, short, and fenced off, so that one
// written from right to left leaves the order of our words alone.
std::string PlainName(absl::string_view name);

// "See events" as it goes on in a sentence: "see events".
std::string LowerFirst(absl::string_view sentence);

// https with a host; http on loopback (a demo provider); or a path of ours.
// Nothing with user names, white space, control characters or backslashes.
bool IsSafeLink(absl::string_view url);
// The last of these alone.
bool IsOwnPath(absl::string_view url);

}  // namespace tokenvault
