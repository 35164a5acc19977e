#pragma once

#include <string>

#include "server/messages.h"

// What every page has: the frame around it, its form, and the three parties
// that sentences name. Pages are pure functions from plain values to HTML;
// nothing in them knows a rule, a store or a session; who calls decided what is
// true.
//
// Every value is escaped, whoever sent it. Names and sentences of others are
// also cleaned (server/page_text.h). A link is rendered only if IsSafeLink
// allows it. Each act is a form POST with the fields named below, and needs no
// script. Every sentence comes from the catalogue of the frame's language.
//
// What a permission does is given without a full stop: "See events on your
// calendars". Names come from the three parties: the agent ("Calendar Bot"),
// us ("Acme Connect"), the provider ("Google").
namespace tokenvault {

// <input name=…> of every form of ours.
inline constexpr char kFieldCsrf[] = "csrf";
inline constexpr char kFieldDecision[] = "decision";
// Of those where a yes must be meant: server/web_guard.h.
inline constexpr char kFieldGuard[] = "guard";
inline constexpr char kFieldTypedCode[] = "typed_code";
inline constexpr char kGuardSeen[] = "seen";  // as server/web/guard.js sets it

// Where a person who is signed in may go.
inline constexpr char kConnectionsPath[] = "/me";
inline constexpr char kApprovalsPath[] = "/approvals";
inline constexpr char kActivityPath[] = "/me/activity";
// Where operators may.
inline constexpr char kOperatorPath[] = "/operator";

// What stands around the card of every page.
struct PageFrame {
  std::string brand = "tokenvault";  // us, as the organisation calls us
  std::string signed_in_as;          // "ana@acme.example"; "" for nobody
  bool demo = false;                 // shows the DEMO band
  std::string here;  // which of the paths above this page is; "" for none
  int waiting = 0;   // approvals that wait for this person's word
  bool is_operator = false;  // who is signed in
  bool wide = false;         // for tables
  const Messages* messages = &EnglishMessages();
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

enum class ScopeViewRisk { kUnjudged, kLow, kMedium, kHigh };

struct ScopeView {
  std::string raw;   // "https://www.googleapis.com/auth/calendar.events"
  std::string says;  // "See events on your calendars"
  ScopeViewRisk risk = ScopeViewRisk::kUnjudged;
};

// Back to where the person came from, if it is registered. `name` such as
// "Calendar Bot"; an empty `link` shows nothing.
struct ReturnView {
  std::string name;
  std::string link;
};

}  // namespace tokenvault
