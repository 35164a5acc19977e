#include "verify/read_file.h"

#include <cstddef>
#include <cstdio>
#include <memory>

namespace tokenvault {
namespace {

constexpr size_t kLargestFile = size_t{64} << 20;

struct CloseFile {
  void operator()(FILE* file) const { fclose(file); }
};

}  // namespace

std::optional<std::string> ReadWholeFile(const std::string& path) {
  const std::unique_ptr<FILE, CloseFile> file(fopen(path.c_str(), "re"));
  if (file == nullptr) return std::nullopt;
  std::string text;
  char piece[1 << 14];
  size_t size = sizeof piece;
  while (size == sizeof piece) {  // less is the end, or an error
    size = fread(piece, 1, sizeof piece, file.get());
    text.append(piece, size);
    if (text.size() > kLargestFile) return std::nullopt;
  }
  if (ferror(file.get()) != 0) return std::nullopt;
  return text;
}

}  // namespace tokenvault
