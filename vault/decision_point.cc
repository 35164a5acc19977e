#include "vault/decision_point.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/strict_json.h"
#include "vault/access_finder.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr char kEvaluation[] = "/access/v1/evaluation";
constexpr size_t kMaxAnswer = size_t{16} * 1024;

// What the agent wrote itself, its purpose above all, is left out: a decision
// must not hang on words that a stranger may have put into its mouth.
json QuestionOf(const AccessRequest& request, const Decision& decision,
                absl::Time now) {
  json subject = {{"type", "user"}, {"id", request.subject}};
  json properties = {{"tenant", request.tenant.value}};
  if (!request.email.empty()) properties["email"] = request.email;
  if (request.groups.has_value()) properties["groups"] = *request.groups;
  subject["properties"] = std::move(properties);

  json resource = {{"type", "provider"}, {"id", request.provider.value}};
  resource["properties"] = {{"scopes", request.scopes.values()}};
  if (!request.resource.empty()) {
    resource["properties"]["resource"] = request.resource;
  }
  if (!request.connection.empty()) {
    resource["properties"]["connection"] = request.connection.value;
  }

  json context = {
      {"agent", request.agent.value},
      {"time", absl::FormatTime(absl::RFC3339_sec, now, absl::UTCTimeZone())},
      {"rule", decision.rule},
      {"effect",
       decision.effect == Effect::kAllow ? "allow" : "require_approval"}};
  if (!request.peer.empty()) context["address"] = request.peer;
  return {{"subject", std::move(subject)},
          {"action", {{"name", "get_token"}}},
          {"resource", std::move(resource)},
          {"context", std::move(context)}};
}

// A word of ours for why there was no answer.
std::string ProblemOf(const absl::Status& status) {
  if (HasReason(status, "ADDRESS_REFUSED")) return "address_refused";
  const std::string problem = MetadataOf(status, "problem");
  return problem.empty() ? "not_sent" : problem;
}

}  // namespace

absl::Status AskDecisionPoint(HttpClient& http, const DecisionPoint& point,
                              const AccessRequest& request,
                              const Decision& decision, absl::Time now) {
  HttpRequest question;
  question.method = "POST";
  question.url = absl::StrCat(point.url, kEvaluation);
  question.headers = {{"Content-Type", "application/json"},
                      {"Accept", "application/json"}};
  if (!request.request_id.empty()) {
    question.headers.emplace_back("X-Request-ID", request.request_id);
  }
  question.body =
      Secret(QuestionOf(request, decision, now)
                 .dump(-1, ' ', false, json::error_handler_t::replace));
  if (point.token != nullptr) {
    question.authorization =
        Secret(absl::StrCat("Bearer ", point.token->Reveal()));
  }
  question.timeout = point.timeout;
  question.max_body = kMaxAnswer;

  absl::StatusOr<HttpResponse> answer = http.Send(question);
  if (!answer.ok())
    return errors::PolicyUnavailable(ProblemOf(answer.status()));
  if (answer->status != 200) {
    return errors::PolicyUnavailable(absl::StrCat("http_", answer->status));
  }
  auto parsed = ParseStrictJson(answer->body.Reveal());
  const auto* document = std::get_if<JsonDocument>(&parsed);
  if (document == nullptr) return errors::PolicyUnavailable("not_json");
  auto said = document->root().find("decision");
  const bool yes =
      said != document->root().end() && said->is_boolean() && said->get<bool>();
  return yes ? absl::OkStatus() : errors::PolicyDenied(kDecisionPointRule);
}

}  // namespace tokenvault
