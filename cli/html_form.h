#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

struct HtmlButton {
  std::string name;
  std::string value;
  std::string text;  // what people read on it
};

struct HtmlForm {
  std::string action;  // as written; "" means the page itself
  bool post = false;
  // What is sent whatever button is pressed: hidden fields, ticked boxes.
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<HtmlButton> buttons;  // those that can be pressed
};

struct HtmlLink {
  std::string href;
  std::string text;
  bool primary = false;  // looks like the button to press
};

// What somebody without a mouse needs of a page.
struct HtmlPage {
  std::string heading;  // the first <h1>
  std::vector<HtmlForm> forms;
  std::vector<HtmlLink> links;
};

// Reads pages of our own daemon for `demo run`. It is no browser: it knows
// forms with inputs and buttons, links, headings and entities. What it does not
// know it skips; no input makes it fail. Pure.
HtmlPage ParseHtml(absl::string_view html);

// "a=1&b=%20": how a form is sent.
std::string EncodeForm(
    const std::vector<std::pair<std::string, std::string>>& fields);

// What a person would press next to get on: to sign in as `person`, to
// continue, to allow. Exactly one of `form` and `link` is set, or none when the
// page is an end. Never what denies, undoes or leaves.
struct NextStep {
  const HtmlForm* form = nullptr;
  const HtmlButton* button = nullptr;
  const HtmlLink* link = nullptr;
};
NextStep FindNextStep(const HtmlPage& page, absl::string_view person);

}  // namespace tokenvault
