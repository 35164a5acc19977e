#include "server/page_headers.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tokenvault {

void AddPageHeaders(absl::string_view public_url, WebResponse& response) {
  const bool https = absl::StartsWith(public_url, "https://");
  auto add = [&](const char* name, std::string value) {
    std::erase_if(response.headers,
                  [name](const auto& header) { return header.first == name; });
    response.headers.emplace_back(name, std::move(value));
  };
  add("Content-Security-Policy",
      absl::StrCat("default-src 'none'; style-src 'self'; img-src 'self'; "
                   "script-src 'self'; connect-src 'self'; form-action 'self'; "
                   "frame-ancestors 'none'; base-uri 'none'; "
                   "require-trusted-types-for 'script'",
                   https ? "; report-to csp" : ""));
  add("X-Frame-Options", "DENY");
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Referrer-Policy", "no-referrer");
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  add("Permissions-Policy",
      "accelerometer=(), autoplay=(), bluetooth=(), browsing-topics=(), "
      "camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), "
      "encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), "
      "hid=(), identity-credentials-get=(), idle-detection=(), "
      "local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), "
      "picture-in-picture=(), publickey-credentials-get=(), "
      "screen-wake-lock=(), serial=(), storage-access=(), usb=(), "
      "web-share=(), xr-spatial-tracking=()");
  if (https) {
    add("Strict-Transport-Security", "max-age=63072000; includeSubDomains");
    // Browsers report to https only.
    add("Reporting-Endpoints",
        absl::StrCat("csp=\"", public_url, kCspReportPath, "\""));
  }
}

}  // namespace tokenvault
