#include "vault/notice_messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/hmac.h"
#include "base/utf8.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kSecretPrefix = "whsec_";
constexpr size_t kLeastSecret = 16;
constexpr size_t kMostNameCharacters = 64;
// Of a header: RFC 2047 allows 75 characters a word, with what is around it.
constexpr size_t kEncodedWordBytes = 42;
constexpr size_t kBodyLineBytes = 57;  // 76 characters in base64

// One line, without what a reader acts upon: control characters, and marks that
// turn or hide text. Names are checked when they are configured; this is for
// the day that they come from elsewhere.
std::string OneLine(absl::string_view name) {
  std::string line;
  size_t characters = 0;
  while (!name.empty() && characters < kMostNameCharacters) {
    const char32_t c = TakeCharacter(name).value_or(kReplacementCharacter);
    const bool acts = c < 0x20 || (c >= 0x7f && c < 0xa0) ||
                      (c >= 0x200b && c <= 0x200f) ||
                      (c >= 0x2028 && c <= 0x202e) ||
                      (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    AppendUtf8(acts ? U' ' : c, line);
    ++characters;
  }
  return line;
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// As many whole characters of the front of `text` as fit in so many bytes.
size_t WholeCharacters(absl::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text.size();
  size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return end;
}

// A header's text as encoded words (RFC 2047), one a line: nothing in it can
// end the header.
std::string EncodedWords(absl::string_view text) {
  std::string words;
  while (!text.empty()) {
    const size_t size = WholeCharacters(text, kEncodedWordBytes);
    absl::StrAppend(&words, words.empty() ? "" : "\r\n ", "=?utf-8?B?",
                    absl::Base64Escape(text.substr(0, size)), "?=");
    text.remove_prefix(size);
  }
  return words;
}

std::string Base64Lines(absl::string_view text) {
  std::string lines;
  while (!text.empty()) {
    absl::StrAppend(&lines, absl::Base64Escape(text.substr(0, kBodyLineBytes)),
                    "\r\n");
    text.remove_prefix(std::min(text.size(), kBodyLineBytes));
  }
  return lines;
}

}  // namespace

NoticeFacts FactsFor(const Directory& directory, AskedApproval asked,
                     std::string link) {
  NoticeFacts facts;
  const Approval& approval = asked.approval;
  const Agent* agent = directory.FindAgent(approval.agent);
  const Provider* provider = directory.FindProvider(approval.provider);
  facts.agent_name =
      OneLine(agent != nullptr && !agent->name.empty() ? agent->name
                                                       : approval.agent.value);
  facts.provider_name =
      OneLine(provider != nullptr && !provider->display_name.empty()
                  ? provider->display_name
                  : approval.provider.value);
  facts.asked = std::move(asked);
  facts.link = std::move(link);
  return facts;
}

absl::StatusOr<Secret> ReadWebhookSecret(const Secret& text) {
  absl::string_view bytes = text.Reveal();
  Secret secret;
  if (absl::ConsumePrefix(&bytes, kSecretPrefix)) {
    std::string decoded;
    if (!absl::Base64Unescape(bytes, &decoded)) {
      return errors::ConfigInvalid("webhook.secret_file",
                                   "what follows whsec_ is not base64");
    }
    secret = Secret(std::move(decoded));
  } else {
    secret = Secret::Copy(bytes);
  }
  if (secret.size() < kLeastSecret) {
    return errors::ConfigInvalid(
        "webhook.secret_file",
        "a secret has 16 bytes at least: make one with 'openssl rand -base64 "
        "32', and write whsec_ before it");
  }
  return secret;
}

std::string WebhookId(const InteractionId& approval) {
  return absl::StrCat("msg_", approval.value);
}

std::string WebhookBody(const NoticeFacts& facts) {
  const Approval& approval = facts.asked.approval;
  nlohmann::ordered_json body;
  body["type"] = "approval.requested";
  body["timestamp"] = Rfc3339(approval.create_time);
  body["approval"] = absl::StrCat("users/", approval.user.value, "/approvals/",
                                  approval.id.value);
  body["tenant"] = approval.tenant.value;
  body["agent"] = absl::StrCat("agents/", approval.agent.value);
  body["agent_name"] = facts.agent_name;
  body["provider"] = absl::StrCat("providers/", approval.provider.value);
  body["provider_name"] = facts.provider_name;
  body["rule"] = approval.rule;
  body["url"] = facts.link;
  body["expire_time"] = Rfc3339(facts.asked.question.expire_time);
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> WebhookHeaders(
    const Secret& secret, const std::string& id, const std::string& body,
    absl::Time now) {
  const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(now));
  const std::string mac =
      HmacSha256(secret, absl::StrCat(id, ".", timestamp, ".", body));
  return {{"Content-Type", "application/json"},
          {"webhook-id", id},
          {"webhook-timestamp", timestamp},
          {"webhook-signature", absl::StrCat("v1,", absl::Base64Escape(mac))}};
}

std::string MailText(const NoticeFacts& facts, const std::string& from,
                     const std::string& to, const std::string& reply_to,
                     absl::Time now) {
  const AskedApproval& asked = facts.asked;
  const std::string body = absl::StrCat(
      facts.agent_name, " wants to use your ", facts.provider_name,
      " account, and needs your word for it.\r\n"
      "\r\n"
      "To see what it is, and to say yes or no:\r\n",
      facts.link,
      "\r\n\r\n"
      "The code in ",
      facts.agent_name,
      " must be the same as on that page. If it is not, or if you did not "
      "expect this, say no.\r\n"
      "\r\n"
      "You can decide until ",
      absl::FormatTime("%e %B %Y, %H:%M UTC", asked.question.expire_time,
                       absl::UTCTimeZone()),
      ". If you do nothing, nothing happens.\r\n");
  return absl::StrCat(
      "From: <", from, ">\r\n",                         //
      "To: <", to, ">\r\n",                             //
      reply_to.empty() ? "" : "Reply-To: <", reply_to,  //
      reply_to.empty() ? "" : ">\r\n",                  //
      "Subject: ",
      EncodedWords(absl::StrCat("Approve? ", facts.agent_name,
                                " wants to use your ", facts.provider_name,
                                " account")),
      "\r\n", "Date: ",
      absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", now, absl::UTCTimeZone()),
      "\r\n", "Message-ID: <", WebhookId(asked.approval.id),
      from.substr(from.find('@')), ">\r\n",
      "Auto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n"
      "\r\n",
      Base64Lines(body));
}

}  // namespace tokenvault
