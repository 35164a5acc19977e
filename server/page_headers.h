#pragma once

#include "absl/strings/string_view.h"
#include "server/http_types.h"

// What goes out around a page.
namespace tokenvault {

inline constexpr char kHtmlContentType[] = "text/html; charset=utf-8";
// Where browsers report a page that broke its policy: server/csp_reports.h.
inline constexpr char kCspReportPath[] = "/csp-report";

// The security headers of every HTML answer. HSTS and reports only when the
// public URL is https: the one would lock people out of a plain one, the other
// is sent to https only.
void AddPageHeaders(absl::string_view public_url, WebResponse& response);

}  // namespace tokenvault
