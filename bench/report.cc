#include "bench/report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tokenvault {
namespace {

double Rounded(double value) { return std::round(value * 1000) / 1000; }

nlohmann::ordered_json ToJson(const Sample& sample) {
  nlohmann::ordered_json json;
  json["median"] = Rounded(sample.Median());
  json["min"] = Rounded(sample.Quantile(0));
  json["max"] = Rounded(sample.Quantile(1));
  return json;
}

nlohmann::ordered_json ToJson(const Measured& measured) {
  nlohmann::ordered_json json;
  json["requests_per_second"] = ToJson(measured.per_second);
  json["p50_us"] = ToJson(measured.p50_micros);
  json["p99_us"] = ToJson(measured.p99_micros);
  json["server_cpu_us_per_request"] = ToJson(measured.cpu_micros);
  return json;
}

nlohmann::ordered_json ToJson(const Finding& finding) {
  nlohmann::ordered_json json;
  json["scenario"] = finding.scenario;
  json["what"] = finding.what;
  json["where"] = finding.where;
  json["unit"] = finding.unit;
  json["value"] = ToJson(finding.value);
  if (finding.aim != Finding::Aim::kNone) {
    json[finding.aim == Finding::Aim::kAtLeast ? "at_least" : "at_most"] =
        finding.floor;
    json["met"] = finding.Met();
    if (finding.gate.has_value()) {
      json["gate"] = *finding.gate;
      json["holds"] = finding.Holds();
    }
  }
  return json;
}

// "B3   requests/s by …, TCP, 64 in flight   7.2 (6.9..7.4)   ≥ 4   met"
std::string Line(const Finding& finding) {
  const Sample& value = finding.value;
  std::string aim;
  if (finding.aim != Finding::Aim::kNone) {
    aim = absl::StrFormat(
        "%s %.4g  %s",
        finding.aim == Finding::Aim::kAtLeast ? "at least" : "at most",
        finding.floor,
        !finding.Holds() ? "FAILED"
        : finding.Met()  ? "met"
                         : "missed");
  }
  return absl::StrFormat(
      "%-4s %-78s %26s  %s\n", finding.scenario,
      absl::StrCat(finding.what, finding.where.empty() ? "" : ", ",
                   finding.where),
      absl::StrFormat("%.4g %s (%.4g..%.4g)", value.Median(), finding.unit,
                      value.Quantile(0), value.Quantile(1)),
      aim);
}

std::string Times(const Measured& measured) {
  return absl::StrFormat("%.0f / %.0f", measured.p50_micros.Median(),
                         measured.p99_micros.Median());
}

// "disk" is the vault, "memory" the same with its database on a tmpfs.
std::string LevelHead() {
  return absl::StrFormat(
      "%11s %9s %9s %9s %9s %6s %12s %7s %13s %13s %13s %15s %9s\n", "",
      "in flight", "echo/s", "disk/s", "memory/s", "ratio", "(min..max)",
      "by mem.", "echo p50/p99", "disk p50/p99", "mem. p50/p99", "CPU us/req",
      "syncs/req");
}

std::string LevelLine(const Level& level) {
  return absl::StrFormat(
      "%11s %9d %9.0f %9.0f %9.0f %6.2f %12s %7.2f %13s %13s %13s %15s %9.3f\n",
      level.transport, level.in_flight, level.echo.per_second.Median(),
      level.vault.per_second.Median(), level.memory.per_second.Median(),
      level.ratio.Median(),
      absl::StrFormat("%.2f..%.2f", level.ratio.Quantile(0),
                      level.ratio.Quantile(1)),
      level.ratio_to_memory.Median(), Times(level.echo), Times(level.vault),
      Times(level.memory),
      absl::StrFormat("%.0f, %.0f, %.0f", level.echo.cpu_micros.Median(),
                      level.vault.cpu_micros.Median(),
                      level.memory.cpu_micros.Median()),
      level.syncs_per_request.Median());
}

}  // namespace

std::string Report::Table() const {
  std::string out = absl::StrCat(
      "GetScopedToken from the cache, each with its audit leaf on disk, beside "
      "a bare gRPC echo\n",
      before.cpu, ", ", before.cores, " cores, ", before.kernel, ", ",
      filesystem, "; ", date, "; commit ", commit, ", ", build, "\n");
  absl::StrAppendFormat(
      &out,
      "%s: medians of %d x %.1f s; load average before %s, others used %.0f %% "
      "of the processors\n",
      mode, repetitions, seconds, before.load_average, foreign_cpu.Median());
  if (!sync_micros.values.empty()) {
    absl::StrAppendFormat(&out,
                          "fdatasync of 4 KiB here: p50 %.0f us, p99 %.0f us\n",
                          sync_micros.Median(), sync_micros.Quantile(0.99));
  }
  out += "\n";
  if (!levels.empty()) out += LevelHead();
  for (const Level& level : levels) out += LevelLine(level);
  if (!levels.empty()) out += "\n";
  for (const Finding& finding : findings) out += Line(finding);
  for (const std::string& remark : remarks) {
    absl::StrAppend(&out, "note: ", remark, "\n");
  }
  return out;
}

bool Report::GatesHold() const {
  return std::all_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.Holds(); });
}

absl::Status Report::WriteJson(const std::string& path) const {
  nlohmann::ordered_json json;
  json["date"] = date;
  json["commit"] = commit;
  json["build"] = build;
  json["cpu"] = before.cpu;
  json["cores"] = before.cores;
  json["kernel"] = before.kernel;
  json["filesystem"] = filesystem;
  json["load_average_before"] = before.load_average;
  json["foreign_cpu_percent"] = ToJson(foreign_cpu);
  json["mode"] = mode;
  json["repetitions"] = repetitions;
  json["seconds_each"] = seconds;
  json["fdatasync_p50_us"] = Rounded(sync_micros.Median());
  json["fdatasync_p99_us"] = Rounded(sync_micros.Quantile(0.99));
  for (const Level& level : levels) {
    nlohmann::ordered_json row;
    row["transport"] = level.transport;
    row["in_flight"] = level.in_flight;
    row["ratio"] = ToJson(level.ratio);
    row["ratio_to_memory"] = ToJson(level.ratio_to_memory);
    row["syncs_per_request"] = ToJson(level.syncs_per_request);
    row["echo"] = ToJson(level.echo);
    row["vault"] = ToJson(level.vault);
    row["vault_in_memory"] = ToJson(level.memory);
    json["levels"].push_back(std::move(row));
  }
  for (const Finding& finding : findings) {
    json["findings"].push_back(ToJson(finding));
  }
  if (!remarks.empty()) json["notes"] = remarks;
  std::ofstream file(path);
  file << json.dump(2) << "\n";
  file.close();
  if (!file) return absl::UnavailableError("the results cannot be written");
  return absl::OkStatus();
}

}  // namespace tokenvault
