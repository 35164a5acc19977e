#include "cli/exit_codes.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

struct Meaning {
  ExitCode code;
  const char* text;
};

constexpr Meaning kMeanings[] = {
    {kExitDone, "done"},
    {kExitLocalMistake, "local mistake: usage, file, config"},
    {kExitServerSaidNo, "the server said no or could not be reached"},
    {kExitPersonMustAct,
     "a person must act: consent or approval pending; the URL is on stderr"},
    {kExitNotPermitted, "not authenticated or not permitted"},
    {kExitSealed, "sealed or not initialized"},
    {kExitCheckFailed,
     "a check failed: provider test, demo, keys, incident, audit chain, "
     "backup, config drift"},
    {kExitInterrupted, "interrupted"},
};

const std::map<std::string, std::string>& Hints() {
  static const auto* const kHints = new std::map<std::string, std::string>{
      {"ADDRESS_REFUSED",
       "allow the address range under [egress] if it is yours"},
      {"AGENT_CREDENTIAL_INVALID",
       "give --cert and --key, or --token-file; 'tokenvault agent list' shows "
       "which identities are known"},
      {"ALREADY_EXISTS", "nothing was overwritten"},
      {"APPROVAL_RATE_LIMITED", "let the person answer what waits for them"},
      {"AUDIT_LOG_BROKEN",
       "keep the database and every checkpoint as they are, and find out who "
       "could write to it"},
      {"AUDIT_UNAVAILABLE", "run 'tokenvault status' to see the storage"},
      {"BACKUP_BROKEN",
       "take an older backup: 'tokenvault backup list' names those there are"},
      {"BUDGET_SPENT", "run 'tokenvault policy explain' to see what is left"},
      {"CONFIG_INVALID", "run 'tokenvault config check' after the correction"},
      {"CONNECTION_PAUSED",
       "'tokenvault connection resume' lets agents use it again"},
      {"DATABASE_ROLLED_BACK",
       "put the newest database back, or run 'tokenvault restore'; "
       "'tokenvaultd --accept-rollback' serves this one all the same"},
      {"ETAG_MISMATCH", "run the same command again"},
      {"GRANT_GONE", "the person has to connect again"},
      {"INTERACTION_EXPIRED",
       "run 'tokenvault token get' again for a new link"},
      {"INTERACTION_USED", "run 'tokenvault token get' again for a new link"},
      {"INTERNAL", "look for the id in the daemon's log"},
      {"ISSUANCE_STOPPED", "run 'tokenvault status' to see what is stopped"},
      {"KEY_UNKNOWN", "was a backup restored? run 'tokenvault key status'"},
      {"MEMORY_NOT_LOCKED", "raise LimitMEMLOCK= or 'ulimit -l'"},
      {"ROOT_SOURCE_CLOSED",
       "bring its token back, or give its passphrase by 'tokenvault unseal "
       "--source ID'"},
      {"ROOT_SOURCE_NEEDED",
       "run 'tokenvault key source list' to see what each one opens"},
      {"KEY_IN_USE", "run 'tokenvault key status' to see what it still wraps"},
      {"OPERATION_RUNNING", "run 'tokenvault key status' to see how far it is"},
      {"POLICY_DENIED", "run 'tokenvault policy explain' to see why"},
      {"POLICY_UNAVAILABLE",
       "url under [decision_point] says which one is asked"},
      {"PROVIDER_ANSWER_INVALID", "run 'tokenvault provider test' on it"},
      {"PROVIDER_MISCONFIGURED", "run 'tokenvault provider test' on it"},
      {"PROVIDER_RATE_LIMITED", "wait before asking again"},
      {"PROVIDER_REFUSED", "run 'tokenvault provider test' on it"},
      {"PROVIDER_TOKEN_NOT_SHORT_LIVED",
       "long_lived = \"allow\" under [tokens] hands such tokens out all the "
       "same"},
      {"PROVIDER_UNREACHABLE", "run 'tokenvault provider test' on it"},
      {"RATE_LIMITED", "wait before asking again"},
      {"RESOURCE_DENIED", "the list command shows the names there are"},
      {"ROOT_KEY_INVALID",
       "key_file or passphrase_file under [seal] says where it is read from"},
      {"SCOPE_NOT_NARROWABLE",
       "policy_only_scope = \"allow\" under [tokens] hands such tokens out all "
       "the same"},
      {"SCOPE_UNKNOWN", "run 'tokenvault provider show' for its scopes"},
      {"SEAL_BROKEN", "restore the newest good backup"},
      {"SERVER_UNREACHABLE",
       "is tokenvaultd running? --socket or TOKENVAULT_SOCKET says where it "
       "listens"},
      {"STORAGE_BUSY", "stop the daemon, or let it do the work"},
      {"STORAGE_CORRUPT", "restore the newest good backup"},
      {"STORAGE_FOREIGN", "path under [storage] says which file is meant"},
      {"STORAGE_FULL", "make room; nothing that was acknowledged is lost"},
      {"STORAGE_NOT_INITIALIZED", "run 'tokenvault init' first"},
      {"STORED_SECRET_UNREADABLE",
       "was a backup restored? run 'tokenvault key status'"},
      {"SUBJECT_ASSERTION_NOT_ALLOWED",
       "give --user-token-file, or set may_assert_user for this agent"},
      {"UPSTREAM_SLOW", "run it again: the vault goes on with the same work"},
      {"USER_TOKEN_INVALID", "sign in again for a fresh user token"},
      {"VAULT_SEALED", "run 'tokenvault unseal'"},
  };
  return *kHints;
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& fault, FaultOrigin origin) {
  if (fault.ok()) return kExitDone;
  const std::string reason = ReasonOf(fault);
  if (reason == "VAULT_SEALED" || reason == "STORAGE_NOT_INITIALIZED") {
    return kExitSealed;
  }
  if (reason == "CONFIG_INVALID") return kExitLocalMistake;
  if (reason == "SERVER_UNREACHABLE") return kExitServerSaidNo;
  if (reason == "INTERACTION_DENIED") return kExitNotPermitted;
  if (absl::IsCancelled(fault)) return kExitInterrupted;
  if (origin == FaultOrigin::kHere) return kExitLocalMistake;
  if (absl::IsUnauthenticated(fault) || absl::IsPermissionDenied(fault)) {
    return kExitNotPermitted;
  }
  return kExitServerSaidNo;
}

std::string HintOf(absl::string_view reason) {
  auto it = Hints().find(std::string(reason));
  return it == Hints().end() ? "" : it->second;
}

const std::vector<std::string>& ReasonsWithoutHint() {
  // Their sentences say what to do, or nothing can be done from here.
  static const auto* const kReasons = new std::vector<std::string>{
      "APPROVAL_DENIED",     "APPROVER_NOT_ALLOWED",
      "BACKUP_PATH_INVALID", "CONNECT_REFUSED",
      "FIELD_INVALID",       "INTERACTION_DENIED",
      "NOT_FOUND",           "NOT_IMPLEMENTED",
      "STORAGE_FAILED",      "STORAGE_PATH_INVALID",
      "STORAGE_UNSAFE",      "VERSION_CONFLICT",
  };
  return *kReasons;
}

std::string ExitCodeHelp() {
  std::string text = "Exit codes of tokenvault. They keep their meaning.\n\n";
  for (const Meaning& meaning : kMeanings) {
    absl::StrAppendFormat(&text, "  %3d   %s\n", int{meaning.code},
                          meaning.text);
  }
  absl::StrAppend(
      &text,
      "\nTwo commands answer a question of scripts instead:\n\n"
      "  tokenvault status        0 ready, 1 error, 2 sealed or not "
      "initialized\n"
      "  tokenvault init --check  0 initialized, 1 error, 2 not initialized\n");
  return text;
}

}  // namespace tokenvault
