#include "server/operator_tasks.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/page_text.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

constexpr char kOperationsPaper[] = "docs/operations.md";
constexpr char kStopSection[] = "Stop everything";

class TaskList {
 public:
  TaskList(const OperatorFacts& facts, const Directory& directory,
           const Messages& messages)
      : facts_(facts), directory_(directory), messages_(messages) {}

  std::vector<OperatorTask> Take() {
    AddVaultStop();
    AddUnready();
    AddDoubts();
    AddOtherStops();
    AddReconnects();
    AddNotices();
    AddWitnesses();
    AddOldKey();
    AddBackup();
    AddSecrets();
    return std::move(tasks_);
  }

 private:
  OperatorTask& Add(const char* key, const Messages::Values& values = {}) {
    tasks_.emplace_back().what = messages_.Say(key, values);
    return tasks_.back();
  }
  void Read(OperatorTask& task, const char* document, const char* section) {
    task.document = document;
    task.section = section;
  }
  int64_t ConnectionsOf(const ProviderId& provider) const {
    const auto found = facts_.connections.find(provider);
    if (found == facts_.connections.end()) return 0;
    return found->second.active + found->second.needs_reconnect;
  }

  void AddVaultStop() {
    for (const Stop& stop : facts_.stops) {
      if (stop.kind != StopKind::kVault) continue;
      OperatorTask& task = Add("operator.vault_stopped");
      task.since = stop.create_time;
      task.command = "tokenvault unlock";
      Read(task, kOperationsPaper, kStopSection);
    }
  }

  void AddUnready() {
    if (!facts_.ready) {
      Add("operator.not_ready").command = "tokenvault status --deep";
    }
    if (facts_.hour.audit_errors > 0) {
      OperatorTask& task =
          Add("operator.unaudited",
              {{"count", NumberText(facts_.hour.audit_errors)}});
      task.command = "tokenvault status";
      Read(task, "docs/audit-log.md", "When it cannot be written");
    }
  }

  void AddDoubts() {
    for (const ProviderBreaker::Doubt& doubt : facts_.doubts) {
      const std::string& id = doubt.provider.value;
      OperatorTask& task = Add(
          "operator.doubted",
          {{"provider", PlainName(ViewProvider(directory_, doubt.provider))},
           {"problem", PlainText(doubt.problem)},
           {"count", NumberText(ConnectionsOf(doubt.provider))}});
      task.since = doubt.since;
      task.command = absl::StrCat("tokenvault provider test ", id);
    }
  }

  void AddOtherStops() {
    int64_t people = 0;
    absl::Time first = absl::InfiniteFuture();
    for (const Stop& stop : facts_.stops) {
      switch (stop.kind) {
        case StopKind::kVault:
          break;
        case StopKind::kProvider:
          AddStop("operator.provider_stopped",
                  ViewProvider(directory_, ProviderId(stop.name)), stop,
                  "tokenvault quarantine lift --provider ");
          break;
        case StopKind::kAgent:
          AddStop("operator.agent_stopped",
                  ViewAgent(messages_, directory_, AgentId(stop.name)).name,
                  stop, "tokenvault agent enable ");
          break;
        case StopKind::kUser:
        case StopKind::kConnection:
          ++people;
          first = std::min(first, stop.create_time);
          break;
      }
    }
    // Whose they are is for the list, which an operator asks for.
    if (people == 0) return;
    OperatorTask& task =
        Add("operator.others_stopped", {{"count", NumberText(people)}});
    task.since = first;
    task.command = "tokenvault quarantine list";
  }
  void AddStop(const char* key, const std::string& name, const Stop& stop,
               const char* command) {
    OperatorTask& task = Add(key, {{"name", PlainName(name)}});
    task.since = stop.create_time;
    task.command = absl::StrCat(command, stop.name);
    Read(task, kOperationsPaper, kStopSection);
  }

  void AddReconnects() {
    int64_t waiting = 0;
    for (const auto& [unused, count] : facts_.connections) {
      waiting += count.needs_reconnect;
    }
    if (waiting == 0) return;
    Add("operator.need_people", {{"count", NumberText(waiting)}}).command =
        "tokenvault connection list --state needs_reconnect";
  }

  void AddNotices() {
    int64_t failed = 0;
    int64_t expired = 0;
    for (const auto& [key, count] : facts_.notices) {
      if (key.second == "failed") failed += count;
      if (key.second == "expired") expired += count;
    }
    if (failed + expired == 0) return;
    Read(Add("operator.notices", {{"failed", NumberText(failed)},
                                  {"expired", NumberText(expired)}}),
         kOperationsPaper, "When approvers hear nothing");
  }

  void AddWitnesses() {
    for (const Witnesses::State& witness : facts_.witnesses) {
      if (witness.problem.empty()) continue;
      OperatorTask& task = Add("operator.witness_fails",
                               {{"witness", PlainText(witness.id)},
                                {"problem", PlainText(witness.problem)}});
      // The last that it has; what came after it has not seen.
      if (witness.size > 0) task.since = witness.time;
      task.command = "tokenvault audit status";
      Read(task, "docs/audit-log.md", "Witnesses");
    }
  }

  void AddOldKey() {
    // What runs is being acted on.
    if (facts_.rows_on_old_key == 0 || facts_.operation_running) return;
    OperatorTask& task = Add("operator.old_key",
                             {{"count", NumberText(facts_.rows_on_old_key)}});
    task.since = facts_.key_since;
    task.command = "tokenvault key rotate --resume";
    Read(task, "docs/key-rotation.md", "What a rotation does");
  }

  void AddBackup() {
    if (!facts_.last_backup.has_value() ||
        facts_.now - *facts_.last_backup < kOldBackup) {
      return;
    }
    OperatorTask& task = Add("operator.old_backup");
    task.since = *facts_.last_backup;
    task.command = "tokenvault backup create FILE";
    Read(task, "docs/backup.md", "To make one");
  }

  void AddSecrets() {
    if (facts_.secrets_unlocked == 0) return;
    OperatorTask& task = Add(
        "operator.unlocked",
        {{"count", NumberText(static_cast<int64_t>(facts_.secrets_unlocked))}});
    task.since = facts_.start_time;
    Read(task, "docs/hardening.md", "In memory");
  }

  const OperatorFacts& facts_;
  const Directory& directory_;
  const Messages& messages_;
  std::vector<OperatorTask> tasks_;
};

}  // namespace

std::vector<OperatorTask> TasksOf(const OperatorFacts& facts,
                                  const Directory& directory,
                                  const Messages& messages) {
  return TaskList(facts, directory, messages).Take();
}

}  // namespace tokenvault
