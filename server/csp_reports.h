#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "server/http_types.h"
#include "server/metrics.h"

namespace tokenvault {

// Where browsers say that a page of ours broke its Content-Security-Policy: a
// POST of application/reports+json to kCspReportPath, as the header
// Reporting-Endpoints asks for. Somebody got words into a page, or one of us
// wrote what the policy forbids: either way it should be seen.
//
// Anybody can send this, so that nothing of it is believed or kept but the name
// of the directive, and that only if it is one we know: it is counted, and
// logged a few times a minute. Thread-safe; never blocks.
class CspReports {
 public:
  static constexpr size_t kMaxBody = 8 * 1024;
  static constexpr int kLinesPerMinute = 6;

  CspReports(const Clock& clock, Metrics& metrics)
      : clock_(clock), metrics_(metrics) {}

  static bool Serves(const std::string& path);

  WebResponse Handle(const WebRequest& request);

 private:
  void Note(absl::string_view directive);

  const Clock& clock_;
  Metrics& metrics_;

  Mutex mutex_;
  absl::Time minute_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int lines_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tokenvault
