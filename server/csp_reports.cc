#include "server/csp_reports.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "server/page_headers.h"

namespace tokenvault {
namespace {

// More in one request is no browser.
constexpr size_t kMaxReports = 16;

// What our policy sets, and the finer names that browsers give to it.
constexpr absl::string_view kDirectives[] = {
    "base-uri",   "connect-src",     "default-src",
    "font-src",   "form-action",     "frame-ancestors",
    "frame-src",  "img-src",         "manifest-src",
    "media-src",  "object-src",      "require-trusted-types-for",
    "script-src", "script-src-attr", "script-src-elem",
    "style-src",  "style-src-attr",  "style-src-elem",
    "worker-src"};

absl::string_view KnownDirective(const nlohmann::json& report) {
  const auto body = report.find("body");
  if (body == report.end() || !body->is_object()) return "other";
  const auto name = body->find("effectiveDirective");
  if (name == body->end() || !name->is_string()) return "other";
  for (absl::string_view known : kDirectives) {
    if (known == name->get_ref<const std::string&>()) return known;
  }
  return "other";
}

}  // namespace

bool CspReports::Serves(const std::string& path) {
  return path == kCspReportPath;
}

WebResponse CspReports::Handle(const WebRequest& request) {
  if (request.method != "POST") return WrongMethod("POST");
  if (request.body.size() > kMaxBody) {
    return TextResponse(413, "the report is too large\n");
  }
  const nlohmann::json reports =
      nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!reports.is_array() || reports.size() > kMaxReports) {
    return TextResponse(400, "not a list of reports\n");
  }
  for (const nlohmann::json& report : reports) {
    if (!report.is_object()) continue;
    if (report.value("type", nlohmann::json()) != "csp-violation") continue;
    Note(KnownDirective(report));
  }
  WebResponse response;
  response.status = 204;
  return response;
}

void CspReports::Note(absl::string_view directive) {
  metrics_.CountPolicyViolation(directive);
  {
    MutexLock lock(mutex_);
    const absl::Time now = clock_.Now();
    if (now - minute_ >= absl::Minutes(1) || now < minute_) {
      minute_ = now;
      lines_ = 0;
    }
    if (lines_ == kLinesPerMinute) return;
    ++lines_;
  }
  Log(LogLevel::kWarning, "page.policy_violated",
      "a browser reports that a page broke its Content-Security-Policy",
      {{LogKey::kReason, std::string(directive)}});
}

}  // namespace tokenvault
