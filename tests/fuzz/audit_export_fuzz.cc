// An export is a file that anybody may have written. Whatever it is, the check
// ends, prints nothing that moves a terminal, and believes nothing but the log
// that was written, or a part of it: somebody kept its checkpoints.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "crypto/audit_export.h"
#include "crypto/log_proof.h"
#include "tests/verify/written_log.h"
#include "verify/export_check.h"
#include "verify/kept_checkpoints.h"
#include "verify/leaf_form.h"

namespace {

using tokenvault::WrittenLog;

const WrittenLog& Log() {
  static const auto* const kLog = new WrittenLog(8, {3, 5, 8});
  return *kLog;
}

tokenvault::Trust MakeTrust() {
  tokenvault::Trust trust;
  trust.key = Log().verifier();
  for (const uint64_t size : {3, 5, 8}) {
    if (!trust.kept.Add(Log().note(size), "kept", "kept").ok()) std::abort();
  }
  return trust;
}

void CheckPrintable(const std::string& text) {
  for (const char c : text) {
    if (c != '\n' && (c < 0x20 || c > 0x7e)) std::abort();
  }
}

// Without the first line and the last, which differ from part to part.
absl::string_view Middle(absl::string_view text) {
  text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
  text = text.substr(0, text.rfind('\n'));
  return text.substr(0, text.rfind('\n') + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kTrust = new tokenvault::Trust(MakeTrust());
  static const auto* const kWritten =
      new std::string(tokenvault::TextOfLines(Log().Export()));
  const absl::string_view text(reinterpret_cast<const char*>(data), size);

  tokenvault::Report report;
  tokenvault::CheckExportText(text, *kTrust, report);
  CheckPrintable(report.ToText());
  CheckPrintable(report.ToJson());
  if (report.ok() && !absl::StrContains(*kWritten, Middle(text))) std::abort();
  // By the key that it names itself, which is nobody's.
  tokenvault::Report unknown;
  tokenvault::CheckExportText(text, {}, unknown);
  CheckPrintable(unknown.ToText());

  const auto header = tokenvault::ParseExportHeader(text);
  if (header.ok() && tokenvault::ExportHeaderLine(*header) != text) {
    std::abort();
  }
  const auto checkpoint = tokenvault::ParseExportCheckpoint(text);
  if (checkpoint.ok() &&
      tokenvault::ExportCheckpointLine(*checkpoint) != text) {
    std::abort();
  }
  const auto proof = tokenvault::LogProof::Parse(text);
  if (proof.ok() && proof->ToText() != text) std::abort();
  if (tokenvault::IsLeaf(text) && tokenvault::IsExportCheckpoint(text)) {
    std::abort();
  }
  return 0;
}
