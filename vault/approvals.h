#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/access_finder.h"
#include "vault/approvers.h"
#include "vault/audit_events.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/policy.h"
#include "vault/refusal_log.h"
#include "vault/token_cache.h"
#include "vault/turns.h"

namespace tokenvault {

// What agents may do only with a person's word for it: asked, decided, spent.
//
//   GetScopedToken ──▶ Find ── nothing yet ──▶ asked: a link and a code
//                        │                        │ Decide
//                        │                        ▼
//                        └── approved ──▶ AddSpending, in the commit that
//                                         issues the token
//
// A yes is good for one request: for the agent, person, account, scopes,
// resource, lifetime and declared acts that were shown, which a hash holds
// (vault/approval_request.h). Whoever changes any of them asks anew. A no holds
// for ten minutes, for whatever this agent asks of that account by that rule,
// so that nobody is worn down by small changes. The decision is a leaf of the
// audit log, with the hash, who decided, how and when.
//
// Blocks on the disk; thread-safe.
class Approvals {
 public:
  static constexpr absl::Duration kDenialHolds = absl::Minutes(10);
  static constexpr absl::Duration kHour = absl::Hours(1);
  static constexpr absl::Duration kTask = absl::Hours(8);
  // A yes to a single use must be used soon.
  static constexpr absl::Duration kOnce = absl::Minutes(10);
  // Open at once for one agent and person; and asked in a minute of one person,
  // by whomever, before nobody is told of each alone.
  static constexpr int kMaxPending = 3;
  static constexpr int kLoudPerMinute = 5;
  static constexpr uint32_t kMaxExtensions = 3;
  // Who decides on a page has signed in since.
  static constexpr absl::Duration kFreshSignIn = absl::Minutes(15);

  // How an approver hears of a question: a Notice for each channel, written
  // with the question; `wake` runs after that.
  struct Channels {
    bool webhook = false;
    bool email = false;
    std::function<void()> wake = [] {};
  };

  Approvals(const Clock& clock, Store& store, const KeyKeeper& keys,
            Interactions& interactions, TokenCache& cache);

  // Before the first call.
  void TellBy(Channels channels) { channels_ = std::move(channels); }

  // For a request that policy lets through only with a person's word: that
  // word, to be spent, or the question to a person (a new one, or the one that
  // is open already). APPROVAL_DENIED, APPROVAL_RATE_LIMITED, STORAGE_*.
  absl::StatusOr<std::variant<Approval, AskedQuestion>> Find(
      const AccessRequest& request, const ConnectionId& connection,
      const Decision& decision);
  // To the commit that issues a token by `approval`: its use. That commit fails
  // with VERSION_CONFLICT when another one used up a single use.
  static void AddSpending(Approval approval, absl::Time now, WriteBatch& batch);
  // To the commit that says that nobody got that token: takes the use back.
  // `approval` is what was given to AddSpending. VERSION_CONFLICT when it is
  // gone, or is something else by now.
  static void AddUnspending(Approval approval, WriteBatch& batch);

  const Approvers& approvers() const { return approvers_; }

  // RESOURCE_DENIED when there is none that this person may see.
  absl::StatusOr<AskedApproval> Get(const Directory& directory,
                                    const InteractionId& id,
                                    const Approver& approver) const;
  // The one that a page's link leads to. As Get; but who opens the link of
  // others leaves a leaf (vault/refusal_log.h).
  absl::StatusOr<AskedApproval> Open(const Directory& directory,
                                     const Interaction& question,
                                     const Approver& reader);
  // What this person may decide or see, newest first. `before`: as of
  // Store::ListApprovals.
  absl::StatusOr<std::vector<AskedApproval>> List(
      const Directory& directory, const Approver& approver,
      std::optional<InteractionState> state, const InteractionId& before,
      int limit) const;

  // How many wait for this person's word: of those that they may decide, not
  // only see; and of 500 that wait in the tenant, where others may decide.
  absl::StatusOr<int> CountToDecide(const Directory& directory,
                                    const Approver& approver) const;

  enum class Verdict { kApprove, kReject, kRejectAndPause };
  struct Ruling {
    Verdict verdict = Verdict::kReject;
    ApprovalReach reach = ApprovalReach::kNone;  // of a yes
    std::string comment;
    std::string request_id;
  };
  // Decides, once: the first answer stands. A yes opens nothing by itself; the
  // agent asks again. kRejectAndPause also ends what the person let this agent
  // do with the account. Returns it as it is then.
  // APPROVER_NOT_ALLOWED (audited), FIELD_INVALID "reach", INTERACTION_USED,
  // INTERACTION_DENIED, INTERACTION_EXPIRED, STORAGE_*.
  absl::StatusOr<AskedApproval> Decide(const Directory& directory,
                                       const AskedApproval& asked,
                                       const Approver& approver,
                                       const Ruling& ruling);
  // Puts the deadline off by as much as there was at first, up to
  // kMaxExtensions times. Errors as of Decide; FIELD_INVALID when no more can
  // be had.
  absl::StatusOr<AskedApproval> AskForMoreTime(const Directory& directory,
                                               const AskedApproval& asked,
                                               const Approver& approver);

 private:
  using Topic = std::tuple<TenantId, AgentId, UserId>;

  absl::StatusOr<std::variant<Approval, AskedQuestion>> FindAlone(
      const AccessRequest& request, const ConnectionId& connection,
      const Decision& decision);
  absl::Status CheckNotDenied(const AccessRequest& request,
                              const ConnectionId& connection,
                              const Decision& decision, absl::Time now) const;
  // Whether nobody is to be told of it alone. APPROVAL_RATE_LIMITED.
  absl::StatusOr<bool> CountAsked(const AccessRequest& request,
                                  absl::Time now) const;
  absl::StatusOr<AskedQuestion> Ask(const AccessRequest& request,
                                    Approval approval, const Decision& decision,
                                    absl::Time now);
  absl::Status Refuse(const AskedApproval& asked, const Approver& approver,
                      absl::Status why);
  // The agent needs the person's consent again.
  absl::Status AddPause(const Approval& approval, absl::Time now,
                        WriteBatch& batch) const;

  const Clock& clock_;
  Store& store_;
  const Approvers approvers_;
  Interactions& interactions_;
  TokenCache& cache_;
  RefusalLog refusals_;
  Channels channels_;
  Turns<Topic> turns_;
};

}  // namespace tokenvault
