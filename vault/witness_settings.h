#pragma once

#include <string>

namespace tokenvault {

// Who keeps checkpoints of our log where our disk does not reach: a folder on
// another machine, or a witness that speaks C2SP tlog-witness. One of the two.
struct WitnessSettings {
  std::string id;
  std::string folder;
  std::string url;  // without a slash at its end
  std::string key;  // of url: the vkey by which it signs
};

}  // namespace tokenvault
