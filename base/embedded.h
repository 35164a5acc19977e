#pragma once

#include <string>
#include <vector>

namespace tokenvault {

// A file compiled into the binary by tokenvault_embed (cmake/functions.cmake):
// provider presets, SQL schemas, page templates. `name` is the file's name
// without its folder.
struct EmbeddedFile {
  std::string name;
  std::string content;
};

}  // namespace tokenvault
