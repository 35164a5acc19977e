#include "server/page_template.h"

#include <cstdlib>
#include <map>
#include <utility>

#include "base/embedded.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "server/page_text.h"

namespace tokenvault {

// Generated: the files of server/web.
const std::vector<EmbeddedFile>& WebFiles();

namespace {

const std::string& WebFile(const std::string& name) {
  static const auto* const kFiles = [] {
    auto* files = new std::map<std::string, std::string>;
    for (const EmbeddedFile& file : WebFiles()) {
      (*files)[file.name] = file.content;
    }
    return files;
  }();
  auto file = kFiles->find(name);
  // Cannot be: names are constants, and the tests render every one.
  if (file == kFiles->end()) std::abort();
  return file->second;
}

}  // namespace

std::string FillTemplate(const std::string& name, const Messages& messages,
                         const PageData& data) {
  // Before the values are put in: no value of others names a sentence.
  const std::string translated =
      messages.Translate(WebFile(name + ".mustache"));
  return kainjow::mustache::mustache(translated).render(data);
}

void SetIf(const std::string& name, std::string value, PageData& data) {
  if (!value.empty()) data.set(name, std::move(value));
}

void SetLink(const std::string& name, const std::string& url, PageData& data) {
  if (IsSafeLink(url)) data.set(name, url);
}

const std::string& StyleSheet() { return WebFile("style.css"); }

const std::string& StyleSheetVersion() {
  static const auto* const kVersion =
      new std::string(HexEncode(Sha256(StyleSheet())).substr(0, 12));
  return *kVersion;
}

}  // namespace tokenvault
