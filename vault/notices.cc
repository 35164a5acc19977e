#include "vault/notices.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "vault/notice_messages.h"

namespace tokenvault {
namespace {

constexpr char kWebhookChannel[] = "webhook";
constexpr char kEmailChannel[] = "email";
// Rows looked at by one round; who has more has them in the next.
constexpr int kNoticesAtATime = 1000;
// However far the next row is: the clock may be set meanwhile.
constexpr absl::Duration kLongestSleep = absl::Minutes(1);
constexpr size_t kMostAnswer = size_t{4} << 10;
constexpr absl::Duration kWaits[] = {absl::Seconds(1), absl::Seconds(5),
                                     absl::Seconds(15), absl::Seconds(30)};
constexpr absl::Duration kLastWait = absl::Seconds(60);

absl::Duration WaitAfter(uint32_t tries) {
  return tries < std::size(kWaits) ? kWaits[tries] : kLastWait;
}

std::set<std::string> ChannelsOf(const WebhookSettings& webhook,
                                 const EmailSettings& email) {
  std::set<std::string> channels;
  if (!webhook.url.empty()) channels.insert(kWebhookChannel);
  if (!email.server.url.empty()) channels.insert(kEmailChannel);
  return channels;
}

// A word of ours for what went wrong; what the other side said is not logged.
std::string ProblemWord(const absl::Status& status) {
  const std::string problem = MetadataOf(status, "problem");
  return problem.empty() ? MetadataOf(status, "code") : problem;
}

}  // namespace

Notifier::Notifier(const Clock& clock, Store& store,
                   const DirectoryHolder& directory,
                   const Interactions& interactions, HttpClient& http,
                   WebhookSettings webhook, EmailSettings email,
                   SendMail send_mail)
    : clock_(clock),
      store_(store),
      directory_(directory),
      interactions_(interactions),
      http_(http),
      webhook_(std::move(webhook)),
      email_(std::move(email)),
      send_mail_(std::move(send_mail)),
      channels_(ChannelsOf(webhook_, email_)) {}

Notifier::~Notifier() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void Notifier::Start() {
  for (const std::string& channel : channels_) {
    threads_.emplace_back([this, channel] { Run(channel); });
  }
}

void Notifier::Wake() {
  {
    MutexLock lock(mutex_);
    woken_ = channels_;
  }
  wake_.NotifyAll();
}

void Notifier::Run(const std::string& channel) {
  absl::Time next = absl::InfinitePast();
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && !woken_.contains(channel) && clock_.Now() < next) {
        wake_.WaitFor(mutex_, std::min(next - clock_.Now(), kLongestSleep));
      }
      if (stopping_) return;
      woken_.erase(channel);
    }
    next = SendDue(channel);
  }
}

absl::Time Notifier::SendDue(const std::string& channel) {
  const absl::StatusOr<std::vector<Notice>> notices =
      store_.ListNotices(kNoticesAtATime);
  if (!notices.ok()) return clock_.Now() + kLastWait;
  absl::Time next = absl::InfiniteFuture();
  for (const Notice& notice : *notices) {
    if (notice.channel != channel) continue;
    {
      MutexLock lock(mutex_);
      if (stopping_) return next;
    }
    const absl::Time now = clock_.Now();
    next = std::min(
        next, notice.next_try > now ? notice.next_try : SendOne(notice, now));
  }
  return next;
}

absl::Time Notifier::SendOne(const Notice& notice, absl::Time now) {
  const std::pair<std::string, std::string> key(notice.channel,
                                                notice.approval.value);
  const absl::StatusOr<AskedApproval> asked =
      store_.GetApproval(notice.tenant, notice.approval);
  if (!asked.ok() && !HasReason(asked.status(), "NOT_FOUND")) {
    return now + kLastWait;
  }
  bool sent = false;
  {
    MutexLock lock(mutex_);
    sent = sent_.contains(key);
  }
  if (!asked.ok() || sent ||
      StateAt(asked->question, now) != InteractionState::kPending) {
    if (asked.ok() && !sent) {
      Count(notice.channel,
            StateAt(asked->question, now) == InteractionState::kExpired
                ? "expired"
                : "not_needed");
    }
    return Remove(notice);
  }
  const absl::Status delivered = Deliver(notice, *asked, now);
  Count(notice.channel, delivered.ok() ? "sent" : "failed");
  if (delivered.ok()) return Remove(notice);
  Log(LogLevel::kWarning, "notice.failed",
      absl::StrCat("word of an approval did not get through by ",
                   notice.channel),
      {{LogKey::kReason, ReasonOf(delivered)},
       {LogKey::kOutcome, ProblemWord(delivered)},
       {LogKey::kCount, absl::StrCat(notice.tries + 1)}});
  Notice later = notice;
  later.next_try =
      std::min(clock_.Now() + WaitAfter(notice.tries),
               // So that the row goes when it is of no use any more.
               std::max(asked->question.expire_time, now + kWaits[0]));
  ++later.tries;
  WriteBatch batch;
  batch.Update(later);
  // Not written: who is woken tries it sooner than it would have been.
  store_.Commit(std::move(batch)).IgnoreError();
  return later.next_try;
}

absl::Status Notifier::Deliver(const Notice& notice, const AskedApproval& asked,
                               absl::Time now) {
  const std::shared_ptr<const Directory> directory = directory_.Get();
  ASSIGN_OR_RETURN(
      std::string link,
      interactions_.LinkTo(notice.approval, directory->public_url));
  const NoticeFacts facts = FactsFor(*directory, asked, std::move(link));
  if (notice.channel == kEmailChannel) {
    return send_mail_(
        {email_.from, notice.address,
         MailText(facts, email_.from, notice.address, email_.reply_to, now)});
  }
  const std::string body = WebhookBody(facts);
  HttpRequest request;
  request.method = "POST";
  request.url = webhook_.url;
  request.headers =
      WebhookHeaders(*webhook_.secret, WebhookId(notice.approval), body, now);
  request.body = Secret::Copy(body);
  request.timeout = webhook_.timeout;
  request.max_body = kMostAnswer;
  ASSIGN_OR_RETURN(const HttpResponse answer, http_.Send(request));
  if (answer.status < 200 || answer.status > 299) {
    return errors::ProviderRefused("webhook",
                                   absl::StrCat("http_", answer.status));
  }
  return absl::OkStatus();
}

absl::Time Notifier::Remove(const Notice& notice) {
  const std::pair<std::string, std::string> key(notice.channel,
                                                notice.approval.value);
  {
    MutexLock lock(mutex_);
    sent_.insert(key);
  }
  WriteBatch batch;
  batch.Remove(
      WriteBatch::RemoveNotice{notice.tenant, notice.approval, notice.channel});
  const absl::Status removed = store_.Commit(std::move(batch));
  // Else it is remembered as sent, and removed when it is seen again.
  if (!removed.ok()) return clock_.Now() + kLastWait;
  MutexLock lock(mutex_);
  sent_.erase(key);
  return absl::InfiniteFuture();
}

void Notifier::Count(const std::string& channel, const char* result) {
  MutexLock lock(mutex_);
  ++counts_[{channel, result}];
  ++recent_.At(clock_.Now())[{channel, result}];
}

Notifier::Counts Notifier::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

Notifier::Counts Notifier::CountsOfLastHour() const {
  MutexLock lock(mutex_);
  return SumOf(recent_, clock_.Now());
}

}  // namespace tokenvault
