#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/http_types.h"

// The files that pages link to: one stylesheet, one small script.
namespace tokenvault {

// Their links change with their content, so that browsers may keep them for
// ever: "/assets/style.css?v=0123456789ab".
const std::string& StyleSheetLink();
const std::string& GuardScriptLink();

// The file at `path`; nothing when there is none.
std::optional<WebResponse> FindAsset(absl::string_view path);

}  // namespace tokenvault
