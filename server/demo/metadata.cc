#include "server/demo/metadata.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/demo/sign_in.h"
#include "server/demo/wording.h"

namespace tokenvault {
namespace {

using nlohmann::json;

std::vector<std::string> ScopesOf(const DemoPersona& persona) {
  std::vector<std::string> scopes;
  for (const auto& [scope, says] : DemoScopes(persona)) scopes.push_back(scope);
  return scopes;
}

}  // namespace

WebResponse DemoServerMetadata(const DemoPersona& persona,
                               const DemoPlace& place) {
  const std::string issuer = place.Issuer();
  std::vector<std::string> auth;
  if (persona.takes_basic) auth.emplace_back("client_secret_basic");
  if (persona.takes_post) auth.emplace_back("client_secret_post");
  if (persona.takes_client_documents) auth.emplace_back("none");
  json body = {
      {"issuer", issuer},
      {"authorization_endpoint", issuer + "/authorize"},
      {"token_endpoint", issuer + "/token"},
      {"revocation_endpoint", issuer + "/revoke"},
      {"scopes_supported", ScopesOf(persona)},
      {"response_types_supported", json::array({"code"})},
      {"response_modes_supported", json::array({"query"})},
      {"grant_types_supported", {"authorization_code", "refresh_token"}},
      {"token_endpoint_auth_methods_supported", auth},
      {"revocation_endpoint_auth_methods_supported", auth},
      {"code_challenge_methods_supported", json::array({"S256"})},
      {"authorization_response_iss_parameter_supported",
       persona.returns_issuer}};
  if (persona.introspects) {
    body["introspection_endpoint"] = issuer + "/introspect";
    body["introspection_endpoint_auth_methods_supported"] = auth;
  }
  if (persona.metadata == DemoMetadata::kOpenId) {
    body["userinfo_endpoint"] = issuer + kDemoAccountPath;
    body["jwks_uri"] = issuer + "/jwks";
    body["subject_types_supported"] = json::array({"public"});
    body["id_token_signing_alg_values_supported"] = json::array({"EdDSA"});
  }
  if (persona.takes_client_documents) {
    body["client_id_metadata_document_supported"] = true;
  }
  return DemoJson(200, body);
}

WebResponse DemoResourceMetadata(const DemoPersona& persona,
                                 const DemoPlace& place) {
  return DemoJson(200,
                  {{"resource", place.Resource()},
                   {"authorization_servers", json::array({place.Issuer()})},
                   {"scopes_supported", ScopesOf(persona)},
                   {"bearer_methods_supported", json::array({"header"})},
                   {"resource_name", persona.title}});
}

}  // namespace tokenvault
