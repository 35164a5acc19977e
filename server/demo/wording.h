#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/demo/grants.h"
#include "server/demo/persona.h"
#include "server/http_types.h"

// How the demo provider says what it has to say to clients. Pure.
namespace tokenvault {

WebResponse DemoJson(int status, const nlohmann::json& body);
WebResponse DemoWrongMethod(const char* allow);
// Whether the Accept header asks for JSON.
bool DemoWantsJson(const WebRequest& request);

inline constexpr char kDemoAccessTokenType[] =
    "urn:ietf:params:oauth:token-type:access_token";

// What was asked, as far as the answer depends on it.
struct DemoAsked {
  bool with_code = false;   // the first tokens of a grant
  bool exchanged = false;   // RFC 8693
  bool wants_json = false;  // the Accept header says so
  std::string issuer;
  std::string id_token;  // or ""
};
// The token endpoint's good answer, in the persona's words.
WebResponse DemoTokenAnswer(const DemoPersona& persona, const DemoAsked& asked,
                            const DemoTokens& tokens, absl::Time now);
// Its bad one; also for revocation and introspection.
WebResponse DemoErrorAnswer(const DemoPersona& persona, bool wants_json,
                            DemoError error);

}  // namespace tokenvault
