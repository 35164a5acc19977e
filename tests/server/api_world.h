#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "server/admin_api.h"
#include "server/approval_api.h"
#include "server/authenticator.h"
#include "server/call_gate.h"
#include "server/connection_api.h"
#include "server/deadline_timer.h"
#include "server/metrics.h"
#include "server/token_api.h"
#include "tests/support/seen_log.h"
#include "tests/support/test_vault.h"

namespace tokenvault {

// The dispatchers over a TestVault, and a way to call them as somebody.
class ApiWorld {
 public:
  ApiWorld()
      : log(vault.clock, *vault.store, *vault.keys, vault.http,
            *vault.operations, {}),
        authenticator(*vault.holder, vault.http, vault.clock),
        timer(vault.clock),
        gate(vault.clock, authenticator, *vault.seal, *vault.store, *vault.pool,
             timer, metrics),
        reload(vault.clock, *vault.store, *vault.holder, metrics, std::nullopt,
               MakeConfig(vault.directory())),
        tokens(gate, *vault.broker, *vault.interactions, *vault.rejections,
               *vault.keys),
        connections(gate, *vault.connections, *vault.interactions,
                    *vault.consent, *vault.keys),
        approvals(gate, *vault.approvals, *vault.keys),
        admin(gate, *vault.store,
              {*vault.operations, *vault.rotation, *vault.incident, *vault.seal,
               *vault.source_admin, *vault.erasure, *vault.data_keys,
               *vault.backups, *vault.stops},
              {*vault.store, log.signer, log.tree, log.witnesses, log.exporter,
               log.check, log.archiver},
              *vault.providers, *vault.refresher, reload,
              {"9.9.9", "127.0.0.1:1", "https://connect.test",
               vault.clock.Now()}) {}
  ~ApiWorld() { vault.Finish(); }

  static Config MakeConfig(std::shared_ptr<const Directory> directory) {
    Config config;
    config.directory = std::move(directory);
    config.generation = config.directory->generation;
    return config;
  }

  ApiCall As(const std::string& agent) const {
    ApiCall call;
    call.credential.has_certificate = true;
    call.credential.verified_uris = {SpiffeIdOf(agent)};
    call.deadline = vault.clock.Now() + absl::Seconds(20);
    return call;
  }
  ApiCall AsOperator() const {
    ApiCall call;
    call.credential.admin_socket = true;
    return call;
  }

  // Calls a method and waits for its answer.
  //   world.Call<v1::Interaction>(world.tokens, &TokenApi::CancelInteraction,
  //                               world.As("calendar-bot"), request);
  template <typename Response, typename Api, typename Request>
  static std::future<absl::StatusOr<Response>> Begin(
      Api& api,
      void (Api::*method)(ApiCall, Request, typename Answer<Response>::Done),
      ApiCall call, const Request& request) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Response>>>();
    auto future = promise->get_future();
    (api.*method)(std::move(call), request,
                  [promise](absl::StatusOr<Response> response) {
                    promise->set_value(std::move(response));
                  });
    return future;
  }
  template <typename Response, typename Api, typename Request>
  static absl::StatusOr<Response> Call(
      Api& api,
      void (Api::*method)(ApiCall, Request, typename Answer<Response>::Done),
      ApiCall call, const Request& request) {
    return Begin<Response>(api, method, std::move(call), request).get();
  }

  absl::StatusOr<v1::GetScopedTokenResponse> GetToken(
      const std::string& agent, const v1::GetScopedTokenRequest& request) {
    return Call<v1::GetScopedTokenResponse>(tokens, &TokenApi::GetScopedToken,
                                            As(agent), request);
  }

  TestVault vault;
  Metrics metrics;
  SeenLog log;
  Authenticator authenticator;
  DeadlineTimer timer;
  CallGate gate;
  ConfigReload reload;
  TokenApi tokens;
  ConnectionApi connections;
  ApprovalApi approvals;
  AdminApi admin;
};

// calendar-bot's usual request, for Ana.
inline v1::GetScopedTokenRequest ReadCalendarOf(const std::string& user) {
  v1::GetScopedTokenRequest request;
  request.set_provider("providers/calendar");
  request.mutable_subject()->set_user_id(user);
  request.add_scopes("calendar.read");
  return request;
}

inline const ScopeSet& ReadScope() {
  static const auto* const kScope = new ScopeSet{"https://calendar.test/read"};
  return *kScope;
}

}  // namespace tokenvault
