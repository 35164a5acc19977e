#include "cli/demo.h"

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "cli/agent_door.h"
#include "cli/demo_browser.h"
#include "cli/demo_places.h"
#include "cli/humanize.h"
#include "cli/loopback_http.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"
#include "tokenvault/v1/local_results.pb.h"

namespace tokenvault {
namespace {

constexpr char kAgent[] = "demo-agent";
constexpr char kApiPath[] = "/calendar/events";

constexpr int kMostPages = 20;
// Longer than this nobody watches a terminal for a token to end.
constexpr absl::Duration kWorthWaiting = absl::Seconds(90);

absl::StatusOr<v1::GetScopedTokenResponse> AskForToken(
    Channel& agent_door, const DemoPlaces& places, const std::string& person) {
  v1::GetScopedTokenRequest request;
  request.set_provider(places.provider);
  request.add_scopes(places.scope);
  request.mutable_subject()->set_user_id(person);
  request.mutable_purpose()->set_summary("Show what is planned this week");
  request.set_request_id(NewRequestId());
  return agent_door.Call(&Channel::Tokens::GetScopedToken, request);
}

absl::StatusOr<std::unique_ptr<Channel>> OpenDemoDoor(const DemoPlaces& places,
                                                      const Clock& clock) {
  AgentDoorOptions door;
  door.address = places.grpc_address;
  door.dev_agent = kAgent;
  return OpenAgentDoor(door, clock);
}

// What the walk has in hand. Prints as it goes; a step that does not go as it
// should is a status.
class Walk {
 public:
  Walk(Session& session, DemoPlaces places, std::string person,
       std::unique_ptr<Channel> agent_door)
      : session_(session),
        places_(std::move(places)),
        person_(std::move(person)),
        agent_door_(std::move(agent_door)) {}

  absl::Status Run() {
    absl::Status status = RunSteps();
    EndStep();
    if (status.ok() && !ForPrograms()) {
      session_.terminal().Print(
          "\nAll as it should be. 'tokenvault audit tail' has every step.\n");
    }
    return status;
  }

 private:
  absl::Status RunSteps() {
    Step(absl::StrCat("The agent asks for ", places_.scope, " of ", person_,
                      "."));
    ASSIGN_OR_RETURN(v1::GetScopedTokenResponse answer, Ask());
    if (answer.has_consent_required()) {
      RETURN_IF_ERROR(GiveConsent(answer.consent_required()));
      Step("The agent asks again.");
      ASSIGN_OR_RETURN(answer, Ask());
    }
    RETURN_IF_ERROR(TakeToken(answer));
    Step("It uses the token.");
    RETURN_IF_ERROR(CallApi(200));
    RETURN_IF_ERROR(OutliveToken());
    Step(absl::StrCat(person_, " stops it."));
    RETURN_IF_ERROR(Revoke());
    Step("The agent tries the token it still has.");
    return CallApi(401);
  }

  bool ForPrograms() const { return session_.format() != Format::kTable; }
  // People read along; a program gets a step when it has ended.
  void Step(absl::string_view sentence) {
    EndStep();
    step_.set_step(step_.step() + 1);
    step_.set_sentence(std::string(sentence));
    if (ForPrograms()) return;
    const std::string text = absl::StrCat(step_.step(), "  ", sentence);
    if (step_.step() > 1) session_.terminal().Print("\n");
    session_.terminal().Print(absl::StrCat(
        session_.terminal().Paint(Color::kBold, SanitizeLine(text)), "\n"));
  }
  void Tell(absl::string_view line) {
    step_.add_details(std::string(line));
    if (ForPrograms()) return;
    session_.terminal().Print(absl::StrCat("   ", SanitizeText(line), "\n"));
  }
  void EndStep() {
    if (step_.step() > 0) session_.PrintedOneFor(step_);
    step_.clear_details();
  }

  absl::StatusOr<v1::GetScopedTokenResponse> Ask() {
    return AskForToken(*agent_door_, places_, person_);
  }

  absl::Status GiveConsent(const v1::Interaction& interaction) {
    Tell("It gets a link, not a token: a person has to decide.");
    Tell(absl::StrCat("“", interaction.message(), "”"));
    Tell(absl::StrCat(interaction.url(), "   code ", interaction.user_code()));
    Step(absl::StrCat(person_, " opens the link."));
    RETURN_IF_ERROR(browser_.Open(interaction.url()));
    for (int pages = 0; pages < kMostPages; ++pages) {
      const DemoBrowser::Page& page = browser_.page();
      const NextStep next = FindNextStep(page.html, person_);
      const std::string shown =
          absl::StrCat(absl::StripPrefix(page.url.Origin(), "http://"), "   ",
                       page.html.heading);
      if (page.status != 200 ||
          (next.form == nullptr && next.link == nullptr)) {
        Tell(shown);
        break;
      }
      Tell(absl::StrCat(
          shown, "   → ",
          next.link != nullptr ? next.link->text : next.button->text));
      RETURN_IF_ERROR(browser_.Follow(next, interaction.user_code()));
      if (Interrupted()) return absl::CancelledError("interrupted");
    }
    v1::WaitInteractionRequest wait;
    wait.set_name(interaction.name());
    ASSIGN_OR_RETURN(v1::Interaction settled,
                     agent_door_->Call(&Channel::Tokens::WaitInteraction, wait,
                                       absl::Seconds(5)));
    if (settled.state() != v1::Interaction::STATE_COMPLETED) {
      return errors::FieldInvalid(
          "consent",
          "the pages did not lead to the end; 'tokenvault demo open' "
          "shows how to go on in a browser");
    }
    return absl::OkStatus();
  }

  absl::Status TakeToken(v1::GetScopedTokenResponse& answer) {
    if (!answer.has_token()) {
      return errors::FieldInvalid("token",
                                  "the vault asked for a person again");
    }
    v1::ScopedToken& token = *answer.mutable_token();
    if (token.granted_scopes_size() != 1) {
      return errors::FieldInvalid("token", "it can do more than was asked");
    }
    Tell(absl::StrCat("Token ", token.token_id(), ": good for ",
                      Lasting(DurationOf(token.usable_for())), ", can do ",
                      absl::StrJoin(token.granted_scopes(), " "), ", account ",
                      token.account_label()));
    access_token_ = Secret(std::move(*token.mutable_access_token()));
    token_id_ = token.token_id();
    connection_ = token.connection();
    expire_time_ = TimeOf(token.expire_time());
    return absl::OkStatus();
  }

  absl::Status CallApi(int expected) {
    const std::string url = absl::StrCat(places_.provider_url, kApiPath);
    ASSIGN_OR_RETURN(HttpAnswer answer, HttpGet(url, access_token_.Reveal()));
    std::string first_line = answer.body.substr(0, answer.body.find('\n'));
    if (first_line.size() > 200) first_line.resize(200);
    Tell(absl::StrCat(
        "GET ", url, "   ", answer.status,
        answer.status == 200 ? absl::StrCat("   ", first_line) : ""));
    if (answer.status == expected) return absl::OkStatus();
    return errors::FieldInvalid(
        "calendar",
        absl::StrCat("answered ", answer.status, " instead of ", expected));
  }

  // Lets the token end, if that is soon, and fetches the next one.
  absl::Status OutliveToken() {
    const absl::Duration left = expire_time_ - session_.now();
    if (left > kWorthWaiting) return absl::OkStatus();
    Step(absl::StrCat("The token ends in ", Lasting(left),
                      "; the agent waits, and asks again."));
    SleepUnlessInterrupted(left + absl::Seconds(1));
    if (Interrupted()) return absl::CancelledError("interrupted");
    const std::string before = token_id_;
    ASSIGN_OR_RETURN(v1::GetScopedTokenResponse answer, Ask());
    RETURN_IF_ERROR(TakeToken(answer));
    if (token_id_ == before) {
      return errors::FieldInvalid("token", "the vault gave an ended one again");
    }
    Tell("Another token, and nobody was asked.");
    return CallApi(200);
  }

  absl::Status Revoke() {
    Tell(absl::StrCat("tokenvault connection revoke ", connection_, " --yes"));
    v1::RevokeConnectionRequest request;
    request.set_name(connection_);
    request.set_request_id(NewRequestId());
    ASSIGN_OR_RETURN(v1::RevokeConnectionResponse answer,
                     session_.daemon().Call(
                         &Channel::Connections::RevokeConnection, request));
    if (answer.upstream() !=
        v1::RevokeConnectionResponse::UPSTREAM_RESULT_REVOKED) {
      return errors::FieldInvalid("provider", "did not take the revocation");
    }
    Tell("Revoked here and at the provider.");
    return absl::OkStatus();
  }

  Session& session_;
  const DemoPlaces places_;
  const std::string person_;
  const std::unique_ptr<Channel> agent_door_;
  DemoBrowser browser_;
  v1::DemoStep step_;
  Secret access_token_;
  std::string token_id_;
  std::string connection_;
  absl::Time expire_time_;
};

// Where to go in a browser: to the question that is open, if one is, and to the
// person's own page.
std::string LinkLines(const v1::GetScopedTokenResponse& answer,
                      const DemoPlaces& places, const std::string& person,
                      absl::Time now) {
  const std::string own_page =
      absl::StrCat("  ", places.pages_url, "/me\n    what ", person,
                   " has connected, to look at and to end\n");
  if (!answer.has_consent_required()) {
    return absl::StrCat(person, " has connected ", places.provider_name,
                        " already. Open, and sign in as ", person, ":\n\n",
                        own_page);
  }
  const v1::Interaction& question = answer.consent_required();
  return absl::StrCat("Open, and sign in as ", person, ":\n\n  ",
                      question.url(), "\n    connects ", places.provider_name,
                      "; good for ",
                      Lasting(TimeOf(question.expire_time()) - now),
                      ", once; code ", question.user_code(), "\n", own_page);
}

int FailDemo(Session& session, const absl::Status& status) {
  const int code = session.Fail(status);
  return code == kExitServerSaidNo || code == kExitNotPermitted
             ? kExitCheckFailed
             : code;
}

}  // namespace

int RunDemo(Session& session, const DemoOptions& options) {
  auto places = FindDemo(session, options.provider);
  if (!places.ok()) return session.Fail(places.status(), FaultOrigin::kHere);
  auto agent_door = OpenDemoDoor(*places, session.clock());
  if (!agent_door.ok()) {
    return session.Fail(agent_door.status(), FaultOrigin::kHere);
  }
  Walk walk(session, *std::move(places), options.person,
            *std::move(agent_door));
  if (absl::Status status = walk.Run(); !status.ok()) {
    return FailDemo(session, status);
  }
  return kExitDone;
}

int RunDemoOpen(Session& session, const DemoOptions& options) {
  auto places = FindDemo(session, options.provider);
  if (!places.ok()) return session.Fail(places.status(), FaultOrigin::kHere);
  auto agent_door = OpenDemoDoor(*places, session.clock());
  if (!agent_door.ok()) {
    return session.Fail(agent_door.status(), FaultOrigin::kHere);
  }
  auto answer = AskForToken(**agent_door, *places, options.person);
  if (!answer.ok()) return FailDemo(session, answer.status());
  const std::string get = absl::StrCat(
      "tokenvault token get --address ", places->grpc_address, " --dev-agent ",
      kAgent, " --provider ", options.provider, " \\\n    --scopes ",
      places->scope, " --user ", options.person);
  session.terminal().Print(SanitizeText(absl::StrCat(
      LinkLines(*answer, *places, options.person, session.now()),
      "\nThen get a token, as an agent would, and use it:\n\n  ", get,
      " --wait\n  TOKEN=$(", get, " --raw)\n  curl -s ", places->provider_url,
      kApiPath,
      " -H \"Authorization: Bearer $TOKEN\"\n\n"
      "The same over HTTP:\n\n  curl -s ",
      places->pages_url,
      "/tokenvault.v1.TokenService/GetScopedToken \\\n"
      "    -H 'Content-Type: application/json' -H 'Authorization: Bearer ",
      kAgent, "' \\\n    -d '{\"provider\":\"", places->provider,
      "\",\"subject\":{\"userId\":\"", options.person, "\"},\"scopes\":[\"",
      places->scope,
      "\"]}'\n\nStop it:\n\n"
      "  tokenvault connection list\n"
      "  tokenvault connection revoke NAME\n")));
  return kExitDone;
}

}  // namespace tokenvault
