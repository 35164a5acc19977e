#include "verify/program.h"

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "verify/export_check.h"
#include "verify/options.h"
#include "verify/proof_check.h"
#include "verify/report.h"

namespace tokenvault {
namespace {

constexpr char kProgram[] = "tokenvault-audit-verify";

// To whom it speaks. A result that nobody could read is no result.
struct Voice {
  FILE* out;
  FILE* err;

  bool Print(const std::string& text) const {
    return fputs(text.c_str(), out) >= 0 && fflush(out) == 0;
  }
  void Complain(absl::string_view sentence, absl::string_view hint) const {
    fprintf(err, "%s: %s\n", kProgram, std::string(sentence).c_str());
    if (!hint.empty()) fprintf(err, "hint: %s\n", std::string(hint).c_str());
  }
};

std::string Counted(uint64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

int CheckOneProof(const VerifyOptions& options, const Voice& voice) {
  const auto proven = CheckProof(*options.proof, options.leaf,
                                 *options.trust.key, options.trust.witnesses);
  if (options.json && !voice.Print(ProofJson(proven))) {
    return kVerifyLocalMistake;
  }
  if (!proven.ok()) {
    voice.Complain(proven.status().message(),
                   "this does not prove that the leaf is in the log");
    return kVerifyFailed;
  }
  if (options.json) return kVerified;
  std::string text =
      absl::StrCat("leaf ", proven->number, " is in the log of ",
                   Printable(options.trust.key->name), ", by a checkpoint of ",
                   proven->size, proven->size == 1 ? " leaf" : " leaves", "\n");
  for (const Vouched& vouched : proven->witnesses) {
    absl::StrAppend(&text, "witnessed by ", Printable(vouched.by), " at ",
                    TimeText(vouched.at), "\n");
  }
  return voice.Print(text) ? kVerified : kVerifyLocalMistake;
}

int CheckAllExports(const VerifyOptions& options, const Voice& voice,
                    bool err_is_terminal) {
  Report report;
  bool told = false;
  const absl::Status read = CheckExports(
      options.exports, options.trust,
      [&](uint64_t leaves) {
        if (!err_is_terminal) return;
        fprintf(voice.err, "\r%s", absl::StrCat(leaves, " leaves").c_str());
        fflush(voice.err);
        told = true;
      },
      report);
  if (told) fprintf(voice.err, "\r\x1b[K");
  if (!read.ok()) {
    voice.Complain(read.message(), "nothing was said of any leaf");
    return kVerifyLocalMistake;
  }
  if (!voice.Print(options.json ? report.ToJson() : report.ToText())) {
    voice.Complain("the report cannot be written", "");
    return kVerifyLocalMistake;
  }
  if (report.ok()) return kVerified;
  voice.Complain(
      absl::StrCat(Counted(report.faults.size() + report.more_faults, "fault"),
                   " found"),
      "keep the file as it is, and compare it with another copy");
  return kVerifyFailed;
}

}  // namespace

int RunVerify(const std::vector<std::string>& arguments, FILE* out, FILE* err,
              bool err_is_terminal) {
  const Voice voice{out, err};
  const absl::StatusOr<VerifyOptions> options = ReadVerifyOptions(arguments);
  if (!options.ok()) {
    voice.Complain(options.status().message(),
                   absl::StrCat("'", kProgram, " --help' shows what it takes"));
    return kVerifyLocalMistake;
  }
  if (options->help) {
    return voice.Print(VerifyHelp()) ? kVerified : kVerifyLocalMistake;
  }
  if (options->version) {
    return voice.Print(absl::StrCat(kProgram, " ", TOKENVAULT_VERSION, "\n"))
               ? kVerified
               : kVerifyLocalMistake;
  }
  if (options->proof.has_value()) return CheckOneProof(*options, voice);
  return CheckAllExports(*options, voice, err_is_terminal);
}

}  // namespace tokenvault
