#include "cli/html_form.h"

#include <cstdint>
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace tokenvault {
namespace {

using Attributes = std::map<std::string, std::string>;

struct Tag {
  std::string name;  // lower case; "/form" for an end
  Attributes attributes;
};

void AppendUtf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::optional<uint32_t> EntityValue(absl::string_view name) {
  if (name == "amp") return '&';
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "quot") return '"';
  if (name == "apos") return '\'';
  if (name == "nbsp") return ' ';
  if (name.size() > 8 || !absl::ConsumePrefix(&name, "#")) return std::nullopt;
  uint32_t value = 0;
  const bool hex =
      absl::ConsumePrefix(&name, "x") || absl::ConsumePrefix(&name, "X");
  if (!(hex ? absl::SimpleHexAtoi(name, &value)
            : absl::SimpleAtoi(name, &value))) {
    return std::nullopt;
  }
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return std::nullopt;
  }
  return value;
}

std::string Unescape(absl::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const size_t end =
        text[at] == '&' ? text.find(';', at) : absl::string_view::npos;
    if (end != absl::string_view::npos) {
      if (auto value = EntityValue(text.substr(at + 1, end - at - 1))) {
        AppendUtf8(*value, plain);
        at = end + 1;
        continue;
      }
    }
    plain += text[at++];
  }
  return plain;
}

// Words with one space between.
std::string ToLine(absl::string_view text) {
  std::string line = Unescape(text);
  absl::RemoveExtraAsciiWhitespace(&line);
  return line;
}

// Reads a tag whose "<" was just passed; leaves `at` behind its ">".
Tag ReadTag(absl::string_view html, size_t& at) {
  Tag tag;
  while (at < html.size() && html[at] != '>' &&
         !absl::ascii_isspace(html[at])) {
    tag.name += absl::ascii_tolower(html[at++]);
  }
  while (at < html.size() && html[at] != '>') {
    if (absl::ascii_isspace(html[at]) || html[at] == '/') {
      ++at;
      continue;
    }
    std::string name;
    while (at < html.size() && html[at] != '=' && html[at] != '>' &&
           !absl::ascii_isspace(html[at])) {
      name += absl::ascii_tolower(html[at++]);
    }
    std::string value;
    if (at < html.size() && html[at] == '=') {
      ++at;
      const char quote = at < html.size() ? html[at] : ' ';
      if (quote == '"' || quote == '\'') {
        const size_t end = html.find(quote, at + 1);
        if (end == absl::string_view::npos) {
          at = html.size();
          break;
        }
        value = Unescape(html.substr(at + 1, end - at - 1));
        at = end + 1;
      } else {
        const size_t start = at;
        while (at < html.size() && html[at] != '>' &&
               !absl::ascii_isspace(html[at])) {
          ++at;
        }
        value = Unescape(html.substr(start, at - start));
      }
    }
    tag.attributes.emplace(std::move(name), std::move(value));
  }
  if (at < html.size()) ++at;
  return tag;
}

std::string Attribute(const Tag& tag, const char* name) {
  auto it = tag.attributes.find(name);
  return it == tag.attributes.end() ? "" : it->second;
}

bool Has(const Tag& tag, const char* name) {
  return tag.attributes.count(name) > 0;
}

// Turns tags and the text between them into a page.
class PageBuilder {
 public:
  void OnText(absl::string_view text) { absl::StrAppend(&text_, text); }

  void OnTag(const Tag& tag) {
    if (tag.name == "h1" || tag.name == "a" || tag.name == "button") {
      text_.clear();
      open_ = tag;
    } else if (tag.name == "/h1") {
      if (page_.heading.empty()) page_.heading = ToLine(text_);
    } else if (tag.name == "/a" && open_.name == "a") {
      page_.links.push_back(
          {Attribute(open_, "href"), ToLine(text_),
           absl::StrContains(Attribute(open_, "class"), "primary")});
      open_ = Tag();
    } else if (tag.name == "/button" && open_.name == "button") {
      OnButton(open_, ToLine(text_));
      open_ = Tag();
    } else if (tag.name == "form") {
      HtmlForm form;
      form.action = Attribute(tag, "action");
      form.post = absl::EqualsIgnoreCase(Attribute(tag, "method"), "post");
      page_.forms.push_back(std::move(form));
      in_form_ = true;
    } else if (tag.name == "/form") {
      in_form_ = false;
    } else if (tag.name == "input") {
      OnInput(tag);
    } else if (open_.name == "button") {
      text_ += ' ';  // words in different boxes are different words
    }
  }

  HtmlPage Take() { return std::move(page_); }

 private:
  void OnButton(const Tag& tag, std::string text) {
    if (!in_form_ || Has(tag, "disabled")) return;
    const std::string type = absl::AsciiStrToLower(Attribute(tag, "type"));
    if (type == "button" || type == "reset") return;
    page_.forms.back().buttons.push_back(
        {Attribute(tag, "name"), Attribute(tag, "value"), std::move(text)});
  }

  void OnInput(const Tag& tag) {
    if (!in_form_ || Has(tag, "disabled")) return;
    const std::string type = absl::AsciiStrToLower(Attribute(tag, "type"));
    if (type == "submit") {
      OnButton(tag, Attribute(tag, "value"));
      return;
    }
    const bool box = type == "checkbox" || type == "radio";
    if (!Has(tag, "name") || (box && !Has(tag, "checked"))) return;
    page_.forms.back().fields.emplace_back(
        Attribute(tag, "name"),
        box && !Has(tag, "value") ? "on" : Attribute(tag, "value"));
  }

  HtmlPage page_;
  Tag open_;
  std::string text_;
  bool in_form_ = false;
};

// How much a button or link leads on; nothing when it leads away.
std::optional<int> Promise(absl::string_view value, absl::string_view text,
                           absl::string_view person) {
  const std::string words = absl::AsciiStrToLower(text);
  for (const char* away :
       {"deny", "don’t", "don't", "undo", "cancel", "sign out", "remove"}) {
    if (absl::StrContains(words, away)) return std::nullopt;
  }
  for (const char* away : {"deny", "undo", "cancel", "reject"}) {
    if (value == away) return std::nullopt;
  }
  if (absl::EqualsIgnoreCase(value, person) ||
      absl::StrContains(words, absl::AsciiStrToLower(person))) {
    return 3;
  }
  if (value == "allow") return 2;
  for (const char* on : {"allow", "continue", "sign in", "go to", "keep"}) {
    if (absl::StartsWith(words, on)) return 1;
  }
  return std::nullopt;
}

}  // namespace

HtmlPage ParseHtml(absl::string_view html) {
  PageBuilder builder;
  for (size_t at = 0; at < html.size();) {
    const size_t next = html.find('<', at);
    builder.OnText(html.substr(at, next == absl::string_view::npos
                                       ? absl::string_view::npos
                                       : next - at));
    if (next == absl::string_view::npos) break;
    at = next + 1;
    if (absl::StartsWith(html.substr(at), "!--")) {
      const size_t end = html.find("-->", at);
      at = end == absl::string_view::npos ? html.size() : end + 3;
      continue;
    }
    builder.OnTag(ReadTag(html, at));
  }
  return builder.Take();
}

std::string EncodeForm(
    const std::vector<std::pair<std::string, std::string>>& fields) {
  const auto encode = [](absl::string_view text) {
    std::string safe;
    for (unsigned char c : text) {
      if (absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' ||
          c == '~') {
        safe += static_cast<char>(c);
      } else {
        absl::StrAppendFormat(&safe, "%%%02X", c);
      }
    }
    return safe;
  };
  std::string body;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&body, body.empty() ? "" : "&", encode(name), "=",
                    encode(value));
  }
  return body;
}

NextStep FindNextStep(const HtmlPage& page, absl::string_view person) {
  NextStep best;
  int most = 0;
  for (const HtmlForm& form : page.forms) {
    for (const HtmlButton& button : form.buttons) {
      const auto promise = Promise(button.value, button.text, person);
      if (!promise.has_value() || *promise <= most) continue;
      most = *promise;
      best = {&form, &button, nullptr};
    }
  }
  if (best.form != nullptr) return best;
  for (const HtmlLink& link : page.links) {
    if (!link.primary || !Promise("", link.text, person).has_value()) continue;
    best.link = &link;
    return best;
  }
  return best;
}

}  // namespace tokenvault
