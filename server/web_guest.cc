#include "server/web_guest.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "crypto/random.h"
#include "oauth/url.h"
#include "server/page_outcome.h"
#include "server/resource_names.h"
#include "server/web_consent.h"
#include "server/web_session.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

// One for each link, so that two tabs do not disturb each other.
std::string GuestCookie(const Interaction& interaction) {
  return absl::StrCat("tv_guest_",
                      HexEncode(interaction.link_hash.substr(0, 4)));
}

// The same visit, with that browser in the place of who is signed in.
absl::StatusOr<WebVisit> AsGuest(const WebVisit& visit,
                                 const Interaction& interaction,
                                 const std::string& cookie) {
  absl::StatusOr<WebSession> browser =
      visit.parts.consent.AdmitBrowser(interaction, cookie);
  if (!browser.ok()) return browser.status();
  WebVisit guest = visit;
  guest.session = *std::move(browser);
  return guest;
}

}  // namespace

WebResponse ShowGuestQuestion(const WebVisit& visit,
                              const Interaction& interaction) {
  const std::string name = GuestCookie(interaction);
  const std::optional<std::string> known =
      visit.cookies.Read(visit.request, name);
  const std::string cookie = known.value_or(RandomToken());
  absl::StatusOr<WebVisit> guest = AsGuest(visit, interaction, cookie);
  if (!guest.ok()) return visit.ErrorPage(guest.status(), "");
  WebResponse response = ShowConsent(*guest, interaction);
  if (!known.has_value()) {
    visit.cookies.Set(response, name, cookie, Interactions::kLifetime);
  }
  return response;
}

WebResponse AnswerGuestQuestion(const WebVisit& visit,
                                const Interaction& interaction) {
  const std::optional<std::string> cookie =
      visit.cookies.Read(visit.request, GuestCookie(interaction));
  // A form of another site comes without it, and decides nothing.
  if (!cookie.has_value()) return SeeOther(visit.request.path);
  absl::StatusOr<WebVisit> guest = AsGuest(visit, interaction, *cookie);
  if (!guest.ok()) return visit.ErrorPage(guest.status(), "");
  return AnswerConsent(*guest, interaction);
}

WebResponse ShowGuestDenied(const WebVisit& visit,
                            const Interaction& interaction) {
  const Directory& directory = *visit.directory;
  DeniedPage denied;
  denied.frame = visit.Frame();
  denied.agent = ViewAgent(visit.messages, directory, interaction.agent).name;
  denied.provider = ViewProvider(directory, interaction.provider);
  denied.back = ViewReturn(
      interaction,
      ViewAgent(visit.messages, directory, interaction.confirmer).name);
  return Page(200, RenderDeniedByYou(denied));
}

WebResponse GoToApplication(const InteractionId& question,
                            const std::string& return_uri,
                            const std::string& connect_code) {
  const std::string name = InteractionName(question);
  FormFields says = {{"interaction", name}};
  if (!connect_code.empty()) says.emplace_back("connect_code", connect_code);
  return SeeOther(AppendQuery(return_uri, says));
}

}  // namespace tokenvault
