#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/lifetime.h"
#include "server/page_frame.h"

// From the link to the door of the provider.
namespace tokenvault {

inline constexpr char kFieldLifetime[] = "lifetime";  // LifetimeValue
// Followed by a number; the value is a scope.
inline constexpr char kFieldOptional[] = "optional_";
inline constexpr char kDecisionAllow[] = "allow";
inline constexpr char kDecisionDeny[] = "deny";

struct SignInPage {
  PageFrame frame;
  std::string tenant;             // "Acme"
  std::string agent;              // who asks; "" for a visit of one's own
  bool approval = false;          // it asks for an approval, not for an account
  std::string identity_provider;  // "Acme single sign-on"
  std::string link;               // starts the sign-in
  bool as_operator = false;       // for the page of operators
};
std::string RenderSignIn(const SignInPage& page);

// A permission that the person may leave out.
struct OptionalScopeView {
  ScopeView scope;
  bool chosen = false;
};

enum class ConsentKind { kConnect, kReconnect, kStepUp };

struct ConsentPage {
  PageFrame frame;
  ConsentKind kind = ConsentKind::kConnect;
  // POST: csrf, decision=allow|deny, lifetime=…, optional_N=… of each ticked
  PageForm form;
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
  std::vector<ScopeView> scopes;  // what is asked; for a step-up, what is new
  std::vector<OptionalScopeView> optional;
  std::vector<ScopeView> already;   // step-up: what it can do now
  std::vector<std::string> cannot;  // "Read your mail or files"
  // What a token could do besides, because the provider cannot cut it off and
  // the operator allows that.
  std::vector<std::string> could_also;
  std::string task;  // the agent's own id of what it works on; "" for none
  // What it works on cannot be allowed by itself: it has access that lasts.
  bool lasting = false;
  std::vector<Lifetime> lifetimes = {Lifetime::kThirtyDays,
                                     Lifetime::kUntilStopped};
  Lifetime lifetime = Lifetime::kThirtyDays;
  // The application that says afterwards who this is; "" where we know.
  std::string confirmer;
  std::string connections_link;  // where to stop it: "/me"
  std::string connections_name;  // as people read it: "connect.acme.example/me"
  std::string error;             // a sentence about the last try; "" for none
  bool not_meant = false;        // the last try was a yes without its guard
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

}  // namespace tokenvault
