#include "cli/status.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/stops.h"

namespace tokenvault {
namespace {

constexpr int kReady = 0;
constexpr int kBroken = 1;
constexpr int kSealed = 2;

// Reading a large database takes minutes.
constexpr absl::Duration kDeepPatience = absl::Hours(1);

bool IsBroken(const v1::Status& status) {
  return !status.integrity().empty() && status.integrity() != "ok";
}

Cell StateOf(const v1::Status& status) {
  if (!status.initialized()) return {"not initialized", Color::kYellow};
  if (status.sealed()) return {"sealed", Color::kYellow};
  if (IsBroken(status)) return {"damaged", Color::kRed};
  for (const v1::Stop& stop : status.stops()) {
    if (stop.what() == "vault") return {"locked", Color::kYellow};
  }
  return {"ready", Color::kGreen};
}

// The most urgent thing to do, or "".
std::string NextStep(const v1::Status& status) {
  if (!status.initialized()) return "tokenvault init";
  if (status.sealed()) return "tokenvault unseal";
  if (IsBroken(status)) return "restore the newest good backup";
  if (status.failing_providers_size() > 0) {
    return absl::StrCat("tokenvault provider test ",
                        ShortName(status.failing_providers(0).name()));
  }
  if (status.data_keys_on_older_keys() > 0) return "tokenvault key rotate";
  if (status.config_changed_on_disk()) return "tokenvault config reload";
  if (status.dev_mode() && status.active_connections() == 0) {
    return "tokenvault demo run";
  }
  if (status.reconnect_connections() > 0) {
    return "tokenvault connection list --state needs_reconnect";
  }
  return "";
}

std::string KeyNote(const v1::Status& status, absl::Time now) {
  std::string made = IsSet(status.key_create_time())
                         ? Relative(TimeOf(status.key_create_time()), now)
                         : "at an unknown time";
  return absl::StrCat(
      "(made ", made, "; ",
      Counted(status.data_keys_on_older_keys(), "data key", "data keys"),
      " on older keys)");
}

std::string ConfigNote(const v1::Status& status) {
  return absl::StrCat("loaded ", Absolute(TimeOf(status.config_load_time())),
                      ", ",
                      status.config_changed_on_disk() ? "CHANGED on disk since"
                                                      : "unchanged on disk");
}

// "acme-jira (invalid_client since 08:52)"
std::string Failing(const v1::FailingProvider& provider, absl::Time now) {
  const absl::Time since = TimeOf(provider.since_time());
  const bool is_old = now - since >= absl::Hours(24);
  return absl::StrCat(
      ShortName(provider.name()), " (", provider.problem(), " since ",
      is_old ? Absolute(since)
             : absl::FormatTime("%H:%M", since, absl::UTCTimeZone()),
      ")");
}

std::vector<Cell> ProvidersOf(const v1::Status& status, absl::Time now) {
  const int failing = status.failing_providers_size();
  if (failing == 0) return {Grouped(status.providers())};
  std::vector<std::string> each;
  for (const v1::FailingProvider& provider : status.failing_providers()) {
    each.push_back(Failing(provider, now));
  }
  return {
      absl::StrCat(Grouped(status.providers() - failing), " ok"),
      {absl::StrCat(Grouped(failing), " failing: ", absl::StrJoin(each, ", ")),
       Color::kRed}};
}

std::string WithNextStep(std::string text, const v1::Status& status) {
  const std::string next = NextStep(status);
  return next.empty() ? text : absl::StrCat(text, "\nNext: ", next, "\n");
}

// How many there ever were, how many of them the database still has, how far
// they are signed, and by how many others that was seen.
std::vector<Cell> AuditOf(const v1::Status& status,
                          const absl::StatusOr<v1::AuditLog>& log,
                          absl::Time now) {
  std::vector<Cell> cells = {Counted(status.audit_events(), "event", "events")};
  if (!log.ok()) return cells;
  if (log->archives_size() > 0) {
    int64_t archived = 0;
    const std::string last =
        ShortName(log->archives(log->archives_size() - 1).last());
    if (absl::SimpleAtoi(last, &archived)) {
      cells.emplace_back(absl::StrCat(Grouped(archived), " archived"));
    }
  }
  if (IsSet(log->checkpoint_time())) {
    cells.emplace_back(
        absl::StrCat("signed ", Relative(TimeOf(log->checkpoint_time()), now)));
  }
  int well = 0;
  for (const v1::Witness& witness : log->witnesses()) {
    if (witness.problem().empty()) ++well;
  }
  if (log->witnesses_size() > 0) {
    cells.emplace_back(
        absl::StrCat("seen by ", well, " of ",
                     Counted(log->witnesses_size(), "witness", "witnesses")),
        well == log->witnesses_size() ? Color::kNone : Color::kYellow);
  }
  return cells;
}

// What is stopped, as far as it fits on a line.
std::vector<Cell> StoppedOf(const v1::Status& status, absl::Time now) {
  constexpr int kMostShown = 3;
  std::vector<Cell> cells;
  for (const v1::Stop& stop : status.stops()) {
    if (static_cast<int>(cells.size()) == kMostShown) break;
    cells.emplace_back(
        absl::StrCat(StoppedWords(stop), " (",
                     Relative(TimeOf(stop.create_time()), now),
                     stop.why().empty() ? "" : ": ", stop.why(), ")"),
        Color::kYellow);
  }
  if (status.stops_size() > kMostShown) {
    cells.emplace_back(absl::StrCat("and ",
                                    Grouped(status.stops_size() - kMostShown),
                                    " more: tokenvault quarantine list"));
  }
  return cells;
}

std::string ToTable(const v1::Status& status,
                    const absl::StatusOr<v1::AuditLog>& log,
                    const Terminal& terminal, absl::Time now) {
  Facts facts(18);
  std::vector<Cell> state = {StateOf(status)};
  if (status.dev_mode()) {
    state.emplace_back("DEMO: gone when the daemon stops", Color::kYellow);
  }
  facts.Add("State", state);
  facts.Add("Daemon",
            {status.version(),
             absl::StrCat("up ", Lasting(now - TimeOf(status.start_time())))});
  const bool is_open = status.initialized() && !status.sealed();
  if (is_open) {
    facts.Add("Key generation",
              {absl::StrCat(status.key_generation()), KeyNote(status, now)});
  }
  facts.AddIfAny("Seal", status.seal());
  if (!is_open) {
    // It knows nothing more before it is open.
    facts.AddIfAny("Storage", status.storage());
    if (status.stops_size() > 0) facts.Add("Stopped", StoppedOf(status, now));
    return WithNextStep(facts.ToText(terminal), status);
  }
  std::vector<Cell> storage = {status.storage()};
  std::string size = Bytes(status.storage_bytes());
  if (!status.integrity().empty()) {
    absl::StrAppend(&size, ", integrity ", status.integrity());
  }
  storage.emplace_back(size, IsBroken(status) ? Color::kRed : Color::kNone);
  facts.Add("Storage", storage);
  facts.Add("Config", {status.config_generation(),
                       {ConfigNote(status), status.config_changed_on_disk()
                                                ? Color::kYellow
                                                : Color::kNone}});
  std::vector<Cell> connections = {
      absl::StrCat(Grouped(status.active_connections()), " active")};
  if (status.reconnect_connections() > 0) {
    connections.emplace_back(
        absl::StrCat(Grouped(status.reconnect_connections()),
                     " need reconnecting"),
        Color::kYellow);
  }
  if (status.paused_connections() > 0) {
    connections.emplace_back(
        absl::StrCat(Grouped(status.paused_connections()), " paused"));
  }
  facts.Add("Connections", connections);
  if (status.stops_size() > 0) facts.Add("Stopped", StoppedOf(status, now));
  facts.Add("Providers", ProvidersOf(status, now));
  facts.Add("Audit", AuditOf(status, log, now));
  std::vector<Cell> doors;
  if (!status.grpc_address().empty()) {
    doors.emplace_back(absl::StrCat("gRPC ", status.grpc_address()));
  }
  if (!status.public_url().empty()) {
    doors.emplace_back(absl::StrCat("pages ", status.public_url()));
  }
  if (!doors.empty()) facts.Add("Reached at", doors);
  return WithNextStep(facts.ToText(terminal), status);
}

}  // namespace

int RunStatus(Session& session, const StatusOptions& options) {
  v1::GetStatusRequest request;
  request.set_deep(options.deep);
  if (options.deep && session.terminal().err_is_terminal()) {
    session.terminal().Overwrite("reading the whole database…");
  }
  auto status =
      session.daemon().Call(&Channel::Admin::GetStatus, request,
                            options.deep ? kDeepPatience : Channel::kPatience);
  if (!status.ok()) {
    const int code = session.Fail(status.status());
    return code == kExitInterrupted ? code : kBroken;
  }
  if (!session.PrintedFor(*status)) {
    const auto log = session.daemon().Call(&Channel::Admin::GetAuditLog,
                                           v1::GetAuditLogRequest());
    session.terminal().Print(
        ToTable(*status, log, session.terminal(), session.now()));
  }
  if (!status->initialized() || status->sealed()) return kSealed;
  return IsBroken(*status) ? kBroken : kReady;
}

}  // namespace tokenvault
