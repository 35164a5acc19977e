#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_frame.h"
#include "server/page_template.h"

// What happened.
namespace tokenvault {

struct ActivityLine {
  absl::Time time;
  std::string what;      // a sentence of ours: "Got a key"
  std::string who;       // "You", "Calendar Bot"
  std::string provider;  // "" where none is concerned
  std::string account;   // "" where it is not known
  std::vector<ScopeView> scopes;
  std::string purpose;  // the agent's words; "" for none
  std::string outcome;  // "Refused", "Failed"; "" when all is well
};

// A part of a list, the newest first. Empty links show nothing.
struct ActivityView {
  std::vector<ActivityLine> lines;
  std::string newest_link;
  std::string older_link;
  std::string csv_link;
};
// events, newest_link, older_link, csv_link: for a page that shows a list.
void SetActivity(const ActivityView& activity, const Messages& messages,
                 PageData& data);

struct ActivityPage {
  PageFrame frame;
  ActivityView activity;
};
std::string RenderActivity(const ActivityPage& page);

}  // namespace tokenvault
