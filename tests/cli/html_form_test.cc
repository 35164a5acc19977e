#include "cli/html_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokenvault {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr char kConsent[] = R"(<!doctype html><h1>Connect your
  <em>calendar</em> &amp; more?</h1>
<form method="post" action="/c/7Q4M?x=1&amp;y=2">
<button disabled hidden></button>
<input type="hidden" name="csrf" value="a&quot;b">
<input type="checkbox" checked disabled>
<input type="checkbox" name="scope" value="mail" checked>
<input type="checkbox" name="scope" value="files">
<input type=radio name=lifetime value=30d checked><input type=radio name=lifetime value=1d>
<button class="primary" name="decision" value="allow">Continue to Google</button>
<button name="decision" value="deny">Don’t allow</button>
</form><!-- <form action="/evil"> -->
<a class="button primary" href="/elsewhere">Go to elsewhere</a>)";

TEST(ParseHtml, FindsWhatAFormWouldSend) {
  const HtmlPage page = ParseHtml(kConsent);
  EXPECT_EQ(page.heading, "Connect your calendar & more?");
  ASSERT_EQ(page.forms.size(), 1u);
  EXPECT_EQ(page.forms[0].action, "/c/7Q4M?x=1&y=2");
  EXPECT_TRUE(page.forms[0].post);
  EXPECT_THAT(page.forms[0].fields,
              ElementsAre(Pair("csrf", "a\"b"), Pair("scope", "mail"),
                          Pair("lifetime", "30d")));
  ASSERT_EQ(page.forms[0].buttons.size(), 2u);
  EXPECT_EQ(page.forms[0].buttons[1].text, "Don’t allow");
}

TEST(ParseHtml, FailsOnNothing) {
  for (const char* html : {"", "<", "<a href=\"", "<form", "&#xFFFFFFFFF;",
                           "<!--", "</button></a></form><input name=x>"}) {
    EXPECT_TRUE(ParseHtml(html).forms.size() <= 1) << html;
  }
}

TEST(ParseHtml, ReadsEntities) {
  EXPECT_EQ(ParseHtml("<h1>&lt;&#39;&#x4e2d;&unknown;&#0;</h1>").heading,
            "<'中&unknown;&#0;");
}

TEST(FindNextStep, AllowsRatherThanDenies) {
  const HtmlPage page = ParseHtml(kConsent);
  const NextStep next = FindNextStep(page, "ana");
  ASSERT_NE(next.button, nullptr);
  EXPECT_EQ(next.button->value, "allow");
}

TEST(FindNextStep, SignsInAsThePersonMeant) {
  const HtmlPage page = ParseHtml(
      "<form><button name=p value=ben>Ben</button></form>"
      "<form><button name=p value=ana>Ana</button></form>");
  EXPECT_EQ(FindNextStep(page, "ana").button->value, "ana");
}

TEST(ParseHtml, KeepsWordsInDifferentBoxesApart) {
  const HtmlPage page = ParseHtml(
      "<form><button><span>Ana</span><span>ana@demo.test</span></button>");
  EXPECT_EQ(page.forms[0].buttons[0].text, "Ana ana@demo.test");
}

TEST(FindNextStep, FollowsTheMainLink) {
  const HtmlPage page = ParseHtml(
      "<a href=/help>Go to help</a>"
      "<a class='button primary' href=/in>Sign in with Acme</a>");
  ASSERT_NE(FindNextStep(page, "ana").link, nullptr);
  EXPECT_EQ(FindNextStep(page, "ana").link->href, "/in");
}

TEST(FindNextStep, StopsAtTheEnd) {
  const HtmlPage page =
      ParseHtml("<form><button name=decision value=undo>Undo</button></form>");
  EXPECT_EQ(FindNextStep(page, "ana").form, nullptr);
  EXPECT_EQ(FindNextStep(page, "ana").link, nullptr);
}

TEST(EncodeForm, EscapesWhatIsNotPlain) {
  EXPECT_EQ(EncodeForm({{"a b", "ü&="}, {"c", ""}}), "a%20b=%C3%BC%26%3D&c=");
}

}  // namespace
}  // namespace tokenvault
