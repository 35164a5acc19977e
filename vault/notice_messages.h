#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "oauth/smtp_client.h"
#include "storage/records.h"
#include "vault/directory.h"

// What an approver is told of an approval, as a webhook and as an e-mail. Pure.
// Neither has the code: the approver compares it with what the agent shows, so
// it must not come by another way; nor has it the agent's own words.
namespace tokenvault {

struct NoticeFacts {
  AskedApproval asked;
  std::string agent_name;     // what people read
  std::string provider_name;  // "Google"
  std::string link;
};

NoticeFacts FactsFor(const Directory& directory, AskedApproval asked,
                     std::string link);

// The secret that a file has: "whsec_" and base64, as by the Standard Webhooks
// specification, or the bytes as they are. CONFIG_INVALID for base64 that is
// none, and for less than 16 bytes.
absl::StatusOr<Secret> ReadWebhookSecret(const Secret& text);

// The same for the same notice, however often it is sent: receivers tell two
// deliveries of one by it.
std::string WebhookId(const InteractionId& approval);
std::string WebhookBody(const NoticeFacts& facts);
// webhook-id, webhook-timestamp, webhook-signature.
std::vector<std::pair<std::string, std::string>> WebhookHeaders(
    const Secret& secret, const std::string& id, const std::string& body,
    absl::Time now);

// A whole message, with an id by which mail programs tell two deliveries of one
// apart from two messages. `reply_to`: "" for none. The addresses are good
// (IsMailAddress).
std::string MailText(const NoticeFacts& facts, const std::string& from,
                     const std::string& to, const std::string& reply_to,
                     absl::Time now);

}  // namespace tokenvault
