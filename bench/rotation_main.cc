// What work on all keys takes from the callers of a real daemon: the time of
// GetScopedToken while every data key is re-wrapped and proved, and while every
// record is sealed anew under a new data key, beside the same before, in one
// run. And how long the vault is closed between two openings.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/child_process.h"
#include "bench/closed_loop.h"
#include "bench/machine.h"
#include "bench/seeded_vault.h"
#include "bench/token_endpoint.h"
#include "crypto/random.h"
#include "tokenvault/v1/admin_service.grpc.pb.h"

namespace tokenvault {
namespace {

// Who is asked about, of all the people there are.
constexpr int kAsked = 200;
constexpr int kLevels[] = {1, 8, 64};
constexpr absl::Duration kWarmUp = absl::Seconds(1);
constexpr absl::Duration kIdle = absl::Seconds(5);
// Between two looks at the rotation.
constexpr absl::Duration kSlice = absl::Milliseconds(500);

class Operator {
 public:
  explicit Operator(const std::string& socket)
      : admin_(v1::AdminService::NewStub(
            grpc::CreateChannel(absl::StrCat("unix:", socket),
                                grpc::InsecureChannelCredentials()))) {}

  absl::StatusOr<v1::Operation> Rotate() {
    grpc::ClientContext context;
    v1::Operation operation;
    const grpc::Status status = admin_->RotateMasterKey(
        &context, v1::RotateMasterKeyRequest(), &operation);
    return Checked(status, std::move(operation));
  }
  absl::StatusOr<v1::Operation> Reseal() {
    grpc::ClientContext context;
    v1::RotateDataKeysRequest request;
    request.set_tenant("default");
    v1::Operation operation;
    const grpc::Status status =
        admin_->RotateDataKeys(&context, request, &operation);
    return Checked(status, std::move(operation));
  }
  absl::Status Seal() {
    grpc::ClientContext context;
    v1::Status status;
    return Told(admin_->Seal(&context, v1::SealRequest(), &status));
  }
  absl::Status Unseal() {
    grpc::ClientContext context;
    v1::Status status;
    return Told(admin_->Unseal(&context, v1::UnsealRequest(), &status));
  }
  absl::StatusOr<v1::Operation> Look(const v1::Operation& begun) {
    grpc::ClientContext context;
    v1::GetOperationRequest request;
    request.set_name(begun.name());
    v1::Operation operation;
    const grpc::Status status =
        admin_->GetOperation(&context, request, &operation);
    return Checked(status, std::move(operation));
  }

 private:
  static absl::Status Told(const grpc::Status& status) {
    return status.ok() ? absl::OkStatus()
                       : absl::UnavailableError(status.error_message());
  }
  static absl::StatusOr<v1::Operation> Checked(const grpc::Status& status,
                                               v1::Operation operation) {
    RETURN_IF_ERROR(Told(status));
    if (!operation.error_reason().empty()) {
      return absl::DataLossError(operation.error_reason());
    }
    return operation;
  }

  std::unique_ptr<v1::AdminService::Stub> admin_;
};

void Add(LoopResult part, LoopResult& sum) {
  sum.answers += part.answers;
  sum.elapsed += part.elapsed;
  sum.micros.values.insert(sum.micros.values.end(), part.micros.values.begin(),
                           part.micros.values.end());
}

// What is done to all keys, and how many of them it says it did.
struct Work {
  const char* name;
  absl::StatusOr<v1::Operation> (Operator::*begin)();
  int64_t (*done)(const v1::Operation&);
};
constexpr Work kRotate = {
    "re-wrap and prove", &Operator::Rotate,
    [](const v1::Operation& all) { return all.data_keys_rewrapped(); }};
constexpr Work kReseal = {
    "seal anew", &Operator::Reseal,
    [](const v1::Operation& all) { return all.resealed().data_keys(); }};

// One line of the table: all of it, at one level.
absl::Status MeasureLevel(ClosedLoop& loop, Operator& admin, const Work& work,
                          int in_flight, int data_keys) {
  RETURN_IF_ERROR(loop.Run(in_flight, kWarmUp).status());
  ASSIGN_OR_RETURN(LoopResult idle, loop.Run(in_flight, kIdle));
  ASSIGN_OR_RETURN(v1::Operation operation, (admin.*work.begin)());
  LoopResult busy;
  while (!operation.done()) {
    ASSIGN_OR_RETURN(LoopResult part, loop.Run(in_flight, kSlice));
    Add(std::move(part), busy);
    ASSIGN_OR_RETURN(operation, admin.Look(operation));
  }
  if (work.done(operation) < data_keys) {
    return absl::DataLossError("it left data keys out");
  }
  const double seconds = absl::ToDoubleSeconds(busy.elapsed);
  std::printf(
      "| %s | %d | %.0f / %.0f | %.0f / %.0f | %.1f | %.0f → %.0f | %.1f | "
      "%.0f |\n",
      work.name, in_flight, idle.micros.Quantile(0.5),
      idle.micros.Quantile(0.99), busy.micros.Quantile(0.5),
      busy.micros.Quantile(0.99),
      busy.micros.Quantile(0.99) / idle.micros.Quantile(0.99), idle.PerSecond(),
      busy.PerSecond(), seconds, data_keys / seconds);
  std::fflush(stdout);
  return absl::OkStatus();
}

// With a vault of that size, and tokens in its cache.
absl::Status MeasureUnsealing(Operator& admin) {
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(admin.Seal());
  const absl::Time sealed = absl::Now();
  RETURN_IF_ERROR(admin.Unseal());
  const absl::Time open = absl::Now();
  std::printf("\nsealed in %.1f ms, unsealed by a key file in %.1f ms\n",
              absl::ToDoubleMilliseconds(sealed - start),
              absl::ToDoubleMilliseconds(open - sealed));
  return absl::OkStatus();
}

absl::Status Measure(const std::string& daemon_file, const std::string& folder,
                     int data_keys) {
  RETURN_IF_ERROR(InitCrypto());
  ASSIGN_OR_RETURN(std::unique_ptr<TokenEndpoint> endpoint,
                   TokenEndpoint::Start());
  const SeededVault seeded = {folder, endpoint->url(), data_keys};
  RETURN_IF_ERROR(seeded.Create());
  ASSIGN_OR_RETURN(
      std::unique_ptr<ChildProcess> daemon,
      ChildProcess::Start({daemon_file, "--dev", "--config", seeded.config()}));
  ClosedLoop loop({daemon->address(), kAsked});
  RETURN_IF_ERROR(loop.AskForEach().status());
  Operator admin(folder + "/admin.sock");
  const Machine machine = ThisMachine();
  std::printf(
      "%s, %d cores, %s, %s build, %s, %d data keys\n\n"
      "| work | in flight | idle p50 / p99 µs | meanwhile p50 / p99 µs | "
      "p99 ratio | answers/s | seconds | data keys/s |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
      machine.cpu.c_str(), machine.cores, machine.kernel.c_str(),
      TOKENVAULT_BUILD_TYPE,
      absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone())
          .c_str(),
      data_keys);
  for (const Work& work : {kRotate, kReseal}) {
    for (int in_flight : kLevels) {
      RETURN_IF_ERROR(MeasureLevel(loop, admin, work, in_flight, data_keys));
    }
  }
  return MeasureUnsealing(admin);
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) {
  int data_keys = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[3], &data_keys) || data_keys < 200) {
    std::fputs(
        "usage: tokenvault_rotation_bench DAEMON FOLDER DATA-KEYS\n"
        "Run it by way of bench/rotation.\n",
        stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const absl::Status status = tokenvault::Measure(argv[1], argv[2], data_keys);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench: %s\n", std::string(status.message()).c_str());
  return 1;
}
