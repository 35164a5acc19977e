#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/page_consent.h"
#include "server/page_outcome.h"

// What the tests of pages show.
namespace tokenvault {

inline const absl::Time kPageTime = absl::FromCivil(
    absl::CivilSecond(2026, 11, 23, 14, 32, 10), absl::UTCTimeZone());

// How often `part` is in `text`.
inline int CountIn(absl::string_view text, absl::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != absl::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

inline PageFrame TestFrame() {
  PageFrame frame;
  frame.brand = "Acme Connect";
  frame.signed_in_as = "ana@acme.example";
  return frame;
}

inline AgentView CalendarBot() {
  return {.name = "Calendar Bot",
          .identity = "spiffe://acme.example/agent/calendar-bot",
          .owner = "Productivity team"};
}

inline ScopeView SeeEvents() {
  return {.raw = "calendar.events.readonly",
          .says = "See events on your calendars",
          .risk = ScopeViewRisk::kLow};
}

inline ScopeView ChangeEvents() {
  return {.raw = "calendar.events",
          .says = "Add and change events",
          .risk = ScopeViewRisk::kHigh};
}

inline ConsentPage SampleConsent() {
  ConsentPage page;
  page.frame = TestFrame();
  page.form = {"/c/1/answer", "csrf-1"};
  page.agent = CalendarBot();
  page.tenant = "Acme";
  page.purpose = "Plan the offsite";
  page.asked_at = kPageTime - absl::Seconds(20);
  page.now = kPageTime;
  page.code = "7Q4M-2KXP";
  page.provider = "Google";
  page.provider_host = "accounts.google.com";
  page.scopes = {SeeEvents(), ChangeEvents()};
  page.cannot = {"Read your mail or files"};
  page.connections_link = "/me";
  page.connections_name = "connect.acme.example/me";
  return page;
}

inline DonePage SampleDone() {
  DonePage page;
  page.frame = TestFrame();
  page.agent = CalendarBot();
  page.tenant = "Acme";
  page.provider = "Google";
  page.account = "ana@acme.example";
  page.scopes = {SeeEvents()};
  page.ends = kPageTime + absl::Hours(24 * 30);
  page.undo = {"/c/1/undo", "csrf-1"};
  page.connections_link = "/me";
  page.connections_name = "connect.acme.example/me";
  return page;
}

}  // namespace tokenvault
