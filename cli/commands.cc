#include "cli/commands.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

// Slow to compile, and so only here.
#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/agents.h"
#include "cli/audit.h"
#include "cli/audit_log.h"
#include "cli/backups.h"
#include "cli/completion.h"
#include "cli/config.h"
#include "cli/connections.h"
#include "cli/data_keys.h"
#include "cli/demo.h"
#include "cli/demo_provider.h"
#include "cli/exit_codes.h"
#include "cli/incidents.h"
#include "cli/init.h"
#include "cli/key_proofs.h"
#include "cli/keys.h"
#include "cli/policies.h"
#include "cli/providers.h"
#include "cli/restore.h"
#include "cli/root_sources.h"
#include "cli/seal.h"
#include "cli/status.h"
#include "cli/stops.h"
#include "cli/tokens.h"
#include "cli/users.h"

namespace tokenvault {
namespace {

using Run = std::function<int(Session&)>;

// Where the values of all options land.
struct Options {
  std::string socket;
  std::string format;

  InitOptions init;
  StatusOptions status;
  KeyRotateOptions rotate;
  KeyVerifyOptions key_verify;
  KeyProofOptions key_proof;
  VerifyProofOptions verify_proof;
  KeyDestroyOptions key_destroy;
  KeySourceAddOptions source_add;
  KeySourceRemoveOptions source_remove;
  SealOptions seal;
  UnsealOptions unseal;
  RotateDekOptions rotate_dek;
  std::string backup_file;
  BackupForgetOptions backup_forget;
  RestoreOptions restore;
  IncidentRevokeOptions incident;
  UserEraseOptions erase;
  LockOptions lock;
  AgentStopOptions agent_stop;
  QuarantineOptions quarantine;
  CaptureFixtureOptions capture;
  PolicyExplainOptions explain;
  std::string explain_scopes;
  std::optional<std::string> explain_groups;
  PolicyCheckOptions policy_check;
  ConnectionQuery filter;
  RevokeOptions revoke;
  TokenGetOptions token;
  std::string token_scopes;
  std::string token_min_ttl;
  AuditTailOptions tail;
  AuditSearchOptions search;
  AuditRangeOptions audit_range;
  AuditExportOptions audit_export;
  std::string audit_keep;
  DemoOptions demo;
  DemoFaultOptions demo_fault;
  DemoLedgerOptions demo_ledger;
  std::string id;
  std::string config_file;
  bool show_effective = false;
  bool reload_dry_run = false;
  std::string shell;
  std::vector<std::string> topic;
};

// The tree of commands, and the one that was chosen.
struct Tree {
  CLI::App app{
      "Keeps OAuth refresh tokens sealed, and hands agents short-lived "
      "ones.",
      "tokenvault"};
  Options options;
  Run run;
};

CLI::App* Group(CLI::App& parent, const char* name, const char* help) {
  CLI::App* group = parent.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

CLI::App* Leaf(Tree& tree, CLI::App& parent, const char* name, const char* help,
               Run run) {
  CLI::App* leaf = parent.add_subcommand(name, help);
  leaf->callback([&tree, run = std::move(run)] { tree.run = run; });
  return leaf;
}

void AddKeyProofs(Tree& tree, CLI::App& key) {
  Options& o = tree.options;
  Leaf(tree, key, "verify", "Open what is sealed, and change nothing",
       [&o](Session& s) { return RunKeyVerify(s, o.key_verify); })
      ->add_flag("--all", o.key_verify.all,
                 "Every record, and not only one of each data key");
  Leaf(tree, key, "proof", "The signed proof that ended a rotation",
       [&o](Session& s) { return RunKeyProof(s, o.key_proof); })
      ->add_option("generation", o.key_proof.generation,
                   "Of this master key; default: the newest proof")
      ->check(CLI::Range(1U, UINT32_MAX));
  CLI::App* check =
      Leaf(tree, key, "verify-proof", "Check such a proof, from a file",
           [&o](Session& s) { return RunKeyVerifyProof(s, o.verify_proof); });
  check->add_option("file", o.verify_proof.file, "What 'key proof' printed")
      ->required();
  check->add_option("--key", o.verify_proof.key,
                    "Who must have signed it, NAME+ID+KEY; default: the daemon "
                    "is asked");
  CLI::App* destroy =
      Leaf(tree, key, "destroy", "Remove what opens a retired key, for ever",
           [&o](Session& s) { return RunKeyDestroy(s, o.key_destroy); });
  destroy->add_option("generation", o.key_destroy.generation, "The master key")
      ->required()
      ->check(CLI::Range(1U, UINT32_MAX));
  destroy->add_flag("--yes", o.key_destroy.yes, "Do not ask");
}

void AddAuditQuery(CLI::App& leaf, AuditQuery& query) {
  leaf.add_option("--user", query.user,
                  "About or by this person: users/…, or their id at your own "
                  "identity provider");
  leaf.add_option("--agent", query.agent, "Done by this agent");
  leaf.add_option("--provider", query.provider, "About this provider");
  leaf.add_option("--kind", query.kind, "Of this kind: token.granted");
  leaf.add_option("--since", query.since,
                  "Not before: 2026-11-28, 2026-11-28T09:00:00Z, or 2h ago");
  leaf.add_option("--until", query.until, "Before, in the same words");
  leaf.add_option("--filter", query.filter,
                  "Conditions, joined by AND: outcome = \"denied\"");
}

void AddAuditRange(CLI::App& leaf, AuditRangeOptions& range) {
  leaf.add_option("--from", range.from,
                  "The first event: 42; default: the oldest that is kept");
  leaf.add_option("--to", range.to, "The last event; default: the newest");
}

void AddAudit(Tree& tree) {
  Options& o = tree.options;
  CLI::App* audit = Group(tree.app, "audit", "The audit log");
  CLI::App* tail = Leaf(tree, *audit, "tail", "The newest events",
                        [&o](Session& s) { return RunAuditTail(s, o.tail); });
  tail->add_flag("-f,--follow", o.tail.follow, "And those to come");
  tail->add_option("-n,--lines", o.tail.lines, "How many at first")
      ->check(CLI::Range(1, 500));
  AddAuditQuery(*tail, o.tail.query);
  CLI::App* search =
      Leaf(tree, *audit, "search", "Events, from the oldest on",
           [&o](Session& s) { return RunAuditSearch(s, o.search); });
  search->add_option("-n,--limit", o.search.limit, "No more than so many")
      ->check(CLI::Range(1, INT32_MAX));
  AddAuditQuery(*search, o.search.query);
  Leaf(tree, *audit, "status", "How far it is, and who else has seen it",
       RunAuditStatus);
  Leaf(tree, *audit, "key", "The key by which others check it", RunAuditKey);
  CLI::App* verify = Leaf(
      tree, *audit, "verify", "Whether it is what it was, here and elsewhere",
      [&o](Session& s) { return RunAuditVerify(s, o.audit_range); });
  AddAuditRange(*verify, o.audit_range);
  Leaf(tree, *audit, "prove", "That one event is in it, for others to check",
       [&o](Session& s) { return RunAuditProve(s, o.id); })
      ->add_option("event", o.id, "auditEvents/42, or 42")
      ->required();
  CLI::App* out =
      Leaf(tree, *audit, "export", "A part of it, for others to check",
           [&o](Session& s) { return RunAuditExport(s, o.audit_export); });
  AddAuditRange(*out, o.audit_export.range);
  out->add_option("-o,--out", o.audit_export.out,
                  "A new file; default: stdout");
  Leaf(tree, *audit, "archive", "Move old events from the database to a file",
       [&o](Session& s) { return RunAuditArchive(s, o.audit_keep); })
      ->add_option("--keep", o.audit_keep, "How long they stay: 90d")
      ->required();
}

void AddPassphrase(CLI::App& leaf, PassphraseOptions& passphrase) {
  leaf.add_option("--passphrase-file", passphrase.file,
                  "Read the passphrase from a file");
  leaf.add_option("--passphrase-fd", passphrase.descriptor,
                  "Read the passphrase from a file descriptor");
}

void AddKeySources(Tree& tree, CLI::App& key) {
  Options& o = tree.options;
  CLI::App* source = Group(key, "source", "What opens the master keys");
  Leaf(tree, *source, "list", "Each, and whether it opens now",
       RunKeySourceList);
  CLI::App* add =
      Leaf(tree, *source, "add", "Let one more of the configuration open them",
           [&o](Session& s) { return RunKeySourceAdd(s, o.source_add); });
  add->add_option("id", o.source_add.id, "Its id under [[root_sources]]")
      ->required();
  add->add_flag("--renew", o.source_add.renew,
                "It is there: from now on by another passphrase, key or cost");
  AddPassphrase(*add, o.source_add.passphrase);
  CLI::App* remove =
      Leaf(tree, *source, "remove", "Take one away, but never the last",
           [&o](Session& s) { return RunKeySourceRemove(s, o.source_remove); });
  remove->add_option("id", o.source_remove.id, "Which one")->required();
  remove->add_flag("--yes", o.source_remove.yes, "Do not ask");
}

void AddSeal(Tree& tree) {
  Options& o = tree.options;
  Leaf(tree, tree.app, "seal", "Drop every key from memory: nothing is served",
       [&o](Session& s) { return RunSeal(s, o.seal); })
      ->add_flag("--yes", o.seal.yes, "Do not ask");
  CLI::App* unseal =
      Leaf(tree, tree.app, "unseal", "Open the vault by a root source",
           [&o](Session& s) { return RunUnseal(s, o.unseal); });
  unseal->add_option("--source", o.unseal.source,
                     "Only by this one; default: the first that opens");
  AddPassphrase(*unseal, o.unseal.passphrase);
}

void AddDataKeyCommands(Tree& tree, CLI::App& key) {
  Options& o = tree.options;
  CLI::App* rotate =
      Leaf(tree, key, "rotate-dek", "New data keys, and what they seal anew",
           [&o](Session& s) { return RunRotateDek(s, o.rotate_dek); });
  rotate->add_option("--subject", o.rotate_dek.subject,
                     "That of a person: users/…, or their id at your own "
                     "identity provider");
  rotate->add_option("--tenant", o.rotate_dek.tenant,
                     "Those of a tenant and all its people");
  rotate->add_flag("--dry-run", o.rotate_dek.dry_run,
                   "Only say how many there are");
}

void AddUserCommands(Tree& tree) {
  Options& o = tree.options;
  CLI::App* user = Group(tree.app, "user", "People");
  CLI::App* erase = Leaf(tree, *user, "erase",
                         "Remove all that is kept of a person, for ever",
                         [&o](Session& s) { return RunUserErase(s, o.erase); });
  erase
      ->add_option("user", o.erase.user,
                   "users/…, or their id at your own identity provider")
      ->required();
  erase->add_flag("--yes", o.erase.yes, "Do not ask");
}

void AddVaultCommands(Tree& tree) {
  Options& o = tree.options;
  CLI::App* init =
      Leaf(tree, tree.app, "init", "Make the database and the root key",
           [&o](Session& s) { return RunInit(s, o.init); });
  init->add_option("--config", o.init.config, "Configuration file");
  init->add_flag("--check", o.init.check,
                 "Only say whether it is done: 0 yes, 1 error, 2 no");
  init->add_option("--passphrase-file", o.init.passphrase_file,
                   "Read the passphrase from a file");
  init->add_option("--passphrase-fd", o.init.passphrase_fd,
                   "Read the passphrase from a file descriptor");

  CLI::App* status =
      Leaf(tree, tree.app, "status", "How the vault is, and what to do next",
           [&o](Session& s) { return RunStatus(s, o.status); });
  status->add_flag("--deep", o.status.deep,
                   "Also read the whole database and check it");

  CLI::App* key = Group(tree.app, "key", "Master keys");
  Leaf(tree, *key, "status", "The master keys there are", RunKeyStatus);
  CLI::App* rotate =
      Leaf(tree, *key, "rotate", "A new master key, and all under it",
           [&o](Session& s) { return RunKeyRotate(s, o.rotate); });
  rotate->add_flag("--dry-run", o.rotate.dry_run,
                   "Only say how much there is to do");
  rotate->add_flag("--rewrap-only,--resume", o.rotate.rewrap_only,
                   "Only finish what an earlier run left; no new key");
  rotate->add_flag("--pause", o.rotate.pause,
                   "Stop a rotation that runs; --resume goes on with it");
  rotate
      ->add_option("--rate", o.rotate.rows_per_second,
                   "At most so many rows a second")
      ->check(CLI::Range(1, 1000000));
  AddDataKeyCommands(tree, *key);
  AddKeyProofs(tree, *key);
  AddKeySources(tree, *key);
}

void AddBackupCommands(Tree& tree) {
  Options& o = tree.options;
  CLI::App* backup = Group(tree.app, "backup", "Backups");
  Leaf(tree, *backup, "create", "Write one into a new file, while serving",
       [&o](Session& s) { return RunBackupCreate(s, o.backup_file); })
      ->add_option("file", o.backup_file,
                   "The new file, as the daemon may write it")
      ->required();
  Leaf(tree, *backup, "verify", "Open all of one, and compare it with itself",
       [&o](Session& s) { return RunBackupVerify(s, o.backup_file); })
      ->add_option("file", o.backup_file, "The file, as the daemon may read it")
      ->required();
  Leaf(tree, *backup, "list", "Those that were made and not forgotten",
       RunBackupList);
  CLI::App* forget =
      Leaf(tree, *backup, "forget", "Its file is gone: keep no keys for it",
           [&o](Session& s) { return RunBackupForget(s, o.backup_forget); });
  forget->add_option("id", o.backup_forget.id, "The backup")->required();
  forget->add_flag("--yes", o.backup_forget.yes, "Do not ask");

  CLI::App* restore =
      Leaf(tree, tree.app, "restore", "Put a backup in the database's place",
           [&o](Session& s) { return RunRestore(s, o.restore); });
  restore->add_option("file", o.restore.file, "The backup")->required();
  restore->add_option("--config", o.restore.config, "Configuration file");
  restore->add_flag("--replace", o.restore.replace,
                    "Set a vault that is there aside");
  restore->add_flag("--trust-tokens", o.restore.trust_tokens,
                    "No refresh token was used since, on your word");
  restore->add_flag("--yes", o.restore.yes, "Do not ask");
}

void AddIncident(Tree& tree) {
  Options& o = tree.options;
  CLI::App* incident = Group(tree.app, "incident", "When something got out");
  CLI::App* revoke =
      Leaf(tree, *incident, "revoke",
           "End many connections at once, here and at their providers",
           [&o](Session& s) { return RunIncidentRevoke(s, o.incident); });
  revoke->add_option("--provider", o.incident.provider, "Those to a provider");
  revoke->add_option("--agent", o.incident.agent,
                     "Those that an agent may use");
  revoke->add_option("--subject", o.incident.subject,
                     "Those of a person: users/u-…");
  revoke->add_flag("--all", o.incident.all, "Every one there is");
  revoke->add_flag("--dry-run", o.incident.dry_run,
                   "Only say how many there are");
  revoke->add_flag("--yes", o.incident.yes, "Do not ask");
}

void AddLock(Tree& tree) {
  Options& o = tree.options;
  CLI::App* lock =
      Leaf(tree, tree.app, "lock", "Stop everything: no agent gets a token",
           [&o](Session& s) { return RunLock(s, o.lock); });
  lock->add_flag("--yes", o.lock.yes, "Do not ask");
  CLI::App* unlock = Leaf(tree, tree.app, "unlock", "Agents get tokens again",
                          [&o](Session& s) { return RunUnlock(s, o.lock); });
  CLI::App* quarantine =
      Group(tree.app, "quarantine",
            "People, connections and providers that are stopped");
  CLI::App* add =
      Leaf(tree, *quarantine, "add", "No agent gets a token for it",
           [&o](Session& s) { return RunQuarantineAdd(s, o.quarantine); });
  CLI::App* lift =
      Leaf(tree, *quarantine, "lift", "Agents get tokens for it again",
           [&o](Session& s) { return RunQuarantineLift(s, o.quarantine); });
  for (CLI::App* leaf : {lock, unlock}) {
    leaf->add_option("--why", o.lock.why, "For the audit log");
  }
  for (CLI::App* leaf : {add, lift}) {
    leaf->add_option("--user", o.quarantine.user,
                     "A person: users/…, or their id at your own identity "
                     "provider");
    leaf->add_option("--connection", o.quarantine.connection,
                     "One account of a person: users/…/connections/…");
    leaf->add_option("--provider", o.quarantine.provider, "A provider");
    leaf->add_option("--why", o.quarantine.why, "For the audit log");
  }
  Leaf(tree, *quarantine, "list", "All that is stopped, agents too",
       RunQuarantineList);
}

// Whether an agent gets tokens at all.
void AddAgentStops(Tree& tree, CLI::App& agent) {
  Options& o = tree.options;
  CLI::App* disable =
      Leaf(tree, agent, "disable", "It gets no token any more",
           [&o](Session& s) { return RunAgentDisable(s, o.agent_stop); });
  CLI::App* enable =
      Leaf(tree, agent, "enable", "It gets tokens again",
           [&o](Session& s) { return RunAgentEnable(s, o.agent_stop); });
  for (CLI::App* leaf : {disable, enable}) {
    leaf->add_option("id", o.agent_stop.agent, "The agent")->required();
    leaf->add_option("--why", o.agent_stop.why, "For the audit log");
  }
}

void AddConfiguredThings(Tree& tree) {
  Options& o = tree.options;
  CLI::App* provider = Group(tree.app, "provider", "Providers");
  Leaf(tree, *provider, "list", "What is configured", RunProviderList);
  Leaf(tree, *provider, "show", "All of one, and what to register there",
       [&o](Session& s) { return RunProviderShow(s, o.id); })
      ->add_option("id", o.id, "The provider")
      ->required();
  Leaf(tree, *provider, "test", "Ask it whether our client works",
       [&o](Session& s) { return RunProviderTest(s, o.id); })
      ->add_option("id", o.id, "The provider")
      ->required();
  CLI::App* capture = Leaf(tree, *provider, "capture-fixture",
                           "What its endpoints answer, without what is private",
                           [&o](Session& s) {
                             o.capture.id = o.id;
                             return RunProviderCaptureFixture(s, o.capture);
                           });
  capture->add_option("id", o.id, "The provider")->required();
  capture->add_option("--out", o.capture.out, "Into this new file");
  Leaf(tree, *provider, "presets", "What is compiled in", [&o](Session& s) {
    return RunProviderPresets(s, o.id);
  })->add_option("preset", o.id, "Only this one, with its sources");

  CLI::App* agent = Group(tree.app, "agent", "Agents");
  Leaf(tree, *agent, "list", "Who may ask, and how they are known",
       RunAgentList);
  Leaf(tree, *agent, "show", "All of one",
       [&o](Session& s) { return RunAgentShow(s, o.id); })
      ->add_option("id", o.id, "The agent")
      ->required();
  AddAgentStops(tree, *agent);

  CLI::App* policy = Group(tree.app, "policy", "Policy");
  CLI::App* check =
      Leaf(tree, *policy, "check", "Whether a file of [[policies]] is good",
           [&o](Session& s) { return RunPolicyCheck(s, o.policy_check); });
  check->add_option("file", o.policy_check.file, "The file")->required();
  check->add_option("--config", o.policy_check.config, "Configuration file");
  Leaf(tree, *policy, "list", "The rules in force", RunPolicyList);
  CLI::App* explain = Leaf(tree, *policy, "explain",
                           "What policy would say, and why", [&o](Session& s) {
                             o.explain.scopes = SplitScopes(o.explain_scopes);
                             if (o.explain_groups.has_value()) {
                               o.explain.groups = absl::StrSplit(
                                   *o.explain_groups, ',', absl::SkipEmpty());
                             }
                             return RunPolicyExplain(s, o.explain);
                           });
  explain->add_option("--agent", o.explain.agent, "Who asks")->required();
  explain->add_option("--provider", o.explain.provider, "For what")->required();
  explain->add_option("--scopes", o.explain_scopes, "With commas between")
      ->required();
  explain->add_option("--user", o.explain.user,
                      "Whose account: their id at your own identity provider");
  explain->add_option("--groups", o.explain_groups,
                      "That they are in, with commas between; \"\" for none. "
                      "Left out, it is not known");
  explain->add_option("--resource", o.explain.resource, "The resource's URI");
  explain->add_option("--at", o.explain.at,
                      "When: 2026-11-28T14:05:00Z; now if left out");
  explain->add_option("--from", o.explain.from,
                      "The caller's address; left out, it is not known");

  CLI::App* config = Group(tree.app, "config", "Configuration");
  Leaf(tree, *config, "check", "Whether the files are good", [&o](Session& s) {
    return RunConfigCheck(s, o.config_file);
  })->add_option("--config", o.config_file, "Configuration file");
  Leaf(tree, *config, "show", "What is in force, and where it comes from",
       RunConfigShow)
      ->add_flag("--effective", o.show_effective,
                 "All values, defaults too; as it is without it");
  Leaf(tree, *config, "reload", "Read the files again: all of it, or nothing",
       [&o](Session& s) { return RunConfigReload(s, o.reload_dry_run); })
      ->add_flag("--dry-run", o.reload_dry_run, "Only say what would happen");
}

void AddConnectionCommands(Tree& tree) {
  Options& o = tree.options;
  CLI::App* connection = Group(tree.app, "connection", "People's connections");
  CLI::App* list =
      Leaf(tree, *connection, "list", "Whose accounts the vault holds",
           [&o](Session& s) { return RunConnectionList(s, o.filter); });
  list->add_option("--user", o.filter.user,
                   "Only this person's: users/…, or their id at your own "
                   "identity provider");
  list->add_option("--provider", o.filter.provider, "Only at this provider");
  list->add_option("--state", o.filter.state,
                   "Only active, needs_reconnect, paused or revoked ones");
  Leaf(tree, *connection, "show", "All of one",
       [&o](Session& s) { return RunConnectionShow(s, o.id); })
      ->add_option("name", o.id, "users/…/connections/…")
      ->required();
  Leaf(tree, *connection, "pause", "No agent gets a token meanwhile",
       [&o](Session& s) { return RunConnectionPause(s, o.id, true); })
      ->add_option("name", o.id, "users/…/connections/…")
      ->required();
  Leaf(tree, *connection, "resume", "Agents get tokens again",
       [&o](Session& s) { return RunConnectionPause(s, o.id, false); })
      ->add_option("name", o.id, "users/…/connections/…")
      ->required();
  CLI::App* revoke = Leaf(tree, *connection, "revoke",
                          "End it, here and at the provider", [&o](Session& s) {
                            o.revoke.name = o.id;
                            return RunConnectionRevoke(s, o.revoke);
                          });
  revoke->add_option("name", o.id, "users/…/connections/…")->required();
  revoke->add_flag("--yes", o.revoke.yes, "Do not ask");
}

int RunTokenGetWith(Session& session, Options& o) {
  o.token.scopes = SplitScopes(o.token_scopes);
  if (!o.token_min_ttl.empty() &&
      (!absl::ParseDuration(o.token_min_ttl, &o.token.min_ttl) ||
       o.token.min_ttl < absl::Seconds(1))) {
    return session.FailUsage("--min-ttl is no length of time",
                             "write it as 90s or 5m");
  }
  return RunTokenGet(session, o.token);
}

void AddTokenCommands(Tree& tree) {
  Options& o = tree.options;
  CLI::App* token = Group(tree.app, "token", "Tokens, as agents get them");
  CLI::App* get = Leaf(tree, *token, "get", "Ask for one, as an agent would",
                       [&o](Session& s) { return RunTokenGetWith(s, o); });
  get->add_option("--provider", o.token.provider, "For what")->required();
  get->add_option("--scopes", o.token_scopes, "With commas between")
      ->required();
  get->add_option("--user", o.token.user,
                  "The person's id at your own identity provider");
  get->add_option("--user-token-file", o.token.user_token_file,
                  "A file with the person's own JWT");
  get->add_option("--address", o.token.door.address,
                  "HOST:PORT or unix:PATH (TOKENVAULT_ADDRESS)");
  get->add_option("--cert", o.token.door.cert_file, "The agent's certificate");
  get->add_option("--key", o.token.door.key_file, "Its key");
  get->add_option("--ca", o.token.door.ca_file, "Who vouches for the vault");
  get->add_option("--token-file", o.token.door.token_file,
                  "A file with the agent's JWT");
  get->add_option("--dev-agent", o.token.door.dev_agent,
                  "An agent's id, at tokenvaultd --dev only");
  get->add_option("--connection", o.token.connection,
                  "Which of several accounts");
  get->add_option("--min-ttl", o.token_min_ttl,
                  "It must be good for so long: 5m");
  get->add_option("--purpose", o.token.purpose, "Why, in one sentence");
  get->add_flag("--wait", o.token.wait, "Wait for the person, if one must act");
  get->add_flag("--raw", o.token.raw, "Print the token, and only that");

  AddAudit(tree);
}

std::vector<CompletedCommand> CommandsUnder(const CLI::App& app,
                                            const std::string& path) {
  CompletedCommand own;
  own.path = path;
  std::vector<CompletedCommand> below;
  for (const CLI::App* child :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    own.commands.push_back(child->get_name());
    const std::vector<CompletedCommand> its = CommandsUnder(
        *child, absl::StrCat(path, path.empty() ? "" : " ", child->get_name()));
    below.insert(below.end(), its.begin(), its.end());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      own.options.push_back(absl::StrCat("--", name));
    }
  }
  below.insert(below.begin(), std::move(own));
  return below;
}

int RunCompletion(Session& session, const Tree& tree) {
  const std::vector<CompletedCommand> commands = CommandsUnder(tree.app, "");
  const std::string& shell = tree.options.shell;
  session.terminal().Print(shell == "bash"  ? BashCompletion(commands)
                           : shell == "zsh" ? ZshCompletion(commands)
                                            : FishCompletion(commands));
  return kExitDone;
}

std::unique_ptr<Tree> MakeTree();

int RunHelp(Session& session, const Tree& tree) {
  const std::vector<std::string>& topic = tree.options.topic;
  if (topic.size() == 1 && topic[0] == "exit-codes") {
    session.terminal().Print(ExitCodeHelp());
    return kExitDone;
  }
  // A tree of its own: the one that was parsed only tells of "help".
  const std::unique_ptr<Tree> fresh = MakeTree();
  CLI::App* command = &fresh->app;
  std::string above;
  for (const std::string& word : topic) {
    absl::StrAppend(&above, above.empty() ? "" : " ", command->get_name());
    const std::vector<CLI::App*> named = command->get_subcommands(
        [&word](const CLI::App* below) { return below->get_name() == word; });
    command = named.empty() ? nullptr : named.front();
    if (command == nullptr) {
      return session.FailUsage(
          absl::StrCat("there is no help on ", absl::StrJoin(topic, " ")),
          "topics are the commands, and exit-codes");
    }
  }
  session.terminal().Print(command->help(above));
  return kExitDone;
}

void AddHelpers(Tree& tree) {
  Options& o = tree.options;
  CLI::App* demo = Group(tree.app, "demo", "The demo of tokenvaultd --dev");
  for (bool run : {true, false}) {
    CLI::App* leaf =
        Leaf(tree, *demo, run ? "run" : "open",
             run ? "Walk through it without a browser"
                 : "The links and commands to walk through it by hand",
             [&o, run](Session& s) {
               return run ? RunDemo(s, o.demo) : RunDemoOpen(s, o.demo);
             });
    leaf->add_option("--as", o.demo.person, "Who you are: ana or ben");
    leaf->add_option("--provider", o.demo.provider,
                     "Which of its providers, demo if not given");
  }
  CLI::App* fault =
      Leaf(tree, *demo, "fault", "Make its provider fail the next calls",
           [&o](Session& s) { return RunDemoFault(s, o.demo_fault); });
  fault->add_option("persona", o.demo_fault.persona, "demo, demo-slack…")
      ->required();
  fault
      ->add_option("fault", o.demo_fault.fault,
                   "lose_response_after_rotate, slow, 429, html_error, "
                   "clock_skew, invalid_client or revoked_upstream")
      ->required();
  fault
      ->add_option("--count", o.demo_fault.count,
                   "So many calls; 0 takes the fault away")
      ->check(CLI::Range(0, 1000));
  Leaf(tree, *demo, "ledger", "What its provider issued, saw and ended",
       [&o](Session& s) { return RunDemoLedger(s, o.demo_ledger); })
      ->add_option("--persona", o.demo_ledger.persona, "Only this one");
  Leaf(tree, tree.app, "completion", "A script for your shell",
       [&tree](Session& s) { return RunCompletion(s, tree); })
      ->add_option("shell", o.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  Leaf(tree, tree.app, "help", "Help on a command, or on exit-codes",
       [&tree](Session& s) { return RunHelp(s, tree); })
      ->add_option("topic", o.topic, "A command, or exit-codes");
}

std::unique_ptr<Tree> MakeTree() {
  auto tree = std::make_unique<Tree>();
  // Global options may also stand behind the command.
  tree->app.fallthrough();
  tree->app.require_subcommand(1);
  tree->app.set_version_flag("--version", "tokenvault " TOKENVAULT_VERSION);
  tree->app.add_option("--socket", tree->options.socket,
                       "The daemon's admin socket (TOKENVAULT_SOCKET)");
  tree->app.add_option("--format", tree->options.format,
                       "table, json or yaml (TOKENVAULT_FORMAT)");
  tree->app.footer("Exit codes: tokenvault help exit-codes");
  AddVaultCommands(*tree);
  AddSeal(*tree);
  AddBackupCommands(*tree);
  AddLock(*tree);
  AddIncident(*tree);
  AddConfiguredThings(*tree);
  AddConnectionCommands(*tree);
  AddUserCommands(*tree);
  AddTokenCommands(*tree);
  AddHelpers(*tree);
  return tree;
}

// The command that was typed, as far as it was understood.
std::string TypedCommand(const CLI::App& app) {
  std::string typed = app.get_name();
  for (const CLI::App* below : app.get_subcommands()) {
    absl::StrAppend(&typed, " ", TypedCommand(*below));
  }
  return typed;
}

int FailParse(Terminal& terminal, const CLI::App& app,
              const std::string& problem) {
  std::string sentence = problem.empty() ? "cannot be understood" : problem;
  sentence[0] = absl::ascii_tolower(sentence[0]);
  terminal.Complain(sentence,
                    absl::StrCat("run '", TypedCommand(app), " --help'"));
  return kExitLocalMistake;
}

}  // namespace

int RunCommandLine(std::vector<std::string> arguments, const Environment& env,
                   Terminal& terminal, const Clock& clock) {
  const std::unique_ptr<Tree> tree = MakeTree();
  Options& options = tree->options;
  try {
    // Parse() wants them in reverse.
    tree->app.parse(
        std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    // Tells of the command that was named.
    terminal.Print(tree->app.help());
    return kExitDone;
  } catch (const CLI::CallForVersion&) {
    terminal.Print("tokenvault " TOKENVAULT_VERSION "\n");
    return kExitDone;
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> unknown = tree->app.remaining(true);
    return FailParse(terminal, tree->app,
                     unknown.empty() ? error.what()
                                     : absl::StrCat("there is no command ",
                                                    unknown.front()));
  } catch (const CLI::ParseError& error) {
    return FailParse(terminal, tree->app, error.what());
  }
  const std::string format_name = !options.format.empty() ? options.format
                                  : !env.format.empty()   ? env.format
                                                          : "table";
  const auto format = FormatByName(format_name);
  if (!format.has_value()) {
    return FailParse(terminal, tree->app,
                     absl::StrCat("there is no format ", format_name,
                                  ": it is table, json or yaml"));
  }
  if (options.token.door.address.empty()) {
    options.token.door.address = env.address;
  }
  Session session(terminal, clock, *format,
                  AdminSocketPath(options.socket, env));
  return tree->run(session);
}

}  // namespace tokenvault
