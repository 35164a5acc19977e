#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace tokenvault {

// Numbers and times as people read them. All pure.

// "48 211"
std::string Grouped(int64_t number);
// "1 person", "3 people"
std::string Counted(int64_t number, absl::string_view one,
                    absl::string_view many);
// "182 MiB", "640 bytes"
std::string Bytes(int64_t size);
// The two largest units: "9 min 59 s", "3 h", "12 days"
std::string Lasting(absl::Duration length);
// One unit: "just now", "12 days ago", "in 3 h"
std::string Relative(absl::Time when, absl::Time now);
// "2026-11-23 09:14" in UTC, as everywhere in this product.
std::string Absolute(absl::Time when);
// "2026-11-23 09:14 (12 days ago)", or "-" for a time that is not set.
std::string When(const google::protobuf::Timestamp& when, absl::Time now);

absl::Time TimeOf(const google::protobuf::Timestamp& when);
absl::Duration DurationOf(const google::protobuf::Duration& length);
bool IsSet(const google::protobuf::Timestamp& when);

}  // namespace tokenvault
