#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/messages.h"

namespace tokenvault {

// What a browser says about the language of pages.
struct LanguageWishes {
  std::string ui_locales;       // the parameter (OpenID Connect): "ar-XB en"
  std::string chosen_before;    // our cookie: a locale of ours, or anything
  std::string accept_language;  // the header
};

// The language of a page: the first known one of `ui_locales`, else the one
// chosen that way earlier in the visit, else the best of Accept-Language, else
// English. "en-GB" finds "en". The mirror is no language that a person reads:
// it must be named in ui_locales, or `dev_mode` be on.
const Messages& ChooseLanguage(const LanguageWishes& wishes, bool dev_mode);

// The first known one of `ui_locales`; null when there is none.
const Messages* NamedLanguage(absl::string_view ui_locales);

}  // namespace tokenvault
