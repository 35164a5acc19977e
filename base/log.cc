#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tokenvault {
namespace {

// A control character or invalid UTF-8 would break the line: replaced.
constexpr auto kReplace = nlohmann::json::error_handler_t::replace;

const char* NameOf(LogKey key) {
  switch (key) {
    case LogKey::kTraceId:
      return "trace_id";
    case LogKey::kRequestId:
      return "request_id";
    case LogKey::kAgent:
      return "agent";
    case LogKey::kProvider:
      return "provider";
    case LogKey::kConnection:
      return "connection";
    case LogKey::kOutcome:
      return "outcome";
    case LogKey::kReason:
      return "reason";
    case LogKey::kLatencyMs:
      return "latency_ms";
    case LogKey::kMethod:
      return "method";
    case LogKey::kPath:
      return "path";
    case LogKey::kAddress:
      return "address";
    case LogKey::kCount:
      return "count";
    case LogKey::kKeyVersion:
      return "key_version";
  }
  return "unknown";
}

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger(
        "tokenvault", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

}  // namespace

void Log(LogLevel level, absl::string_view event, absl::string_view msg,
         std::vector<LogField> fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  std::string now = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                     absl::UTCTimeZone());
  Logger().log(ToSpdlog(level), FormatLogLine(level, event, msg, fields, now));
}

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

std::string FormatLogLine(LogLevel level, absl::string_view event,
                          absl::string_view msg,
                          const std::vector<LogField>& fields,
                          absl::string_view timestamp) {
  nlohmann::ordered_json line;
  line["ts"] = std::string(timestamp);
  line["level"] = NameOf(level);
  line["event"] = std::string(event);
  line["msg"] = std::string(msg);
  for (const LogField& field : fields) line[NameOf(field.key)] = field.value;
  return line.dump(-1, ' ', false, kReplace);
}

}  // namespace tokenvault
