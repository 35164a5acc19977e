#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// The lines of a file that anybody may have written, one at a time, in a fixed
// amount of memory.
//
//   LineReader lines(file);
//   while (lines.Next()) Look(lines.number(), lines.line());
//
// Not thread-safe.
class LineReader {
 public:
  // No line of ours is longer.
  static constexpr size_t kLongestLine = size_t{1} << 20;

  explicit LineReader(FILE* file) : file_(file) {}

  // False at the end, or when the file cannot be read any further.
  bool Next();

  // Without its end; what is beyond kLongestLine is left out. Good until
  // Next().
  absl::string_view line() const { return line_; }
  uint64_t number() const { return number_; }  // from 1
  bool too_long() const { return too_long_; }
  bool has_end() const { return has_end_; }  // only the last may have none
  bool failed() const { return failed_; }
  uint64_t bytes() const { return bytes_; }  // read so far

 private:
  bool Fill();

  FILE* const file_;
  std::string buffer_ = std::string(size_t{1} << 16, '\0');
  size_t at_ = 0;
  size_t filled_ = 0;
  std::string line_;
  uint64_t number_ = 0;
  uint64_t bytes_ = 0;
  bool too_long_ = false;
  bool has_end_ = true;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace tokenvault
