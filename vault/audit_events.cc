#include "vault/audit_events.h"

#include <cstdio>
#include <string>

namespace tokenvault {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed UTF-8 character at the front of `text`; 0 if
// there is none (RFC 3629: no overlong forms, no surrogates, no beyond).
size_t CharacterSize(absl::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  auto continues = [&](size_t i) {
    return i < text.size() && (byte(i) & 0xC0) == 0x80;
  };
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

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
    if (!first_) out_ += ',';
    first_ = false;
    AppendCanonicalString(out_, name);
    out_ += ':';
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace

void AppendCanonicalString(std::string& out, absl::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t size = CharacterSize(text);
    if (size == 0) {
      out += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    if (size > 1) {
      out.append(text.data(), size);
      text.remove_prefix(size);
      continue;
    }
    char c = text[0];
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escaped[8];
          std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
          out += escaped;
        } else {
          out += c;
        }
    }
    text.remove_prefix(1);
  }
  out += '"';
}

AuditEntry MakeAuditEntry(const AuditEvent& event, absl::Time now) {
  AuditEntry entry;
  entry.tenant = event.tenant;
  entry.time = now;
  entry.kind = std::string(event.kind);
  entry.leaf.reserve(384);
  CanonicalObject leaf(entry.leaf);
  leaf.Member("action", event.kind);
  leaf.Member("actor", event.actor);
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
  leaf.Member("user", event.user.value);
  return entry;
}

}  // namespace tokenvault
