#include "verify/kept_checkpoints.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/checkpoint.h"
#include "crypto/note_format.h"
#include "verify/read_file.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kSignatureLine = "\xe2\x80\x94 ";

absl::Status NotKept(absl::string_view path, absl::string_view problem) {
  return errors::FieldInvalid("witnessed",
                              absl::StrCat(problem, ": ", Printable(path)));
}

// A name that the witness, not the vault, gave to where it keeps them.
bool IsHidden(const fs::path& path) {
  return absl::StartsWith(path.filename().string(), ".");
}

}  // namespace

absl::Status KeptNotes::Read(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  if (fs::is_directory(path, error)) {
    for (fs::directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      std::error_code none;
      if (!IsHidden(it->path()) && it->is_regular_file(none)) {
        files.push_back(it->path().string());
      }
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  if (error) return NotKept(path, "cannot be read");
  for (const std::string& file : files) {
    const std::optional<std::string> text = ReadWholeFile(file);
    if (!text.has_value()) return NotKept(file, "cannot be read");
    RETURN_IF_ERROR(Add(*text, file, path));
  }
  return absl::OkStatus();
}

absl::Status KeptNotes::Add(absl::string_view text, const std::string& file,
                            const std::string& by) {
  if (!text.empty() && !absl::EndsWith(text, "\n")) {
    return NotKept(file, "is not made of notes");
  }
  absl::ConsumeSuffix(&text, "\n");
  std::string note;
  bool in_signatures = false;
  const auto finish = [&] {
    const bool whole = SplitNote(note).ok();
    notes_.push_back({std::move(note), file, by});
    note.clear();
    in_signatures = false;
    return whole;
  };
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const bool is_signature = absl::StartsWith(line, kSignatureLine);
    if (in_signatures && !is_signature && !finish()) {
      return NotKept(file, "is not made of notes");
    }
    // An empty line between two notes is none of either.
    if (note.empty() && line.empty()) continue;
    in_signatures = is_signature;
    absl::StrAppend(&note, line, "\n");
  }
  if (!note.empty() && !finish()) return NotKept(file, "is not made of notes");
  return absl::OkStatus();
}

std::vector<KeptCheckpoint> KeptNotes::Of(
    const NoteVerifier& log, const std::vector<WitnessKey>& witnesses,
    Report& report) const {
  std::vector<KeptCheckpoint> kept;
  for (const Note& note : notes_) {
    const absl::StatusOr<Checkpoint> opened = OpenCheckpoint(note.text, log);
    if (!opened.ok()) {
      if (absl::StartsWith(note.text, absl::StrCat(log.name, "\n"))) {
        report.Add(Fault{note.file, 0, 0, 0,
                         "keeps a checkpoint of this log that its key did not "
                         "sign: one of the two is not the vault's"});
      }
      continue;
    }
    KeptCheckpoint one{opened->size, opened->root, note.by};
    for (const WitnessKey& witness : witnesses) {
      const auto time = CosignedAt(note.text, witness);
      if (!time.ok()) {
        report.Add(
            Fault{note.by, 0, 0, 0,
                  absl::StrCat("keeps a cosignature of ",
                               Printable(witness.name), " that is false")});
      } else if (time->has_value()) {
        one.by = witness.name;
        one.at = **time;
      }
    }
    kept.push_back(std::move(one));
  }
  std::sort(kept.begin(), kept.end(),
            [](const KeptCheckpoint& a, const KeptCheckpoint& b) {
              return std::tie(a.size, a.by, a.root) <
                     std::tie(b.size, b.by, b.root);
            });
  return kept;
}

}  // namespace tokenvault
