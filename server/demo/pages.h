#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/http_types.h"

// The pages of the demo provider. It is another party, so it has a look of its
// own and shares nothing with server/pages. No script; every value is escaped.
namespace tokenvault {

// The forms POST these fields.
inline constexpr char kDemoFieldRequest[] = "request";
inline constexpr char kDemoFieldPerson[] = "person";      // "ana", "ben"
inline constexpr char kDemoFieldDecision[] = "decision";  // "allow", "deny"
// Begins the names of the boxes: "allow.calendar.read", sent while ticked.
inline constexpr char kDemoFieldTick[] = "allow.";

// Where a page's form goes.
struct DemoForm {
  std::string action;   // "/demo-slack/authorize"
  std::string request;  // which sign-in it belongs to
  std::string leads;    // the origin that the answer leads to
};

// "Sign in as…". `to` is who asked: "Demo sign-in" or "Demo Calendar".
WebResponse DemoPersonPage(absl::string_view to, const DemoForm& form);

struct DemoConsent {
  struct Sentence {
    std::string says;   // "See your events"
    std::string scope;  // to be ticked or not; "" goes with the rest
  };
  std::string provider;  // "Demo Slack"
  std::string client;    // "tokenvault"
  std::string person;    // "ana@demo.test"
  std::vector<Sentence> can;
};
// "tokenvault wants to…" with Allow and Deny.
WebResponse DemoConsentPage(const DemoConsent& consent, const DemoForm& form);

// A sentence for who came here by a broken link.
WebResponse DemoErrorPage(int status, absl::string_view sentence);

// What the front door says: what this is, and for whom.
WebResponse DemoFrontPage(absl::string_view origin);

}  // namespace tokenvault
