#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// The daemon's log: one JSON object a line, on stderr, with allow-listed keys.
//
// There is no free-form field. What happened is `event`, a constant of the
// code; `msg` is a sentence of ours; everything else is one of LogKey, whose
// values are bounded by configuration or made by us. Text from outside (a
// provider's answer, a header, a purpose) has no key and so no way in.
//
//   Log(LogLevel::kWarning, "refresh.failed", "the provider refused",
//       {{LogKey::kProvider, provider.value}, {LogKey::kReason, reason}});
//
// Thread-safe.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

enum class LogKey {
  kTraceId,
  kRequestId,  // ours, or the caller's when it is a UUID
  kAgent,
  kProvider,
  kConnection,
  kOutcome,
  kReason,
  kLatencyMs,
  kMethod,
  kPath,  // of a file or a route of ours; never a query
  kAddress,
  kCount,
  kKeyVersion,
};

struct LogField {
  LogKey key;
  std::string value;
};

void Log(LogLevel level, absl::string_view event, absl::string_view msg,
         std::vector<LogField> fields = {});

// Lines below `level` are dropped. Default: kInfo.
void SetLogLevel(LogLevel level);

// One line as Log writes it, without the newline: for tests.
std::string FormatLogLine(LogLevel level, absl::string_view event,
                          absl::string_view msg,
                          const std::vector<LogField>& fields,
                          absl::string_view timestamp);

}  // namespace tokenvault
