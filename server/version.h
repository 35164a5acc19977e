#pragma once

#include <string>

namespace tokenvault {

// Of the daemon: "0.1.0".
std::string Version();

}  // namespace tokenvault
