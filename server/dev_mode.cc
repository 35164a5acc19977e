#include "server/dev_mode.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/root_key.h"
#include "server/demo/persona.h"
#include "server/version.h"
#include "vault/provider_call.h"
#include "vault/sign_in.h"

namespace tokenvault {
namespace {

constexpr int kMaxOpenFolders = 8;

int RemoveOne(const char* path, const struct stat*, int, struct FTW*) {
  return remove(path);
}

std::string Loopback(int port) { return absl::StrCat("127.0.0.1:", port); }

}  // namespace

absl::StatusOr<PrivateFolder> PrivateFolder::Create() {
  std::error_code failed;
  const auto parent = std::filesystem::temp_directory_path(failed);
  if (failed) return errors::StoragePathInvalid("$TMPDIR is not a folder");
  return CreateUnder(parent.string());
}

absl::StatusOr<PrivateFolder> PrivateFolder::CreateUnder(
    const std::string& parent) {
  std::string path = parent + "/tokenvault-XXXXXX";
  // Made with mode 0700.
  if (mkdtemp(path.data()) == nullptr) {
    return errors::StoragePathInvalid(
        absl::StrCat("no folder can be made under ", parent));
  }
  return PrivateFolder(std::move(path));
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

PrivateFolder::~PrivateFolder() {
  if (path_.empty()) return;
  nftw(path_.c_str(), RemoveOne, kMaxOpenFolders, FTW_DEPTH | FTW_PHYS);
}

absl::StatusOr<std::string> MakeDevKey(const PrivateFolder& folder) {
  std::string path = absl::StrCat(folder.path(), "/root.key");
  RETURN_IF_ERROR(RootKey::CreateFile(path));
  return path;
}

absl::StatusOr<Demo> PrepareDemo(const Clock& clock, const DevOptions& options,
                                 const PrivateFolder& folder) {
  Demo demo;
  DemoProvider::Options provider;
  provider.listen = Loopback(options.demo);
  provider.access_token_ttl = options.token_ttl;
  ASSIGN_OR_RETURN(demo.provider, DemoProvider::Start(provider, clock));

  // The port has to be known before anything can say where the pages are.
  demo.parts.web_handler.emplace();
  WebServer::Options web;
  web.listen = Loopback(options.http);
  web.allowed_hosts = {"127.0.0.1", "localhost"};
  ASSIGN_OR_RETURN(
      demo.parts.web,
      WebServer::Start(std::move(web), demo.parts.web_handler->AsHandler()));

  DemoAddresses addresses;
  addresses.grpc_listen = Loopback(options.grpc);
  addresses.http_listen = demo.parts.web->address();
  addresses.public_url = absl::StrCat("http://", demo.parts.web->address());
  addresses.admin_listen = absl::StrCat("unix:", folder.path(), "/admin.sock");
  addresses.demo_provider_url = demo.provider->base_url();
  ASSIGN_OR_RETURN(demo.parts.config, DemoConfig(addresses));
  ASSIGN_OR_RETURN(demo.parts.dev_key_file, MakeDevKey(folder));

  const TenantId tenant("default");
  demo.provider->SetRedirectUris(
      kDemoLoginClient,
      {absl::StrCat(addresses.public_url, SignInPath(tenant))});
  // In server/demo.toml each provider has the name of its persona.
  for (const DemoPersona& persona : DemoPersonas()) {
    demo.provider->SetRedirectUris(
        kDemoClient,
        {absl::StrCat(addresses.public_url,
                      CallbackPath(tenant, ProviderId(persona.name)))},
        persona.name);
  }
  return demo;
}

std::string DemoBanner(const Assembly::Addresses& addresses,
                       const std::string& demo_url) {
  return absl::StrCat(
      "tokenvaultd ", Version(),
      "  DEMO: memory only, loopback only, gone when you stop it\n", "  gRPC ",
      addresses.grpc, "   pages and JSON ", addresses.http, "   demo provider ",
      demo_url, "\n",
      "  agent \"demo-agent\" (its token is its name) may ask for "
      "calendar.read; people are ana and ben\n",
      "  operators: export TOKENVAULT_SOCKET=",
      addresses.admin.substr(sizeof("unix:") - 1), "\n");
}

}  // namespace tokenvault
