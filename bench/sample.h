#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tokenvault {

// Numbers of one kind, and what is in the middle and at the end of them.
struct Sample {
  std::vector<double> values;

  double Quantile(double share) const {
    if (values.empty()) return 0;
    std::vector<double> sorted = values;
    const size_t at = std::min(
        sorted.size() - 1,
        static_cast<size_t>(share * static_cast<double>(sorted.size())));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<long>(at),
                     sorted.end());
    return sorted[at];
  }
  double Median() const { return Quantile(0.5); }
};

// Value by value: both are of the same repetitions.
inline Sample Divided(const Sample& upper, const Sample& lower) {
  Sample quotient;
  for (size_t i = 0; i < std::min(upper.values.size(), lower.values.size());
       ++i) {
    quotient.values.push_back(upper.values[i] / lower.values[i]);
  }
  return quotient;
}

}  // namespace tokenvault
