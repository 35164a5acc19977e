#pragma once

#include "server/http_types.h"

// What goes out around a page.
namespace tokenvault {

inline constexpr char kHtmlContentType[] = "text/html; charset=utf-8";
inline constexpr char kStyleSheetPath[] = "/assets/style.css";

// The security headers of every HTML answer. HSTS only when the public URL is
// https, for it would lock people out of a plain one.
void AddPageHeaders(bool https, WebResponse& response);

// The stylesheet, as answered at kStyleSheetPath.
WebResponse StyleSheetResponse();

}  // namespace tokenvault
