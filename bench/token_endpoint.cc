#include "bench/token_endpoint.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr char kRefreshPrefix[] = "rt-";
// As long as access tokens usually are.
constexpr size_t kAccessTokenSize = 180;

std::optional<int> PersonOf(absl::string_view form) {
  for (absl::string_view field : absl::StrSplit(form, '&')) {
    int person = 0;
    if (absl::ConsumePrefix(&field,
                            absl::StrCat("refresh_token=", kRefreshPrefix)) &&
        absl::SimpleAtoi(field, &person)) {
      return person;
    }
  }
  return std::nullopt;
}

WebResponse AnswerTo(const WebRequest& request) {
  WebResponse response;
  response.content_type = "application/json";
  const std::optional<int> person = PersonOf(request.body);
  if (!person.has_value()) {
    response.status = 400;
    response.body = R"({"error":"invalid_request"})";
    return response;
  }
  std::string token = TokenEndpoint::AccessPrefix(*person);
  token.resize(kAccessTokenSize, 'x');
  nlohmann::json answer;
  answer["access_token"] = token;
  answer["token_type"] = "Bearer";
  answer["expires_in"] = 3600;
  response.body = answer.dump();
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenEndpoint>> TokenEndpoint::Start() {
  WebServer::Options options;
  options.listen = "127.0.0.1:0";
  options.allowed_hosts = {"127.0.0.1"};
  ASSIGN_OR_RETURN(std::unique_ptr<WebServer> server,
                   WebServer::Start(std::move(options),
                                    [](WebRequest request, WebRespond respond) {
                                      respond(AnswerTo(request));
                                    }));
  return std::unique_ptr<TokenEndpoint>(new TokenEndpoint(std::move(server)));
}

TokenEndpoint::TokenEndpoint(std::unique_ptr<WebServer> server)
    : server_(std::move(server)) {}

std::string TokenEndpoint::url() const {
  return absl::StrCat("http://", server_->address());
}

std::string TokenEndpoint::RefreshToken(int person) {
  return absl::StrCat(kRefreshPrefix, person);
}

std::string TokenEndpoint::AccessPrefix(int person) {
  return absl::StrCat("at-", person, "-");
}

}  // namespace tokenvault
