#pragma once

#include <kainjow/mustache.hpp>
#include <string>

#include "server/messages.h"

// The templates of server/web, compiled in, and the values put into them.
namespace tokenvault {

using PageData = kainjow::mustache::data;

// The template NAME.mustache in that language, filled with `data`; every
// {{value}} is escaped, and every [[key]] is a sentence.
std::string FillTemplate(const std::string& name, const Messages& messages,
                         const PageData& data);

// A template takes an absent value for "none": {{#purpose}} asks if there is
// one. So an empty value is not set, nor a link that is not safe.
void SetIf(const std::string& name, std::string value, PageData& data);
void SetLink(const std::string& name, const std::string& url, PageData& data);

const std::string& StyleSheet();
// Changes with the sheet, so that browsers may keep it for ever.
const std::string& StyleSheetVersion();

}  // namespace tokenvault
