#pragma once

#include <string>
#include <vector>

namespace tokenvault {

// One command as a shell completes it; the first is the program itself.
struct CompletedCommand {
  std::string path;  // "key rotate"; "" for the program
  std::vector<std::string> commands;
  std::vector<std::string> options;  // "--dry-run"
};

// Scripts for the three shells. All pure; they ask nobody while completing.
std::string BashCompletion(const std::vector<CompletedCommand>& commands);
std::string ZshCompletion(const std::vector<CompletedCommand>& commands);
std::string FishCompletion(const std::vector<CompletedCommand>& commands);

}  // namespace tokenvault
