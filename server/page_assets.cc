#include "server/page_assets.h"

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "server/page_template.h"

namespace tokenvault {
namespace {

constexpr char kStyleSheetPath[] = "/assets/style.css";
constexpr char kGuardScriptPath[] = "/assets/guard.js";

std::string LinkTo(absl::string_view path, const std::string& content) {
  return absl::StrCat(path, "?v=", HexEncode(Sha256(content)).substr(0, 12));
}

WebResponse Asset(std::string content_type, const std::string& content) {
  WebResponse response;
  response.content_type = std::move(content_type);
  response.body = content;
  response.headers = {
      {"Cache-Control", "public, max-age=31536000, immutable"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"X-Content-Type-Options", "nosniff"},
  };
  return response;
}

}  // namespace

const std::string& StyleSheetLink() {
  static const auto* const kLink =
      new std::string(LinkTo(kStyleSheetPath, WebFile("style.css")));
  return *kLink;
}

const std::string& GuardScriptLink() {
  static const auto* const kLink =
      new std::string(LinkTo(kGuardScriptPath, WebFile("guard.js")));
  return *kLink;
}

std::optional<WebResponse> FindAsset(absl::string_view path) {
  if (path == kStyleSheetPath) {
    return Asset("text/css; charset=utf-8", WebFile("style.css"));
  }
  if (path == kGuardScriptPath) {
    return Asset("text/javascript; charset=utf-8", WebFile("guard.js"));
  }
  return std::nullopt;
}

}  // namespace tokenvault
