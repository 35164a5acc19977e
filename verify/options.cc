#include "verify/options.h"

#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/cosignature.h"
#include "crypto/signed_note.h"
#include "verify/read_file.h"
#include "verify/report.h"

namespace tokenvault {
namespace {

absl::Status BadUsage(absl::string_view option, absl::string_view problem) {
  return errors::FieldInvalid("options",
                              absl::StrCat(Printable(option), " ", problem));
}

// A key in text, or the file it is in.
template <typename Key>
absl::StatusOr<Key> ReadKey(const std::string& text) {
  absl::StatusOr<Key> key = Key::Parse(text);
  if (key.ok()) return key;
  const std::optional<std::string> file = ReadWholeFile(text);
  return file.has_value() ? Key::Parse(*file) : key;
}

absl::Status Take(const std::string& option, const std::string& value,
                  VerifyOptions& options) {
  if (option == "--key") {
    ASSIGN_OR_RETURN(options.trust.key, ReadKey<NoteVerifier>(value));
    return absl::OkStatus();
  }
  if (option == "--witness-key") {
    ASSIGN_OR_RETURN(WitnessKey key, ReadKey<WitnessKey>(value));
    options.trust.witnesses.push_back(std::move(key));
    return absl::OkStatus();
  }
  if (option == "--witnessed") return options.trust.kept.Read(value);
  if (option == "--format") {
    options.json = value == "json";
    return options.json || value == "text"
               ? absl::OkStatus()
               : BadUsage(option, "is text or json");
  }
  if (option == "--proof" || option == "--leaf") {
    std::optional<std::string>& into =
        option == "--proof" ? options.proof : options.leaf;
    into = ReadWholeFile(value);
    if (!into.has_value()) return BadUsage(option, "cannot be read");
    // A leaf has no line end of its own; a file of one may.
    if (option == "--leaf") *into = std::string(absl::StripSuffix(*into, "\n"));
    return absl::OkStatus();
  }
  return BadUsage(option, "is no option of this program");
}

}  // namespace

absl::StatusOr<VerifyOptions> ReadVerifyOptions(
    const std::vector<std::string>& arguments) {
  VerifyOptions options;
  bool only_files = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string option = arguments[i];
    if (only_files || option == "-" || !absl::StartsWith(option, "-")) {
      options.exports.push_back(option);
    } else if (option == "--") {
      only_files = true;
    } else if (option == "--help" || option == "-h") {
      options.help = true;
      return options;
    } else if (option == "--version") {
      options.version = true;
      return options;
    } else if (const size_t equals = option.find('=');
               equals != std::string::npos) {
      const std::string value = option.substr(equals + 1);
      option.resize(equals);
      RETURN_IF_ERROR(Take(option, value, options));
    } else if (i + 1 == arguments.size()) {
      return BadUsage(option, "wants a value");
    } else {
      RETURN_IF_ERROR(Take(option, arguments[++i], options));
    }
  }
  if (options.proof.has_value() != options.exports.empty()) {
    return BadUsage("give exports", "or one --proof");
  }
  if (options.leaf.has_value() && !options.proof.has_value()) {
    return BadUsage("--leaf", "goes with --proof");
  }
  if (options.proof.has_value() && !options.trust.key.has_value()) {
    return BadUsage("--proof", "wants --key: a proof does not name one");
  }
  return options;
}

std::string VerifyHelp() {
  return R"(Checks exports of tokenvault's audit log, without the vault.

usage: tokenvault-audit-verify [OPTION]... EXPORT...
       tokenvault-audit-verify --key KEY --proof FILE [--leaf FILE]

Exports that follow one another are checked as one log, in the order given; "-"
is standard input. The report names, by leaf, who vouches for what, and between
which two checkpoints something was changed, left out or put elsewhere.

  --key KEY            the log's key, in text or in a file: what 'tokenvault
                       audit key' printed when you kept it
  --witnessed PATH     checkpoints that somebody else kept: a file of them, or a
                       folder of such files; may be given again
  --witness-key KEY    of a witness whose cosignatures count, in text or in a
                       file; may be given again
  --proof FILE         check what 'tokenvault audit prove' printed
  --leaf FILE          the leaf it is about, if it is not in the proof
  --format text|json   of the report; text if not given
  --version
  --help

exit codes
  0  all that was checked is as it was written
  1  local mistake: usage, a file that cannot be read
  6  a check failed: the report says what and where

Without --key the export is only checked against the key it names itself, and
without a witness whoever holds that key could have written all of it anew.
)";
}

}  // namespace tokenvault
