// [webhook] and [email]: how approvers hear of an approval.
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/config_sections.h"
#include "vault/notice_messages.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kLongestWebhook = absl::Seconds(30);

WebhookSettings ReadWebhook(const ConfigNode& root,
                            const ConfigContext& context) {
  WebhookSettings settings;
  ConfigTable table(root.Find("webhook"), "webhook", context.report);
  settings.url = table.String("url", "");
  const std::shared_ptr<const Secret> text =
      ReadSecretFile(table, "secret_file", context);
  settings.timeout =
      table.Duration("timeout", settings.timeout, absl::Seconds(1));
  table.Finish();
  if (table.Has("url") != table.Has("secret_file")) {
    table.Problem(table.Has("url") ? "url" : "secret_file",
                  "url and secret_file go together: the receiver believes "
                  "what is signed by the secret");
    return settings;
  }
  if (!table.Has("url")) return settings;
  CheckUrl(table, "url", settings.url, context);
  if (settings.timeout > kLongestWebhook) {
    table.Problem("timeout", "timeout is at most \"30s\"");
  }
  // Without a reader of secrets there is none to look at.
  if (text == nullptr || context.options.read_secret == nullptr) {
    settings.secret = text;
    return settings;
  }
  absl::StatusOr<Secret> secret = ReadWebhookSecret(*text);
  if (!secret.ok()) {
    table.Problem("secret_file", secret.status().message());
    return settings;
  }
  settings.secret = std::make_shared<Secret>(*std::move(secret));
  return settings;
}

// One address, or a problem that says so.
std::string ReadAddress(ConfigTable& table, absl::string_view key) {
  std::string address = table.String(key, "");
  if (!address.empty() && !IsMailAddress(address)) {
    table.Problem(key, absl::StrCat(key,
                                    " wants one address and nothing else, "
                                    "such as \"vault@example.com\""));
  }
  return address;
}

EmailSettings ReadEmail(const ConfigNode& root, const ConfigContext& context) {
  EmailSettings settings;
  ConfigTable table(root.Find("email"), "email", context.report);
  settings.server.url = table.String("smtp_url", "");
  settings.from = ReadAddress(table, "from");
  settings.reply_to = ReadAddress(table, "reply_to");
  settings.server.username = table.String("username", "");
  settings.server.password = ReadSecretFile(table, "password_file", context);
  table.Finish();
  if (table.Has("smtp_url") && !CheckSmtpUrl(settings.server.url).ok()) {
    table.Problem("smtp_url",
                  "smtp_url wants a mail server: "
                  "\"smtps://mail.example.com:465\", or "
                  "\"smtp://mail.example.com:587\" for STARTTLS");
  }
  if (table.Has("smtp_url") != table.Has("from")) {
    table.Problem(table.Has("from") ? "from" : "smtp_url",
                  "smtp_url and from go together: who sends, and by which "
                  "server");
  }
  if (table.Has("username") != table.Has("password_file")) {
    table.Problem(table.Has("username") ? "username" : "password_file",
                  "username and password_file go together: write both or "
                  "neither");
  }
  return settings;
}

}  // namespace

NoticeSettings ReadNotices(const ConfigNode& root,
                           const ConfigContext& context) {
  return {ReadWebhook(root, context), ReadEmail(root, context)};
}

}  // namespace tokenvault
