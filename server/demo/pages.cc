#include "server/demo/pages.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/hash.h"
#include "server/demo/people.h"
#include "server/demo/persona.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#fff8ec;--ink:#2b2118;--soft:#6d5c4a;
--line:#e4d3b8;--card:#fffdf8;--warm:#a3450c;--on-warm:#fff}
@media(prefers-color-scheme:dark){:root{--paper:#1d1712;--ink:#f4e9da;
--soft:#bda98f;--line:#453829;--card:#271f18;--warm:#f0a15f;--on-warm:#22150a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:17px/1.55 Georgia,"Times New Roman",serif}
.band{background:var(--warm);color:var(--on-warm);text-align:center;
padding:.4rem 1rem;font:600 .85rem/1.4 ui-monospace,monospace}
main{max-width:27rem;margin:3rem auto;padding:2rem;background:var(--card);
border:1px solid var(--line);border-radius:3px}
@media(max-width:30rem){main{margin:0;border:0;padding:1.5rem}}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}
p{margin:0 0 1rem;color:var(--soft)}
ul{padding-left:1.2rem;margin:0 0 1.5rem}
li.box{list-style:none;margin-left:-1.2rem}
li.box label{display:block;padding:.4rem 0}
button{display:block;width:100%;min-height:48px;margin:0 0 .75rem;
padding:.6rem 1rem;font:inherit;text-align:left;color:var(--ink);
background:transparent;border:1px solid var(--line);border-radius:3px;
cursor:pointer}
button small{display:block;color:var(--soft)}
button.main{background:var(--warm);border-color:var(--warm);
color:var(--on-warm);text-align:center;font-weight:700}
button.other{text-align:center}
button:focus-visible{outline:3px solid var(--warm);outline-offset:2px}
code{font:.9em ui-monospace,monospace}
)css";

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"'", "&#39;"}});
}

// Standard base64, as CSP wants a hash.
std::string StyleHash() {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string hash = Sha256(kStyle);
  std::string out;
  for (size_t i = 0; i < hash.size(); i += 3) {
    auto byte = [&](size_t at) -> unsigned {
      return at < hash.size() ? static_cast<unsigned char>(hash[at]) : 0;
    };
    unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (size_t j = 0; j < 4; ++j) {
      out.push_back(i + j > hash.size() ? '='
                                        : kAlphabet[bits >> (18 - 6 * j) & 63]);
    }
  }
  return out;
}

// `form_target`: the origin where a form's answer leads, "" for none. Browsers
// hold a redirect after a POST to form-action too.
WebResponse Page(int status, absl::string_view title, absl::string_view body,
                 absl::string_view form_target) {
  WebResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
      Escape(title), " · Demo provider</title>\n<style>", kStyle,
      "</style>\n</head>\n<body>\n<div class=\"band\">DEMO provider: invented "
      "people, nothing is kept</div>\n<main>\n",
      body, "</main>\n</body>\n</html>\n");
  response.headers = {
      {"Content-Security-Policy",
       absl::StrCat("default-src 'none'; style-src 'sha256-", StyleHash(),
                    "'; form-action 'self'",
                    form_target.empty() ? "" : absl::StrCat(" ", form_target),
                    "; frame-ancestors 'none'; base-uri 'none'")},
      {"X-Frame-Options", "DENY"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-store"}};
  return response;
}

std::string FormStart(const DemoForm& form) {
  return absl::StrCat("<form method=\"post\" action=\"", Escape(form.action),
                      "\">\n<input type=\"hidden\" name=\"", kDemoFieldRequest,
                      "\" value=\"", Escape(form.request), "\">\n");
}

std::string Item(const DemoConsent::Sentence& sentence) {
  if (sentence.scope.empty()) {
    return absl::StrCat("<li>", Escape(sentence.says), "</li>\n");
  }
  return absl::StrCat(
      "<li class=\"box\"><label><input type=\"checkbox\" name=\"",
      kDemoFieldTick, Escape(sentence.scope), "\" value=\"yes\" checked> ",
      Escape(sentence.says), "</label></li>\n");
}

}  // namespace

WebResponse DemoPersonPage(absl::string_view to, const DemoForm& form) {
  std::string body = absl::StrCat(
      "<h1>Sign in as…</h1>\n<p>", Escape(to),
      " wants to know who you are. There are no passwords here: pick "
      "somebody.</p>\n",
      FormStart(form));
  for (const DemoPerson& person : DemoPeople()) {
    absl::StrAppend(&body, "<button type=\"submit\" name=\"", kDemoFieldPerson,
                    "\" value=\"", Escape(person.id), "\">",
                    Escape(person.name), "<small>", Escape(person.email),
                    "</small></button>\n");
  }
  absl::StrAppend(&body, "</form>\n");
  return Page(200, "Sign in", body, form.leads);
}

WebResponse DemoConsentPage(const DemoConsent& consent, const DemoForm& form) {
  const std::string client = Escape(consent.client);
  std::string body = absl::StrCat(
      "<h1>Allow ", client, "?</h1>\n<p>You are signed in to ",
      Escape(consent.provider), " as <strong>", Escape(consent.person),
      "</strong>. ", client, " wants to:</p>\n", FormStart(form), "<ul>\n");
  for (const DemoConsent::Sentence& sentence : consent.can) {
    absl::StrAppend(&body, Item(sentence));
  }
  absl::StrAppend(
      &body, "</ul>\n<button class=\"main\" type=\"submit\" name=\"",
      kDemoFieldDecision,
      "\" value=\"allow\">Allow</button>\n"
      "<button class=\"other\" type=\"submit\" name=\"",
      kDemoFieldDecision, "\" value=\"deny\">Deny</button>\n</form>\n");
  return Page(200, absl::StrCat("Allow ", consent.client, "?"), body,
              form.leads);
}

WebResponse DemoErrorPage(int status, absl::string_view sentence) {
  return Page(status, "This does not work",
              absl::StrCat("<h1>This does not work</h1>\n<p>", Escape(sentence),
                           "</p>\n"),
              "");
}

WebResponse DemoFrontPage(absl::string_view origin) {
  std::string body = absl::StrCat(
      "<h1>Demo provider</h1>\n<p>Small OAuth providers with two invented "
      "people and their calendars, for trying tokenvault, or a client of your "
      "own, on this machine. Each differs from the standard as some real one "
      "does.</p>\n<ul>\n");
  for (const DemoPersona& persona : DemoPersonas()) {
    absl::StrAppend(&body, "<li>", Escape(persona.title), ": <code>",
                    Escape(origin), persona.Prefix(), "</code></li>\n");
  }
  absl::StrAppend(&body,
                  "</ul>\n<p>Ask one with a token: <code>GET "
                  "…/calendar/events</code>. What they have seen: <code>GET ",
                  Escape(origin), "/ledger</code></p>\n");
  return Page(200, "Demo provider", body, "");
}

}  // namespace tokenvault
