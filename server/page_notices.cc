#include "server/page_notices.h"

#include <utility>

#include "server/page_parts.h"
#include "server/page_text.h"

namespace tokenvault {
namespace {

const char* EndTitleKey(LinkEnd end) {
  switch (end) {
    case LinkEnd::kCancelled:
      return "link_ended.title_cancelled";
    case LinkEnd::kStopped:
      return "link_ended.title_stopped";
    case LinkEnd::kDenied:
      break;
  }
  return "link_ended.title_denied";
}

}  // namespace

std::string RenderLinkUsed(const LinkUsedPage& page) {
  PageData card;
  SetLink("connections_link", page.connections_link, card);
  return RenderPage("link_used", page.frame,
                    page.frame.messages->Say("link_used.title"),
                    std::move(card));
}

std::string RenderLinkExpired(const LinkExpiredPage& page) {
  return RenderPage("link_expired", page.frame,
                    page.frame.messages->Say("link_expired.title"), PageData());
}

std::string RenderLinkEnded(const LinkEndedPage& page) {
  PageData card;
  card.set("denied", page.end == LinkEnd::kDenied);
  card.set("cancelled", page.end == LinkEnd::kCancelled);
  card.set("stopped", page.end == LinkEnd::kStopped);
  return RenderPage("link_ended", page.frame,
                    page.frame.messages->Say(EndTitleKey(page.end)),
                    std::move(card));
}

std::string RenderOtherPerson(const OtherPersonPage& page) {
  PageData card;
  SetForm(page.sign_out, card);
  card.set("still_open", page.still_open);
  return RenderPage("other_person", page.frame,
                    page.frame.messages->Say("other_person.title"),
                    std::move(card));
}

std::string RenderProviderDown(const ProviderDownPage& page) {
  PageData card;
  const std::string provider = PlainName(page.provider);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  SetLink("retry_link", page.retry_link, card);
  card.set("refuses_us", page.refuses_us);
  return RenderPage(
      "provider_down", page.frame,
      page.frame.messages->Say(page.refuses_us ? "provider_down.title_refuses"
                                               : "provider_down.title_silent",
                               {{"provider", provider}}),
      std::move(card));
}

std::string RenderWentWrong(const WentWrongPage& page) {
  PageData card;
  SetIf("id", PlainText(page.id), card);
  SetLink("retry_link", page.retry_link, card);
  return RenderPage("went_wrong", page.frame,
                    page.frame.messages->Say("went_wrong.title"),
                    std::move(card));
}

std::string RenderSealed(const SealedPage& page) {
  return RenderPage("sealed", page.frame,
                    page.frame.messages->Say("sealed.title"), PageData());
}

std::string RenderStopped(const StoppedPage& page) {
  PageData card;
  SetLink("retry_link", page.retry_link, card);
  return RenderPage("stopped", page.frame,
                    page.frame.messages->Say("stopped.title"), std::move(card));
}

std::string RenderNotFound(const NotFoundPage& page) {
  return RenderPage("not_found", page.frame,
                    page.frame.messages->Say("not_found.title"), PageData());
}

std::string RenderSignedOut(const SignedOutPage& page) {
  PageData card;
  SetLink("sign_in_link", page.sign_in_link, card);
  return RenderPage("signed_out", page.frame,
                    page.frame.messages->Say("signed_out.title"),
                    std::move(card));
}

}  // namespace tokenvault
