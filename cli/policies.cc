#include "cli/policies.h"

#include "absl/strings/str_cat.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "server/config.h"
#include "tokenvault/v1/local_results.pb.h"

namespace tokenvault {
namespace {

Cell Verdict(const v1::EvaluatePolicyResponse& answer) {
  switch (answer.effect()) {
    case v1::EvaluatePolicyResponse::EFFECT_ALLOW:
      return {"allow", Color::kGreen};
    case v1::EvaluatePolicyResponse::EFFECT_DENY:
      return {"deny", Color::kRed};
    case v1::EvaluatePolicyResponse::EFFECT_REQUIRE_APPROVAL:
      return {"require_approval", Color::kYellow};
    default:
      return "unknown";
  }
}

}  // namespace

int RunPolicyExplain(Session& session, const PolicyExplainOptions& options) {
  v1::EvaluatePolicyRequest request;
  request.set_agent(ResourceName("agents", options.agent));
  request.mutable_request()->set_provider(
      ResourceName("providers", options.provider));
  for (const std::string& scope : options.scopes) {
    request.mutable_request()->add_scopes(scope);
  }
  auto answer = session.daemon().Call(&Channel::Admin::EvaluatePolicy, request);
  if (!answer.ok()) return session.Fail(answer.status());
  if (session.PrintedFor(*answer)) return kExitDone;
  const Cell verdict = Verdict(*answer);
  std::string text = absl::StrCat(
      session.terminal().Paint(verdict.color, verdict.text),
      answer->rule().empty()
          ? std::string("   no rule names this request")
          : absl::StrCat("   by rule ", SanitizeLine(answer->rule())),
      "\n");
  for (const std::string& line : answer->trace()) {
    absl::StrAppend(&text, "  ", SanitizeLine(line), "\n");
  }
  session.terminal().Print(text);
  return kExitDone;
}

int RunPolicyCheck(Session& session, const PolicyCheckOptions& options) {
  ConfigSources sources;
  sources.file = options.config;
  auto config = LoadConfig(sources);
  if (!config.ok()) {
    return session.Fail(config.status(), FaultOrigin::kHere,
                        "the policies are checked against the configuration; "
                        "--config says which");
  }
  if (absl::Status status = CheckPolicyFile(options.file, *config);
      !status.ok()) {
    return session.Fail(status, FaultOrigin::kHere,
                        "nothing was changed; a daemon reads this file only "
                        "once it is part of its configuration");
  }
  v1::PolicyCheckResult result;
  result.set_file(options.file);
  if (!session.PrintedFor(result)) {
    session.terminal().Print(
        absl::StrCat(SanitizeLine(options.file), " is valid\n"));
  }
  return kExitDone;
}

}  // namespace tokenvault
