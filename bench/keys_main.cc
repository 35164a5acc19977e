// What keys cost: a rotation of many data keys while people's tokens are
// opened, opening a vault, and one seal and open beside bare libsodium. In this
// process, with the real store on a disk.
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "bench/machine.h"
#include "bench/sample.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "storage/open_store.h"
#include "vault/bindings.h"
#include "vault/init_vault.h"
#include "vault/key_keeper.h"
#include "vault/key_rotation.h"
#include "vault/note_signer.h"
#include "vault/operations.h"

namespace tokenvault {
namespace {

constexpr size_t kArenaBytes = size_t{4} << 20;
constexpr int kBatch = 1000;
constexpr char kToken[] = "1//0example-refresh-token-of-a-common-length-abcdef";
constexpr absl::Duration kIdle = absl::Seconds(5);
constexpr int kRounds = 200'000;
// What a token of that length is padded to.
constexpr size_t kPadded = 256;

using SteadyClock = std::chrono::steady_clock;

double Since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// A vault with `people` data keys and as many connections.
struct Vault {
  std::string folder;
  std::unique_ptr<SecretArena> arena;
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyKeeper> keys;

  static ConnectionId IdOf(int person) {
    return ConnectionId(absl::StrCat("c", person));
  }
  static std::string SubjectOf(int person) {
    return absl::StrCat("u-", person);
  }

  absl::Status Open() {
    ASSIGN_OR_RETURN(RootKey root,
                     RootKey::FromFile(*arena, folder + "/root.key"));
    ASSIGN_OR_RETURN(
        keys, KeyKeeper::Open(*store, *arena, root, "file", SystemClock()));
    return absl::OkStatus();
  }

  absl::Status Create(int people) {
    ASSIGN_OR_RETURN(arena, SecretArena::Create(kArenaBytes));
    RETURN_IF_ERROR(RootKey::CreateFile(folder + "/root.key"));
    ASSIGN_OR_RETURN(store, OpenStore({folder + "/vault.db", true}));
    ASSIGN_OR_RETURN(RootKey root,
                     RootKey::FromFile(*arena, folder + "/root.key"));
    RETURN_IF_ERROR(InitVault(*store, *arena, root,
                              {"file", "file", "", SystemClock().Now()},
                              SystemClock().Now()));
    RETURN_IF_ERROR(Open());
    for (int first = 0; first < people; first += kBatch) {
      WriteBatch batch;
      for (int i = first; i < std::min(people, first + kBatch); ++i) {
        RETURN_IF_ERROR(Add(i, batch));
      }
      RETURN_IF_ERROR(store->Commit(std::move(batch)));
    }
    return absl::OkStatus();
  }

  absl::Status Add(int person, WriteBatch& batch) {
    Dek dek;
    dek.tenant = TenantId("default");
    dek.subject = SubjectOf(person);
    dek.dek_id = RandomBytes(16);
    dek.kek_version = (*keys->ring())->primary_version();
    dek.create_time = SystemClock().Now();
    ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(*arena));
    ASSIGN_OR_RETURN(
        dek.wrapped,
        (*keys->ring())
            ->WrapDataKey(DataKeyBindingOf(keys->deployment_id(), dek), key));
    Connection connection;
    connection.tenant = dek.tenant;
    connection.id = IdOf(person);
    connection.user = UserId(dek.subject);
    connection.provider = ProviderId("bench");
    connection.generation = 1;
    connection.create_time = dek.create_time;
    Sealer sealer(std::make_shared<const DataKey>(
        DataKey{dek.dek_id, dek.generation, std::move(key)}));
    ASSIGN_OR_RETURN(
        connection.sealed_refresh_token,
        sealer.Seal(Secret::Copy(kToken),
                    RefreshTokenBinding(keys->deployment_id(), connection)));
    batch.Insert(std::move(dek));
    batch.Insert(std::move(connection));
    return absl::OkStatus();
  }

  // One token of somebody, from the disk to the plaintext.
  absl::Status Read(int person) {
    ASSIGN_OR_RETURN(Connection row,
                     store->GetConnection(TenantId("default"), IdOf(person)));
    ASSIGN_OR_RETURN(Sealer sealer,
                     keys->SealerFor(row.tenant, row.user.value));
    return sealer
        .Open(row.sealed_refresh_token,
              RefreshTokenBinding(keys->deployment_id(), row))
        .status();
  }
};

// One reader, a token after the other, until it is told to stop.
struct Reader {
  Sample micros;
  absl::Status failure;
  std::atomic<bool> stop{false};
  std::thread thread;

  void Start(Vault& vault, int people) {
    thread = std::thread([this, &vault, people] {
      std::minstd_rand random(7);
      while (!stop && failure.ok()) {
        const auto start = SteadyClock::now();
        failure = vault.Read(static_cast<int>(random() % people));
        micros.values.push_back(Since(start) * 1e6);
      }
    });
  }
  void Stop() {
    stop = true;
    thread.join();
  }
};

double MicrosEach(const std::function<void()>& work) {
  const auto start = SteadyClock::now();
  for (int i = 0; i < kRounds; ++i) work();
  return Since(start) * 1e6 / kRounds;
}

// Prints a line of seal and open, and the same with libsodium alone.
absl::Status CompareSealing(Vault& vault) {
  ASSIGN_OR_RETURN(Connection row, vault.store->GetConnection(
                                       TenantId("default"), Vault::IdOf(0)));
  ASSIGN_OR_RETURN(Sealer sealer,
                   vault.keys->SealerFor(row.tenant, row.user.value));
  const Binding binding = RefreshTokenBinding(vault.keys->deployment_id(), row);
  const Secret token = Secret::Copy(kToken);
  absl::Status failed;
  const double seal =
      MicrosEach([&] { failed.Update(sealer.Seal(token, binding).status()); });
  const double open = MicrosEach([&] {
    failed.Update(sealer.Open(row.sealed_refresh_token, binding).status());
  });
  RETURN_IF_ERROR(failed);
  std::string key = RandomBytes(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  std::string plain(kPadded, 'p');
  std::string sealed(kPadded + crypto_aead_xchacha20poly1305_ietf_ABYTES, 's');
  std::string nonce(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, 'n');
  int opened = 0;
  const double bare_seal = MicrosEach([&] {
    randombytes_buf(nonce.data(), nonce.size());
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        Bytes(sealed), nullptr, Bytes(plain), plain.size(), nullptr, 0, nullptr,
        Bytes(nonce), Bytes(key));
  });
  const double bare_open = MicrosEach([&] {
    opened += crypto_aead_xchacha20poly1305_ietf_decrypt(
                  Bytes(plain), nullptr, nullptr, Bytes(sealed), sealed.size(),
                  nullptr, 0, Bytes(nonce), Bytes(key)) == 0;
  });
  if (opened != kRounds) return errors::Internal("libsodium did not open");
  std::printf("| seal one token | %.2f µs | %.1f times bare libsodium |\n",
              seal, seal / bare_seal);
  std::printf("| open one token | %.2f µs | %.1f times bare libsodium |\n",
              open, open / bare_open);
  return absl::OkStatus();
}

absl::Status Rotate(Vault& vault, int people) {
  Reader idle;
  idle.Start(vault, people);
  absl::SleepFor(kIdle);
  idle.Stop();
  RETURN_IF_ERROR(idle.failure);

  NoteSigner signer(SystemClock(), *vault.store, *vault.keys);
  Operations operations(SystemClock());
  RootSourceSettings root;
  root.id = "file";
  root.kind = "file";
  root.key_file.path = vault.folder + "/root.key";
  RootSources sources(*vault.store, *vault.arena, {root});
  KeyRotation rotation(SystemClock(), *vault.store, *vault.keys, sources,
                       signer, operations);
  Reader busy;
  busy.Start(vault, people);
  const auto start = SteadyClock::now();
  ASSIGN_OR_RETURN(Operation::Progress progress, rotation.Start(0, ""));
  double rewrapped = 0;
  while (!progress.done) {
    absl::SleepFor(absl::Milliseconds(5));
    ASSIGN_OR_RETURN(progress, operations.Get(progress.id));
    if (rewrapped == 0 && progress.phase == Operation::Phase::kProving) {
      rewrapped = Since(start);
    }
  }
  const double all = Since(start);
  busy.Stop();
  RETURN_IF_ERROR(busy.failure);
  RETURN_IF_ERROR(progress.result);
  std::printf("| re-wrap %d data keys | %.1f s | %.0f a second |\n", people,
              rewrapped, people / rewrapped);
  std::printf("| prove it: open each, and a record | %.1f s | |\n",
              all - rewrapped);
  std::printf(
      "| one token read meanwhile | p50 %.0f, p99 %.0f µs | %.1f and %.1f "
      "times idle (p50 %.0f, p99 %.0f µs) |\n",
      busy.micros.Quantile(0.5), busy.micros.Quantile(0.99),
      busy.micros.Quantile(0.5) / idle.micros.Quantile(0.5),
      busy.micros.Quantile(0.99) / idle.micros.Quantile(0.99),
      idle.micros.Quantile(0.5), idle.micros.Quantile(0.99));
  return absl::OkStatus();
}

absl::Status Run(const std::string& folder, int people) {
  RETURN_IF_ERROR(InitCrypto());
  const Machine machine = ThisMachine();
  std::printf("%s, %d cores, %s, %s build, %s\n\n", machine.cpu.c_str(),
              machine.cores, machine.kernel.c_str(), TOKENVAULT_BUILD_TYPE,
              absl::FormatTime("%Y-%m-%d %H:%M UTC", SystemClock().Now(),
                               absl::UTCTimeZone())
                  .c_str());
  Vault vault;
  vault.folder = folder;
  RETURN_IF_ERROR(vault.Create(people));
  std::printf("| what | | |\n| --- | --- | --- |\n");
  RETURN_IF_ERROR(Rotate(vault, people));
  const auto start = SteadyClock::now();
  RETURN_IF_ERROR(vault.Open());
  std::printf("| open the vault with a key file | %.1f ms | |\n",
              Since(start) * 1e3);
  return CompareSealing(vault);
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) {
  int people = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &people) || people < 1) {
    std::fputs(
        "usage: tokenvault_keys_bench FOLDER DATA-KEYS\n"
        "Run it by way of bench/keys.\n",
        stderr);
    return 2;
  }
  absl::Status ran = tokenvault::Run(argv[1], people);
  if (ran.ok()) return 0;
  std::fprintf(stderr, "%s\n", ran.ToString().c_str());
  return 1;
}
