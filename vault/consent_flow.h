#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/connector.h"
#include "vault/directory.h"
#include "vault/held_codes.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/oauth_flows.h"
#include "vault/provider_access.h"
#include "vault/question_burner.h"
#include "vault/stops.h"
#include "vault/token_cache.h"

namespace tokenvault {

// A person connects an account: from the link to the sealed refresh token.
//
//   /c/<link>            Look      whose question is it, is it still open
//     sign-in            SignIn    who is this
//                        Admit     is it that person; anyone else burns it
//   POST allow/deny      Allow     our consent, durable, before the provider's
//   /go/<flow>           Destination  names the host, then a plain link
//   (the provider)
//   /cb/<tenant>.<provider>  Return   every check, then the code, one commit
//   /account/<trip>    GetOtherAccount  another account than asked: which one?
//   /done/<interaction>  GetOutcome   a clean address that may be reloaded
//
// What a link, a state or a code proves: nothing alone. The callback is taken
// only from the browser that pressed the button (flow cookie), in the session
// that pressed it, of the person who was asked; and all of that is checked
// before the code is used. A missing session is a failure, never a reason to
// sign in and go on. Every failed check has its leaf in the audit log, and
// after the button burns the question; but a reload or a step back in the
// browser that pressed it does no harm.
//
// Where an application says who its people are (Interaction::confirmer), nobody
// signs in here. The link belongs to the browser that opens it first; a second
// one ends the question. The code that comes back is kept, not used: the
// browser goes on to the application with a connect code, and Confirm uses the
// code once the application has shown the token of the very person who was
// asked.
//
// Of what an operator stopped, nothing new is granted: nobody is let in, no
// code is used, and the question stays open (ISSUANCE_STOPPED).
//
// Blocks; thread-safe.
class ConsentFlow {
 public:
  ConsentFlow(const Clock& clock, Store& store, KeyKeeper& keys,
              ProviderAccess& providers, Interactions& interactions,
              TokenCache& cache, const Stops& stops);

  // The open question behind a link. NOT_FOUND, INTERACTION_USED,
  // INTERACTION_EXPIRED, INTERACTION_DENIED (also for cancelled and refused).
  absl::StatusOr<Interaction> Look(const std::string& link_id);

  // The browser with this cookie as a session in which nobody is signed in, for
  // a question with a confirmer. CONNECT_REFUSED "browser" when another browser
  // opened the link before: the question is burnt and audited.
  absl::StatusOr<WebSession> AdmitBrowser(const Interaction& interaction,
                                          const std::string& cookie);

  // The question, if this session's person is the one who was asked, or if it
  // is the one of AdmitBrowser. Otherwise CONNECT_REFUSED "user_mismatch": the
  // question is burnt and audited.
  absl::Status Admit(const Interaction& interaction, const WebSession& session);

  // How long access for one task lasts at most.
  static constexpr absl::Duration kLongestTask = absl::Hours(24);

  // The person said yes. Either everything they allow is connected already, and
  // the question is completed (`trip` is empty); or the browser goes to the
  // provider by way of /go/<flow_id>. Of `choice`, what was not offered is left
  // out, and a task ends after kLongestTask. ISSUANCE_STOPPED.
  struct Allowed {
    std::string flow_id;
    std::optional<BrowserTrip> trip;  // its url is not for this response
  };
  absl::StatusOr<Allowed> Allow(const Directory& directory,
                                const Interaction& interaction,
                                const WebSession& session,
                                ConsentChoice choice);
  // The person said no.
  absl::Status Deny(const Interaction& interaction, const WebSession& session);

  // Where /go/<flow_id> leads: the authorization URL. For the session that
  // pressed the button only, or the browser where nobody signs in.
  // CONNECT_REFUSED, PROVIDER_*.
  struct Leaving {
    Interaction interaction;
    std::string url;
  };
  absl::StatusOr<Leaving> Destination(const Directory& directory,
                                      const std::string& flow_id,
                                      const std::optional<WebSession>& session,
                                      const CookieReader& read_cookie);

  // The callback of /cb/<context>. Ok: the question is settled, and its Outcome
  // tells how; or nothing came of it though nobody did wrong (`not_connected`:
  // PROVIDER_*, ISSUANCE_STOPPED), the question is still open, and a new try is
  // a new round trip. CONNECT_REFUSED
  // with the failed check: "query", "state", "expired", "replayed", "cookie",
  // "session", "user", "settled", "context", "iss", "code", "id_token_…",
  // "revoked". STORAGE_*.
  struct Returned {
    InteractionId interaction;
    std::string flow_cookie_name;  // of no use any more
    absl::Status not_connected;
    // Set when the person came back with another account than the question is
    // about: GetOtherAccount asks what is meant.
    std::string trip_id;
    // Of a question with a confirmer: where the browser goes on, and with what
    // code; without one when the person said no.
    std::string return_uri;
    std::string connect_code;
  };
  absl::StatusOr<Returned> Return(const Directory& directory,
                                  const std::string& context,
                                  const CallbackQuery& query,
                                  const std::optional<WebSession>& session,
                                  const CookieReader& read_cookie);

  // The application's word about who came back with a connect code: redeems the
  // code that was held, if it is the person who was asked. Whatever else it is,
  // the code is dropped. RESOURCE_DENIED for a question that `agent` does not
  // confirm. CONNECT_REFUSED with the failed check: "connect_code" and
  // "replayed", and the question goes on; "expired", "user", "context", "iss",
  // "code", "id_token_…", "settled", and it is burnt. ISSUANCE_STOPPED and
  // PROVIDER_*: it is still open, and a new try is a new round trip. STORAGE_*.
  struct Confirmation {
    TenantId tenant;
    AgentId agent;
    InteractionId interaction;
    std::string connect_code;
    UserId user;  // as a token of theirs says
  };
  absl::StatusOr<ConnectionId> Confirm(const Directory& directory,
                                       const Confirmation& confirmation);

  // The open question and the two accounts: the one it is about, and the one
  // that the person came back with, which is stored and which no agent was let
  // into by that. For the session that made the trip. CONNECT_REFUSED; as Look
  // once it is settled.
  struct OtherAccount {
    Interaction interaction;
    Connection asked;
    Connection other;
    bool is_new = false;  // this trip connected it
    ConsentChoice choice;
  };
  absl::StatusOr<OtherAccount> GetOtherAccount(const std::string& trip_id,
                                               const WebSession& session);
  // The agent uses the other account from now on, and no longer the first one.
  absl::Status UseOtherAccount(const std::string& trip_id,
                               const WebSession& session);

  // How it ended, for the person who was asked. RESOURCE_DENIED for others.
  struct Outcome {
    Interaction interaction;
    std::optional<Connection> connection;
    std::optional<AgentGrant> grant;
  };
  absl::StatusOr<Outcome> GetOutcome(const InteractionId& id,
                                     const WebSession& session);

 private:
  // A browser that came back, with the question it was sent off for.
  struct Arrival {
    OAuthFlow flow;
    Interaction interaction;
  };
  absl::Status CheckStops(const Interaction& interaction) const;
  absl::Status SettleDenied(const Interaction& interaction,
                            const std::string& reason);
  absl::StatusOr<Arrival> CheckArrival(const Directory& directory,
                                       const std::string& context,
                                       const CallbackQuery& query,
                                       const std::optional<WebSession>& session,
                                       const CookieReader& read_cookie);
  absl::StatusOr<ReturnedCode> ReadCode(const Provider& provider,
                                        const OAuthFlow& flow,
                                        const CallbackQuery& query);
  absl::StatusOr<Connector::Connected> Redeem(const Directory& directory,
                                              const Provider& provider,
                                              const Interaction& interaction,
                                              const OAuthFlow& flow,
                                              const ReturnedCode& came);
  absl::Status NoteFailure(const Interaction& interaction,
                           const absl::Status& why);
  absl::StatusOr<Returned> NotConnected(const Interaction& interaction,
                                        Returned returned, absl::Status why);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  Interactions& interactions_;
  TokenCache& cache_;
  const Stops& stops_;
  QuestionBurner burner_;
  OAuthFlows flows_;
  HeldCodes held_;
  Connector connector_;
};

}  // namespace tokenvault
