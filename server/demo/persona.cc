#include "server/demo/persona.h"

#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace {

constexpr char kWellBehaved[] = "demo";

}  // namespace

std::string DemoPersona::Prefix() const {
  return name == kWellBehaved ? "" : absl::StrCat("/", name);
}

const std::vector<DemoPersona>& DemoPersonas() {
  static const auto* const kPersonas = new std::vector<DemoPersona>{
      {
          .name = kWellBehaved,
          .title = "Demo Calendar",
          .metadata = DemoMetadata::kOpenId,
          .returns_issuer = true,
          .signs_people_in = true,
          .narrows_on_refresh = true,
          .introspects = true,
      },
      {
          // What a token may do is set at the app, not asked for.
          .name = "demo-github",
          .title = "Demo GitHub",
          .wording = DemoWording::kGithub,
          .scope_parameter = "",
          .takes_basic = false,
          .offline = DemoOffline::kAlways,
          .refresh_ends_access_tokens = true,
          .revocation = DemoRevocation::kGrantDelete,
      },
      {
          .name = "demo-slack",
          .title = "Demo Slack",
          .wording = DemoWording::kSlack,
          .scope_parameter = "user_scope",
          .scope_delimiter = ',',
          .pkce_required = false,
          .offline = DemoOffline::kAlways,
          .revocation = DemoRevocation::kTokenCall,
      },
      {
          .name = "demo-static",
          .title = "Demo Static",
          .offline = DemoOffline::kNever,
          .expires = false,
      },
      {
          .name = "demo-salesforce",
          .title = "Demo Salesforce",
          .wording = DemoWording::kSalesforce,
          .metadata = DemoMetadata::kOpenId,
          .offline_scope = "refresh_token",
          .tells_offline_scope = false,
          .rotates = false,
          .introspects = true,
      },
      {
          .name = "demo-notion",
          .title = "Demo Notion",
          .wording = DemoWording::kNotion,
          .scope_parameter = "",
          .takes_post = false,
          .takes_json = true,
          .offline = DemoOffline::kAlways,
          .expires = false,
      },
      {
          .name = "demo-google",
          .title = "Demo Google",
          .metadata = DemoMetadata::kOpenId,
          .person_may_untick = true,
          .offline = DemoOffline::kFirstConsent,
          .rotates = false,
          .narrows_on_refresh = true,
          .revocation = DemoRevocation::kWholeGrant,
      },
      {
          .name = "demo-box",
          .title = "Demo Box",
          .wording = DemoWording::kBox,
          .offline = DemoOffline::kAlways,
          .exchanges = true,
      },
      {
          .name = "demo-mcp",
          .title = "Demo MCP",
          .metadata = DemoMetadata::kMcp,
          .returns_issuer = true,
          .needs_resource = true,
          .takes_client_documents = true,
          .narrows_on_refresh = true,
      },
  };
  return *kPersonas;
}

}  // namespace tokenvault
