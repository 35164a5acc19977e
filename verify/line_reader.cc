#include "verify/line_reader.h"

#include <algorithm>

namespace tokenvault {

bool LineReader::Fill() {
  if (at_ < filled_) return true;
  if (ended_) return false;
  at_ = 0;
  filled_ = fread(buffer_.data(), 1, buffer_.size(), file_);
  bytes_ += filled_;
  failed_ = ferror(file_) != 0;
  ended_ = filled_ == 0;
  return !ended_;
}

bool LineReader::Next() {
  if (!Fill()) return false;
  ++number_;
  line_.clear();
  too_long_ = false;
  has_end_ = false;
  while (!has_end_ && Fill()) {
    const absl::string_view rest(buffer_.data() + at_, filled_ - at_);
    const size_t end = rest.find('\n');
    has_end_ = end != absl::string_view::npos;
    const absl::string_view piece = rest.substr(0, end);
    const size_t room = kLongestLine - line_.size();
    too_long_ = too_long_ || piece.size() > room;
    line_.append(piece.data(), std::min(piece.size(), room));
    at_ += piece.size() + (has_end_ ? 1 : 0);
  }
  return true;
}

}  // namespace tokenvault
