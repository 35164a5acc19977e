#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_frame.h"

// What operators see of the whole vault: numbers, and names of the
// configuration. There is no field for a person, an account or an agent's own
// words.
namespace tokenvault {

// Something to act on.
struct OperatorTask {
  std::string what;  // a sentence of ours
  std::optional<absl::Time> since;
  std::string command;   // "tokenvault unlock"; "" for none
  std::string document;  // "docs/operations.md"; "" for none
  std::string section;   // of that
};

// A number with its name.
struct OperatorFigure {
  std::string name;
  std::string value;
};

struct ProviderLine {
  std::string name;
  std::string worked;  // "99.9 %" of the refreshes; "" where there were none
  int64_t connections = 0;
  int64_t need_people = 0;
  bool narrows = false;
  bool ends_tokens = false;  // a refresh ends tokens already handed out
};

struct AgentLine {
  std::string name;
  int64_t tokens = 0;  // in the last hour
  std::string people;  // "611", "5 000 or more"
  // The widest that policy lets it ask for; `says` is "" when there is none.
  ScopeView widest;
  std::string widest_at;  // the provider
  int64_t policy_only = 0;
};

struct WitnessLine {
  std::string name;
  uint64_t size = 0;  // of the log that it has; 0 for nothing yet
  absl::Time time;
  std::string problem;  // of the last try; "" when it was good
};

struct OperatorPage {
  PageFrame frame;
  PageForm sign_out;
  std::string again_link;
  absl::Time now;
  absl::Time start_time;
  bool ready = false;
  uint32_t key_generation = 0;
  std::string configuration;
  std::vector<OperatorTask> tasks;
  std::vector<OperatorFigure> figures;  // of the last hour
  std::vector<ProviderLine> providers;
  std::vector<AgentLine> agents;
  int64_t all_agents = 0;  // of whom `agents` are the busiest
  int64_t leaves = 0;
  uint64_t checkpoint_size = 0;  // 0 for none yet
  absl::Time checkpoint_time;
  std::vector<WitnessLine> witnesses;
  std::optional<absl::Time> last_backup;
};
std::string RenderOperator(const OperatorPage& page);

// For who is signed in, and is none of them.
struct OperatorRefusedPage {
  PageFrame frame;
  PageForm sign_out;
};
std::string RenderOperatorRefused(const OperatorRefusedPage& page);

// "18 204", as every language of ours reads it.
std::string NumberText(int64_t number);
// "97.1 %", rounded down, so that 100 is all; "" of nothing.
std::string ShareText(int64_t part, int64_t whole);

}  // namespace tokenvault
