#include "vault/audit_events.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/civil_time.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/utf8.h"
#include "crypto/envelope.h"
#include "crypto/random.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kUsers = "users/";

std::string NewPseudonym() { return "p-" + Base32Encode(RandomBytes(16)); }

// Writes the members of one object; the caller names them in rising order.
class CanonicalObject {
 public:
  explicit CanonicalObject(std::string& out) : out_(out) { out_ += '{'; }
  ~CanonicalObject() { out_ += '}'; }

  void Member(absl::string_view name, absl::string_view value) {
    if (value.empty()) return;
    Name(name);
    AppendCanonicalString(out_, value);
  }
  // A name that the store puts in, behind `before`.
  void Person(absl::string_view name, absl::string_view before,
              const UserId& user, std::vector<PersonInLeaf>& people) {
    if (user.empty()) return;
    Name(name);
    out_ += '"';
    out_.append(before.data(), before.size());
    people.push_back({out_.size(), user, NewPseudonym});
    out_ += '"';
  }
  void Member(absl::string_view name, const ScopeSet& values) {
    if (values.empty()) return;
    Name(name);
    char separator = '[';
    for (const std::string& value : values) {
      out_ += separator;
      AppendCanonicalString(out_, value);
      separator = ',';
    }
    out_ += ']';
  }

 private:
  void Name(absl::string_view name) {
    // Our own names have nothing to escape.
    out_ += first_ ? "\"" : ",\"";
    first_ = false;
    out_.append(name.data(), name.size());
    out_ += "\":";
  }

  std::string& out_;
  bool first_ = true;
};

bool IsEscaped(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

// How much of the front of `text` stands in a JSON string as it is.
size_t PlainLength(absl::string_view text) {
  size_t length = 0;
  while (length < text.size() && !IsEscaped(text[length])) {
    if (static_cast<unsigned char>(text[length]) < 0x80) {
      ++length;
      continue;
    }
    const size_t size = Utf8CharacterSize(text.substr(length));
    if (size == 0) break;
    length += size;
  }
  return length;
}

void AppendEscaped(std::string& out, char c) {
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    default:
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
  }
}

constexpr int64_t kSecondsOfADay = 86'400;
// 10000-01-01T00:00:00Z: from there on a year has five digits.
constexpr int64_t kEndOfYears = 253'402'300'800;

void AppendDigits(std::string& out, int64_t number, int digits) {
  char text[8];
  for (int i = digits - 1; i >= 0; --i, number /= 10) {
    text[i] = static_cast<char>('0' + number % 10);
  }
  out.append(text, static_cast<size_t>(digits));
}

// "2026-11-28T10:00:00", as absl::FormatTime would say it for a tenth of the
// instructions: every token has two of them in its leaf.
void AppendSecond(std::string& out, int64_t unix_seconds) {
  const absl::CivilDay day =
      absl::CivilDay(1970, 1, 1) + unix_seconds / kSecondsOfADay;
  const int64_t second = unix_seconds % kSecondsOfADay;
  AppendDigits(out, day.year(), 4);
  out += '-';
  AppendDigits(out, day.month(), 2);
  out += '-';
  AppendDigits(out, day.day(), 2);
  out += 'T';
  AppendDigits(out, second / 3600, 2);
  out += ':';
  AppendDigits(out, second / 60 % 60, 2);
  out += ':';
  AppendDigits(out, second % 60, 2);
}

// With microseconds, or to the second; UTC.
std::string LeafTime(absl::Time time, bool to_the_second) {
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = micros / 1'000'000;
  if (micros < 0 || seconds >= kEndOfYears) {
    return absl::FormatTime(
        to_the_second ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%M:%E6SZ", time,
        absl::UTCTimeZone());
  }
  std::string text;
  text.reserve(32);
  AppendSecond(text, seconds);
  if (!to_the_second) {
    text += '.';
    AppendDigits(text, micros % 1'000'000, 6);
  }
  text += 'Z';
  return text;
}

std::string ExpiresText(absl::Time expires) {
  if (expires == absl::InfinitePast()) return "";
  if (expires == absl::InfiniteFuture()) return kNeverExpires;
  return LeafTime(expires, /*to_the_second=*/true);
}

}  // namespace

void AppendCanonicalString(std::string& out, absl::string_view text) {
  out += '"';
  while (!text.empty()) {
    // Most text has nothing to escape: it goes over in one piece.
    const size_t plain = PlainLength(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (IsEscaped(text[0])) {
      AppendEscaped(out, text[0]);
    } else {
      AppendUtf8(kReplacementCharacter, out);
    }
    text.remove_prefix(1);
  }
  out += '"';
}

absl::Status NotAudited(const absl::Status& status) {
  return HasReason(status, "RATE_LIMITED") ? status
                                           : errors::AuditUnavailable();
}

std::string LoggedCommitment(absl::string_view sealed) {
  return HexEncode(EnvelopeCommitment(sealed));
}

std::string ActorOf(const UserId& user) {
  return absl::StrCat("users/", user.value);
}

AuditEvent EventAbout(const Connection& connection, absl::string_view kind,
                      const std::string& actor) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = connection.tenant;
  event.actor = actor;
  event.user = connection.user;
  event.provider = connection.provider;
  event.connection = connection.id;
  return event;
}

AuditEntry MakeAuditEntry(const AuditEvent& event, absl::Time now) {
  AuditEntry entry;
  entry.tenant = event.tenant;
  entry.time = now;
  entry.kind = std::string(event.kind);
  entry.leaf.reserve(384);
  CanonicalObject leaf(entry.leaf);
  leaf.Member("action", event.kind);
  if (absl::StartsWith(event.actor, kUsers)) {
    leaf.Person("actor", kUsers, UserId(event.actor.substr(kUsers.size())),
                entry.people);
  } else {
    leaf.Member("actor", event.actor);
  }
  leaf.Member("commitment", event.commitment);
  leaf.Member("connection", event.connection.value);
  leaf.Member("detail", event.detail);
  leaf.Member("expires", ExpiresText(event.expires));
  leaf.Member("interaction", event.interaction.value);
  leaf.Member("outcome", event.outcome);
  leaf.Member("provider", event.provider.value);
  leaf.Member("purpose", event.purpose);
  leaf.Member("reason", event.reason);
  leaf.Member("request_id", event.request_id);
  leaf.Member("rule", event.rule);
  leaf.Member("scopes", event.scopes);
  leaf.Member("tenant", event.tenant.value);
  leaf.Member("time", LeafTime(now, /*to_the_second=*/false));
  leaf.Member("token_id", event.token_id);
  leaf.Person("user", "", event.user, entry.people);
  return entry;
}

}  // namespace tokenvault
