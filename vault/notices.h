#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/smtp_client.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/last_hour.h"

namespace tokenvault {

struct WebhookSettings {
  std::string url;  // "" for none
  std::shared_ptr<const Secret> secret;
  absl::Duration timeout = absl::Seconds(5);
};

struct EmailSettings {
  SmtpServer server;  // its url is "" for none
  std::string from;
  std::string reply_to;
};

// Brings word of approvals to approvers: a webhook of the operator's, an e-mail
// to the person.
//
//   asked, with a Notice a channel, in one commit ──▶ Wake
//     sent ──────────────────────────▶ the row goes
//     not taken ──▶ again after 1, 5, 15, 30 s, then each minute
//     decided, or nobody can decide any more ──▶ the row goes
//
// At least once: what the process does not live to write down is sent again, as
// the same message by its id. Word that is late is not late for long, and the
// approval does not wait for it: its link works all the same.
//
// A thread for each channel, so that a mail server that hangs holds no webhook
// back. Thread-safe.
class Notifier {
 public:
  // Hands a mail over. Errors as of SmtpClient::Send.
  using SendMail = std::function<absl::Status(const Mail&)>;

  // `send_mail` is not called without EmailSettings.
  Notifier(const Clock& clock, Store& store, const DirectoryHolder& directory,
           const Interactions& interactions, HttpClient& http,
           WebhookSettings webhook, EmailSettings email, SendMail send_mail);
  // Waits for what is being sent.
  ~Notifier();

  bool tells_by_webhook() const { return !webhook_.url.empty(); }
  bool tells_by_email() const { return !email_.server.url.empty(); }

  // Looks for what an earlier process left, and then whenever it is woken.
  void Start();
  // There is a new row. Never blocks.
  void Wake();

  // Sends what is due on a channel; when the next one is. The threads do so by
  // themselves; a test that moved the clock says so here.
  absl::Time SendDue(const std::string& channel);

  // How sending ended, since the start: "sent", "failed" (each try), "expired"
  // (it never got through), "not_needed" (it was decided before).
  using Counts = std::map<std::pair<std::string, std::string>, int64_t>;
  Counts counts() const;
  // The same, of the hour before now.
  Counts CountsOfLastHour() const;

 private:
  void Run(const std::string& channel);
  // When to look at it again; InfiniteFuture when it is gone.
  absl::Time SendOne(const Notice& notice, absl::Time now);
  absl::Status Deliver(const Notice& notice, const AskedApproval& asked,
                       absl::Time now);
  // The same.
  absl::Time Remove(const Notice& notice);
  void Count(const std::string& channel, const char* result);

  const Clock& clock_;
  Store& store_;
  const DirectoryHolder& directory_;
  const Interactions& interactions_;
  HttpClient& http_;
  const WebhookSettings webhook_;
  const EmailSettings email_;
  const SendMail send_mail_;

  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  LastHour<Counts> recent_ ABSL_GUARDED_BY(mutex_);
  // Sent, though the row could not be removed yet.
  absl::flat_hash_set<std::pair<std::string, std::string>> sent_
      ABSL_GUARDED_BY(mutex_);
  // The channels that have new rows.
  std::set<std::string> woken_ ABSL_GUARDED_BY(mutex_);

  const std::set<std::string> channels_;  // those that are configured
  std::vector<std::thread> threads_;      // one for each, after Start
};

}  // namespace tokenvault
