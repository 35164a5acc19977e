#include "vault/audit_events.h"

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
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
  leaf.Member("interaction", event.interaction.value);
  leaf.Member("outcome", event.outcome);
  leaf.Member("provider", event.provider.value);
  leaf.Member("purpose", event.purpose);
  leaf.Member("reason", event.reason);
  leaf.Member("request_id", event.request_id);
  leaf.Member("rule", event.rule);
  leaf.Member("scopes", event.scopes);
  leaf.Member("tenant", event.tenant.value);
  leaf.Member("time", absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now,
                                       absl::UTCTimeZone()));
  leaf.Member("token_id", event.token_id);
  leaf.Person("user", "", event.user, entry.people);
  return entry;
}

}  // namespace tokenvault
