#include "bench/served_vault.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"

namespace tokenvault {

absl::StatusOr<std::unique_ptr<ServedVault>> ServedVault::Start(
    const Setting& setting, int people) {
  return Start(setting, Options{people});
}

absl::StatusOr<std::unique_ptr<ServedVault>> ServedVault::Start(
    const Setting& setting, Options options) {
  if (options.in_memory && !IsOnTmpfs(kMemoryFolder)) {
    return absl::FailedPreconditionError(absl::StrCat(
        kMemoryFolder, " is no tmpfs: what durability costs cannot be told"));
  }
  ASSIGN_OR_RETURN(PrivateFolder folder,
                   options.in_memory ? PrivateFolder::CreateUnder(kMemoryFolder)
                                     : PrivateFolder::Create());
  // The constructor is private.
  std::unique_ptr<ServedVault> vault(
      new ServedVault(setting, std::move(folder)));
  ASSIGN_OR_RETURN(vault->endpoint_, TokenEndpoint::Start());
  vault->seeded_ = {vault->folder(), vault->endpoint_->url(), options.people,
                    options.transport, Certificates{vault->folder()}};
  if (options.transport == Transport::kMtls) {
    RETURN_IF_ERROR(vault->seeded_.certificates.Make());
  }
  RETURN_IF_ERROR(vault->seeded_.Create());
  ASSIGN_OR_RETURN(vault->leaves_before_, vault->seeded_.CountAuditEntries());
  ASSIGN_OR_RETURN(vault->syncs_, SyncCounter::Create(vault->counter_file()));
  RETURN_IF_ERROR(vault->Restart());
  return vault;
}

absl::StatusOr<ClosedLoop::Options> ServedVault::Asking(int people) const {
  ClosedLoop::Options options;
  options.address = daemon_->address();
  options.people = people;
  if (seeded_.transport == Transport::kMtls) options.agent = "";
  ASSIGN_OR_RETURN(options.credentials,
                   CredentialsFor(seeded_.transport, seeded_.certificates));
  return options;
}

void ServedVault::Kill() {
  daemon_->Kill();
  daemon_.reset();
}

absl::Status ServedVault::Restart() {
  daemon_.reset();
  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(
      daemon_, ChildProcess::Start(
                   {daemon_file_, "--dev", "--config", seeded_.config()},
                   {absl::StrCat("LD_PRELOAD=", count_syncs_file_),
                    absl::StrCat("TOKENVAULT_SYNC_COUNT=", counter_file()),
                    // A killed daemon does not clear away its own folder there.
                    absl::StrCat("TMPDIR=", folder())}));
  start_time_ = absl::Now() - start;
  return absl::OkStatus();
}

absl::Status ServedVault::StopAndCheck(int64_t tokens) {
  daemon_.reset();  // the vault is free to be looked into
  ASSIGN_OR_RETURN(const int64_t leaves, seeded_.CountAuditEntries());
  if (leaves - leaves_before_ < tokens) {
    return absl::DataLossError(absl::StrCat(tokens, " tokens, but only ",
                                            leaves - leaves_before_,
                                            " new leaves of the audit log"));
  }
  if (syncs_->count() == 0) {
    return absl::DataLossError("no sync of the daemon was counted");
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
