#include "bench/served_vault.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tokenvault {

absl::StatusOr<std::unique_ptr<ServedVault>> ServedVault::Start(
    const Setting& setting, int people) {
  ASSIGN_OR_RETURN(PrivateFolder folder, PrivateFolder::Create());
  // The constructor is private.
  std::unique_ptr<ServedVault> vault(
      new ServedVault(setting, std::move(folder)));
  ASSIGN_OR_RETURN(vault->endpoint_, TokenEndpoint::Start());
  vault->seeded_ = {vault->folder(), vault->endpoint_->url(), people};
  RETURN_IF_ERROR(vault->seeded_.Create());
  ASSIGN_OR_RETURN(vault->leaves_before_, vault->seeded_.CountAuditEntries());
  ASSIGN_OR_RETURN(vault->syncs_, SyncCounter::Create(vault->counter_file()));
  RETURN_IF_ERROR(vault->Restart());
  return vault;
}

void ServedVault::Kill() {
  daemon_->Kill();
  daemon_.reset();
}

absl::Status ServedVault::Restart() {
  daemon_.reset();
  ASSIGN_OR_RETURN(
      daemon_, ChildProcess::Start(
                   {daemon_file_, "--dev", "--config", seeded_.config()},
                   {absl::StrCat("LD_PRELOAD=", count_syncs_file_),
                    absl::StrCat("TOKENVAULT_SYNC_COUNT=", counter_file()),
                    // A killed daemon does not clear away its own folder there.
                    absl::StrCat("TMPDIR=", folder())}));
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
