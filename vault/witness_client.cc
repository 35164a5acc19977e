#include "vault/witness_client.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr int kOk = 200;
constexpr int kConflict = 409;
constexpr int kUnprocessable = 422;
constexpr size_t kLongestAnswer = 16 * 1024;

std::string BodyOf(const ShownCheckpoint& shown, uint64_t old_size,
                   const std::vector<std::string>& proof) {
  std::string body = absl::StrCat("old ", old_size, "\n");
  for (const std::string& hash : proof) {
    absl::StrAppend(&body, absl::Base64Escape(hash), "\n");
  }
  return absl::StrCat(body, "\n", shown.note);
}

absl::StatusOr<HttpResponse> Show(HttpClient& http,
                                  const WitnessSettings& witness,
                                  std::string body, absl::Duration timeout) {
  HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(witness.url, "/add-checkpoint");
  request.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  request.body = Secret::Copy(body);
  request.timeout = timeout;
  request.max_body = kLongestAnswer;
  return http.Send(request);
}

absl::Status SawOther(const WitnessSettings& witness) {
  return errors::DatabaseRolledBack(
      absl::StrCat("witness ", witness.id, " saw another audit log than this"));
}

absl::Status SawMore(const WitnessSettings& witness, uint64_t theirs,
                     uint64_t ours) {
  return errors::DatabaseRolledBack(absl::StrCat(
      "its newest checkpoint is of ", ours, " leaves, and witness ", witness.id,
      " saw one of ", theirs, " already"));
}

}  // namespace

absl::StatusOr<std::string> AddCheckpoint(
    HttpClient& http, const WitnessSettings& witness,
    const ShownCheckpoint& shown, uint64_t old_size, absl::Duration timeout,
    absl::FunctionRef<absl::StatusOr<std::vector<std::string>>(
        uint64_t old_size, uint64_t size)>
        prove) {
  const std::string host = HostOf(witness.url);
  for (bool again : {true, false}) {
    std::vector<std::string> proof;
    if (old_size > 0) {
      ASSIGN_OR_RETURN(proof, prove(old_size, shown.size));
    }
    ASSIGN_OR_RETURN(
        const HttpResponse answer,
        Show(http, witness, BodyOf(shown, old_size, proof), timeout));
    const std::string text(answer.body.Reveal());
    if (answer.status == kOk) return text;
    if (answer.status == kUnprocessable) return SawOther(witness);
    uint64_t theirs = 0;
    if (answer.status != kConflict ||
        !absl::SimpleAtoi(absl::StripSuffix(text, "\n"), &theirs)) {
      return errors::ProviderAnswerInvalid(
          host, absl::StrCat("http_", answer.status));
    }
    if (theirs > shown.size) return SawMore(witness, theirs, shown.size);
    // It has seen what we thought: then it is the root that it saw otherwise.
    if (theirs == old_size || !again) return SawOther(witness);
    old_size = theirs;
  }
  return SawOther(witness);
}

}  // namespace tokenvault
