#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/lifetime.h"
#include "server/page_headers.h"

// What people see: pure functions from plain values to HTML. Nothing here knows
// a rule, a store or a session; who calls decided what is true.
//
// Every value is escaped, whoever sent it. Names and sentences are also cleaned
// (server/page_text.h). A link is rendered only if IsSafeLink allows it. There
// is no script: each act is a form POST with the fields named below.
//
// Sentences are given without a full stop: "See events on your calendars".
// Names come from the three parties: the agent ("Calendar Bot"), us
// ("Acme Connect"), the provider ("Google").
namespace tokenvault {

// ------------------------------------------------------------ form fields --

// <input name=…> of the forms below; values in the comments.
inline constexpr char kFieldCsrf[] = "csrf";
inline constexpr char kFieldDecision[] = "decision";
inline constexpr char kFieldLifetime[] = "lifetime";      // LifetimeValue
inline constexpr char kFieldConnection[] = "connection";  // ConnectionCard::id

inline constexpr char kDecisionAllow[] = "allow";      // consent
inline constexpr char kDecisionDeny[] = "deny";        // consent
inline constexpr char kDecisionUndo[] = "undo";        // done, less granted
inline constexpr char kDecisionKeep[] = "keep";        // less granted, account
inline constexpr char kDecisionAgain[] = "again";      // less granted
inline constexpr char kDecisionReplace[] = "replace";  // wrong account

// -------------------------------------------------------------- view models --

// What stands around the card of every page.
struct PageFrame {
  std::string brand = "tokenvault";  // us, as the organisation calls us
  std::string signed_in_as;          // "ana@acme.example"; "" for nobody
  bool demo = false;                 // shows the DEMO band
};

// A form of one of our pages: where it goes, and its CSRF token.
struct PageForm {
  std::string path;
  std::string csrf;
};

struct AgentView {
  std::string name;      // "Calendar Bot", as registered by the operator
  std::string identity;  // "spiffe://acme.example/agent/calendar-bot", verified
  std::string owner;     // "Productivity team"; "" when not registered
};

struct ScopeView {
  std::string raw;   // "https://www.googleapis.com/auth/calendar.events"
  std::string says;  // "See events on your calendars"
  std::string risk;  // "low", "medium", "high"; "" where nobody judged it
};

// Back to where the person came from, if it is registered. `name` such as
// "Calendar Bot"; an empty `link` shows nothing.
struct ReturnView {
  std::string name;
  std::string link;
};

struct SignInPage {
  PageFrame frame;
  std::string tenant;             // "Acme"
  std::string agent;              // who asks; "" for a visit of one's own
  std::string identity_provider;  // "Acme single sign-on"
  std::string link;               // starts the sign-in
};
std::string RenderSignIn(const SignInPage& page);

enum class ConsentKind { kConnect, kReconnect, kStepUp };

struct ConsentPage {
  PageFrame frame;
  ConsentKind kind = ConsentKind::kConnect;
  PageForm form;  // POST: csrf, decision=allow|deny, lifetime=…
  AgentView agent;
  std::string tenant;
  std::string purpose;  // the agent's words; "" for none
  absl::Time asked_at;
  absl::Time now;
  std::string code;  // "7Q4M-2KXP"
  std::string provider;
  std::string provider_host;  // "accounts.google.com"
  // Whether a yes leads to the provider, or is enough because the account is
  // connected already.
  bool at_provider = true;
  // The account at the provider, if one is connected: reconnect and step-up.
  std::string account;
  std::vector<ScopeView> scopes;    // what is asked; for a step-up, what is new
  std::vector<ScopeView> already;   // step-up: what it can do now
  std::vector<std::string> cannot;  // "Read your mail or files"
  // What a token could do besides, because the provider cannot cut it off and
  // the operator allows that.
  std::vector<std::string> could_also;
  std::vector<Lifetime> lifetimes = {Lifetime::kOneDay, Lifetime::kThirtyDays,
                                     Lifetime::kUntilStopped};
  Lifetime lifetime = Lifetime::kThirtyDays;
  std::string connections_link;  // where to stop it: "/me"
  std::string connections_name;  // as people read it: "connect.acme.example/me"
  std::string error;             // a sentence about the last try; "" for none
};
std::string RenderConsent(const ConsentPage& page);

// Names the host before the browser leaves for it.
struct InterstitialPage {
  PageFrame frame;
  std::string agent;
  std::string provider;
  std::string host;  // "accounts.google.com"
  std::string link;  // the authorization URL, built by us
};
std::string RenderInterstitial(const InterstitialPage& page);

struct DonePage {
  PageFrame frame;
  AgentView agent;
  std::string tenant;
  std::string provider;
  std::string account;            // "ana@acme.example"
  std::vector<ScopeView> scopes;  // what it can do now
  absl::Time ends = absl::InfiniteFuture();
  PageForm undo;  // POST: csrf, decision=undo
  ReturnView back;
  std::string connections_link;
  std::string connections_name;
};
std::string RenderDone(const DonePage& page);

// The person said no: to us, or at the provider.
struct DeniedPage {
  PageFrame frame;
  std::string agent;
  std::string provider;
  ReturnView back;
};
std::string RenderDeniedByYou(const DeniedPage& page);
std::string RenderDeniedAtProvider(const DeniedPage& page);

struct LinkUsedPage {
  PageFrame frame;
  std::string connections_link;
};
std::string RenderLinkUsed(const LinkUsedPage& page);

struct LinkExpiredPage {
  PageFrame frame;
};
std::string RenderLinkExpired(const LinkExpiredPage& page);

// How a question ended that can be answered no more.
enum class LinkEnd {
  kDenied,     // the person said no
  kCancelled,  // the agent took it back
  kStopped,    // a check failed
};
struct LinkEndedPage {
  PageFrame frame;
  LinkEnd end = LinkEnd::kDenied;
};
std::string RenderLinkEnded(const LinkEndedPage& page);

// Says no name: neither whose link it is nor who asked.
struct OtherPersonPage {
  PageFrame frame;
  PageForm sign_out;  // POST: csrf; an empty path shows none
};
std::string RenderOtherPerson(const OtherPersonPage& page);

struct ProviderDownPage {
  PageFrame frame;
  std::string agent;
  std::string provider;
  std::string retry_link;
  bool refuses_us = false;  // it answers, and does not accept our client
};
std::string RenderProviderDown(const ProviderDownPage& page);

// The person unticked something at the provider.
struct LessGrantedPage {
  PageFrame frame;
  PageForm form;  // POST: csrf, decision=keep|again|undo
  std::string agent;
  std::string provider;
  std::string account;
  std::vector<ScopeView> granted;
  std::vector<ScopeView> missing;
};
std::string RenderLessGranted(const LessGrantedPage& page);

// The person came back with another account than the question is about.
struct WrongAccountPage {
  PageFrame frame;
  PageForm form;  // POST: csrf, decision=keep|replace
  std::string agent;
  std::string provider;
  std::string account;      // the one that was asked about
  std::string new_account;  // the one just signed in with
  bool is_new = false;      // it was not connected before
};
std::string RenderWrongAccount(const WrongAccountPage& page);

struct WentWrongPage {
  PageFrame frame;
  std::string id;          // under which the log tells the truth
  std::string retry_link;  // "" when starting again needs a new link
};
std::string RenderWentWrong(const WentWrongPage& page);

// The vault has no key.
struct SealedPage {
  PageFrame frame;
};
std::string RenderSealed(const SealedPage& page);

// An operator stopped tokens for what the question is about.
struct StoppedPage {
  PageFrame frame;
  std::string retry_link;  // "" when starting again needs a new link
};
std::string RenderStopped(const StoppedPage& page);

struct NotFoundPage {
  PageFrame frame;
};
std::string RenderNotFound(const NotFoundPage& page);

struct SignedOutPage {
  PageFrame frame;
  std::string sign_in_link;
};
std::string RenderSignedOut(const SignedOutPage& page);

// What became of the grant at the provider.
enum class ProviderRevocation { kRevoked, kUnsupported, kFailed, kPending };

struct RemovedPage {
  PageFrame frame;
  std::string agent;  // "" when it was ended for every agent
  std::string provider;
  std::string account;
  ProviderRevocation revocation = ProviderRevocation::kRevoked;
  // Where the provider keeps its own list; "" when unknown.
  std::string provider_link;
  ReturnView back;
};
std::string RenderRemoved(const RemovedPage& page);

// One connected account on the page of all of them.
struct ConnectionCard {
  std::string id;
  std::string provider;
  std::string account;
  std::string state;        // "Active", "Needs reconnecting", "Paused"
  std::string explanation;  // a sentence; "" when all is well
  struct Use {
    std::string agent;
    std::vector<ScopeView> scopes;
    absl::Time ends = absl::InfiniteFuture();
  };
  std::vector<Use> uses;
};

struct MyConnectionsPage {
  PageFrame frame;
  PageForm form;      // POST: csrf, connection=id
  PageForm sign_out;  // POST: csrf
  std::vector<ConnectionCard> connections;
};
std::string RenderMyConnections(const MyConnectionsPage& page);

}  // namespace tokenvault
