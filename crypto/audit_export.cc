#include "crypto/audit_export.h"

#include <bit>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "base/errors.h"
#include "crypto/base64.h"

namespace tokenvault {
namespace {

using nlohmann::ordered_json;

constexpr char kExportForm[] = "tokenvault_audit_export";
constexpr int kExportVersion = 1;
constexpr absl::string_view kCheckpointLine = "{\"checkpoint\":";
// Beyond, not every reader of JSON gets the number right.
constexpr uint64_t kMostLeaves = uint64_t{1} << 53;
// A line that is longer is no line of ours, and costs memory to read.
constexpr size_t kLongestExportLine = size_t{1} << 20;

absl::Status NotOfAnExport(absl::string_view problem) {
  return errors::FieldInvalid("export", problem);
}

std::string WriteLine(const ordered_json& line) {
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// An object, or null.
ordered_json ReadLine(absl::string_view line) {
  if (line.size() > kLongestExportLine) return nullptr;
  ordered_json read = ordered_json::parse(line.begin(), line.end(), nullptr,
                                          /*allow_exceptions=*/false);
  return read.is_object() ? read : ordered_json();
}

std::optional<std::string> TextOf(const ordered_json& object,
                                  const char* member) {
  const auto it = object.find(member);
  if (it == object.end() || !it->is_string()) return std::nullopt;
  return it->get<std::string>();
}

std::optional<uint64_t> NumberOf(const ordered_json& object,
                                 const char* member) {
  const auto it = object.find(member);
  if (it == object.end() || !it->is_number_unsigned()) return std::nullopt;
  return it->get<uint64_t>();
}

ordered_json WriteHashes(const std::vector<std::string>& hashes) {
  ordered_json list = ordered_json::array();
  for (const std::string& hash : hashes) {
    list.push_back(absl::Base64Escape(hash));
  }
  return list;
}

std::optional<std::vector<std::string>> HashesOf(const ordered_json& object,
                                                 const char* member) {
  const auto it = object.find(member);
  if (it == object.end() || !it->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const ordered_json& hash : *it) {
    if (!hash.is_string()) return std::nullopt;
    texts.push_back(hash.get<std::string>());
  }
  return Base64DecodeHashes(texts);
}

}  // namespace

std::string ExportHeaderLine(const ExportHeader& header) {
  return WriteLine({{kExportForm, kExportVersion},
                    {"origin", header.origin},
                    {"key", header.key},
                    {"first", header.first},
                    {"last", header.last},
                    {"edge", WriteHashes(header.edge)}});
}

absl::StatusOr<ExportHeader> ParseExportHeader(absl::string_view line) {
  const ordered_json read = ReadLine(line);
  const auto version = NumberOf(read, kExportForm);
  if (!version.has_value()) {
    return NotOfAnExport("does not begin as an export of the audit log");
  }
  if (*version != kExportVersion) {
    return NotOfAnExport("is of another version than this program knows");
  }
  auto origin = TextOf(read, "origin");
  auto key = TextOf(read, "key");
  const auto first = NumberOf(read, "first");
  const auto last = NumberOf(read, "last");
  auto edge = HashesOf(read, "edge");
  if (!origin || !key || !first || !last || !edge) {
    return NotOfAnExport("has a header without all its members");
  }
  ExportHeader header{*std::move(origin), *std::move(key), *first, *last,
                      *std::move(edge)};
  if (ExportHeaderLine(header) != line) {
    return NotOfAnExport("has a header that is written in another way");
  }
  if (header.first == 0 || header.last >= kMostLeaves ||
      header.last < header.first - 1 ||
      header.edge.size() !=
          static_cast<size_t>(std::popcount(header.first - 1))) {
    return NotOfAnExport("has a header whose numbers or edge cannot be");
  }
  return header;
}

std::string ExportCheckpointLine(const ExportCheckpoint& checkpoint) {
  ordered_json line = {{"checkpoint", checkpoint.note}};
  // Between two sizes there is always a hash to tell.
  if (checkpoint.consistency.empty()) {
    line["edge"] = WriteHashes(checkpoint.edge);
  } else {
    line["consistency"] = WriteHashes(checkpoint.consistency);
  }
  return WriteLine(line);
}

absl::StatusOr<ExportCheckpoint> ParseExportCheckpoint(absl::string_view line) {
  const ordered_json read = ReadLine(line);
  auto note = TextOf(read, "checkpoint");
  if (!note.has_value()) return NotOfAnExport("has no checkpoint there");
  ExportCheckpoint checkpoint;
  checkpoint.note = *std::move(note);
  auto edge = HashesOf(read, "edge");
  auto consistency = HashesOf(read, "consistency");
  if (edge.has_value()) checkpoint.edge = *std::move(edge);
  if (consistency.has_value()) checkpoint.consistency = *std::move(consistency);
  if (ExportCheckpointLine(checkpoint) != line) {
    return NotOfAnExport("has a checkpoint that is written in another way");
  }
  return checkpoint;
}

bool IsExportCheckpoint(absl::string_view line) {
  return absl::StartsWith(line, kCheckpointLine);
}

}  // namespace tokenvault
