// B21: what one cached token costs in instructions, from the request as gRPC
// hands it over to the answer as gRPC takes it: identity, policy, cache, leaf
// and commit, in one process and without a socket. Run under callgrind, which
// counts the same each time, whatever else the machine does.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "bench/seeded_vault.h"
#include "bench/token_endpoint.h"
#include "crypto/random.h"
#include "oauth/curl_http_client.h"
#include "server/config.h"
#include "server/token_api.h"
#include "storage/landing_file.h"
#include "storage/open_store.h"
#include "vault/provider_access.h"
#include "vault/refresher.h"
#include "vault/root_sources.h"
#include "vault/seal_switch.h"
#include "vault/token_rejections.h"

namespace tokenvault {
namespace {

constexpr int kPeople = 64;
constexpr int kInFlight = 64;
constexpr size_t kKeyMemory = size_t{1} << 20;

EgressRules LoopbackOnly() {
  EgressRules rules;
  rules.allow_http_loopback = true;
  return rules;
}

// The parts of the daemon that a request for a token passes.
class TokenPath {
 public:
  static absl::StatusOr<std::unique_ptr<TokenPath>> Open(
      const SeededVault& seeded) {
    std::unique_ptr<TokenPath> path(new TokenPath());
    RETURN_IF_ERROR(path->Build(seeded));
    return path;
  }
  ~TokenPath() {
    timer_.reset();
    pool_.reset();
  }

  TokenApi& api() { return *tokens_; }

 private:
  TokenPath() : http_(LoopbackOnly()), providers_(http_, clock_) {}

  absl::Status Build(const SeededVault& seeded) {
    ConfigSources sources;
    sources.file = seeded.config();
    sources.dev = true;
    ASSIGN_OR_RETURN(Config config, LoadConfig(sources));
    ASSIGN_OR_RETURN(arena_, SecretArena::Create(kKeyMemory));
    ASSIGN_OR_RETURN(store_, OpenStore({seeded.database(), /*create=*/false}));
    ASSIGN_OR_RETURN(keys_, KeyKeeper::Create(*store_, *arena_, clock_));
    roots_ =
        std::make_unique<RootSources>(*store_, *arena_, config.root_sources);
    directory_ = std::make_unique<DirectoryHolder>(config.directory);
    cache_ = std::make_unique<TokenCache>(kPeople);
    stops_ = std::make_unique<Stops>(clock_, *store_);
    interactions_ = std::make_unique<Interactions>(*store_, *keys_);
    ASSIGN_OR_RETURN(std::unique_ptr<LandingFile> landing,
                     LandingFile::Open(seeded.database() + "-landing"));
    refresher_ = std::make_unique<Refresher>(
        clock_, *store_, *keys_, providers_, *cache_, std::move(landing));
    operations_ = std::make_unique<Operations>(clock_);
    pool_ = std::make_unique<WorkerPool>(/*threads=*/2, kInFlight);
    approvals_ = std::make_unique<Approvals>(clock_, *store_, *keys_,
                                             *interactions_, *cache_);
    broker_ = std::make_unique<Broker>(clock_, *store_, *cache_, *stops_,
                                       *interactions_, *approvals_, *refresher_,
                                       *pool_, http_);
    SealSwitch::Hooks hooks;
    hooks.opened = [] { return absl::OkStatus(); };
    hooks.turned = [] {};
    seal_ =
        std::make_unique<SealSwitch>(clock_, *store_, *arena_, *keys_, *roots_,
                                     *operations_, std::move(hooks));
    RETURN_IF_ERROR(seal_->Open());
    authenticator_ =
        std::make_unique<Authenticator>(*directory_, http_, clock_);
    timer_ = std::make_unique<DeadlineTimer>(clock_);
    gate_ = std::make_unique<CallGate>(clock_, *authenticator_, *seal_, *store_,
                                       *pool_, *timer_, metrics_);
    rejections_ = std::make_unique<TokenRejections>(clock_, *store_, *cache_);
    tokens_ = std::make_unique<TokenApi>(*gate_, *broker_, *interactions_,
                                         *rejections_, *keys_);
    return absl::OkStatus();
  }

  const Clock& clock_ = SystemClock();
  CurlHttpClient http_;
  ProviderAccess providers_;
  Metrics metrics_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyKeeper> keys_;
  std::unique_ptr<RootSources> roots_;
  std::unique_ptr<DirectoryHolder> directory_;
  std::unique_ptr<TokenCache> cache_;
  std::unique_ptr<Stops> stops_;
  std::unique_ptr<Interactions> interactions_;
  std::unique_ptr<Refresher> refresher_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<WorkerPool> pool_;
  std::unique_ptr<Approvals> approvals_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<SealSwitch> seal_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<DeadlineTimer> timer_;
  std::unique_ptr<CallGate> gate_;
  std::unique_ptr<TokenRejections> rejections_;
  std::unique_ptr<TokenApi> tokens_;
};

// Answers that have not come yet.
class Outstanding {
 public:
  void Begin() {
    MutexLock lock(mutex_);
    ++open_;
  }
  void End(const absl::StatusOr<v1::GetScopedTokenResponse>& answer) {
    MutexLock lock(mutex_);
    if (answer.ok() && answer->has_token()) ++tokens_;
    if (--open_ == 0) none_.NotifyAll();
  }
  void AwaitNone() {
    MutexLock lock(mutex_);
    while (open_ > 0) none_.Wait(mutex_);
  }
  int tokens() {
    MutexLock lock(mutex_);
    return tokens_;
  }

 private:
  Mutex mutex_;
  CondVar none_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  int tokens_ ABSL_GUARDED_BY(mutex_) = 0;
};

void AskOnce(TokenApi& api, int person, Outstanding& outstanding) {
  ApiCall call;
  call.credential.authorization = "Bearer bench-agent";
  call.deadline = absl::Now() + absl::Seconds(60);
  v1::GetScopedTokenRequest request;
  request.set_provider("providers/bench");
  request.mutable_subject()->set_user_id(SubjectOf(person));
  request.add_scopes("calendar.read");
  outstanding.Begin();
  api.GetScopedToken(
      std::move(call), std::move(request),
      [&outstanding](absl::StatusOr<v1::GetScopedTokenResponse> answer) {
        outstanding.End(answer);
      });
}

// `rounds` times one request for each person, all of a round at once.
absl::Status AskRounds(TokenApi& api, int rounds) {
  Outstanding outstanding;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < kInFlight; ++i) {
      AskOnce(api, i % kPeople, outstanding);
    }
    outstanding.AwaitNone();
  }
  if (outstanding.tokens() == rounds * kInFlight) return absl::OkStatus();
  return absl::DataLossError("an answer is no token");
}

absl::Status CountInstructions(const std::string& folder, int rounds) {
  RETURN_IF_ERROR(InitCrypto());
  ASSIGN_OR_RETURN(std::unique_ptr<TokenEndpoint> endpoint,
                   TokenEndpoint::Start());
  const SeededVault seeded = {folder, endpoint->url(), kPeople};
  RETURN_IF_ERROR(seeded.Create());
  ASSIGN_OR_RETURN(std::unique_ptr<TokenPath> path, TokenPath::Open(seeded));
  // The first asks the provider, the second finds every statement prepared.
  RETURN_IF_ERROR(AskRounds(path->api(), 2));
  CALLGRIND_ZERO_STATS;
  absl::Status asked = AskRounds(path->api(), rounds);
  CALLGRIND_DUMP_STATS_AT("issued");
  RETURN_IF_ERROR(asked);
  std::printf("%d\n", rounds * kInFlight);
  return absl::OkStatus();
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) {
  int rounds = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &rounds) || rounds < 1) {
    std::fputs(
        "usage: tokenvault_instructions_bench FOLDER ROUNDS\n"
        "Run it by way of bench/instructions.\n",
        stderr);
    return 2;
  }
  const absl::Status status = tokenvault::CountInstructions(argv[1], rounds);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench: %s\n", std::string(status.message()).c_str());
  return 1;
}
