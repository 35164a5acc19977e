#include "server/page_headers.h"

#include "server/page_template.h"

namespace tokenvault {

void AddPageHeaders(bool https, WebResponse& response) {
  auto add = [&](const char* name, const char* value) {
    response.headers.emplace_back(name, value);
  };
  add("Content-Security-Policy",
      "default-src 'none'; style-src 'self'; img-src 'self'; "
      "script-src 'self'; connect-src 'self'; form-action 'self'; "
      "frame-ancestors 'none'; base-uri 'none'; "
      "require-trusted-types-for 'script'; report-to csp");
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
  }
}

WebResponse StyleSheetResponse() {
  WebResponse response;
  response.content_type = "text/css; charset=utf-8";
  response.body = StyleSheet();
  response.headers = {
      {"Cache-Control", "public, max-age=31536000, immutable"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"X-Content-Type-Options", "nosniff"},
  };
  return response;
}

}  // namespace tokenvault
