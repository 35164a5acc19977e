#include "cli/passphrase.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr size_t kLongest = 1024;

absl::StatusOr<Secret> AskOnce(Terminal& terminal, absl::string_view prompt) {
  ASSIGN_OR_RETURN(std::optional<Secret> answer, terminal.AskSecret(prompt));
  if (!answer.has_value() || answer->empty()) {
    return errors::FieldInvalid("passphrase", "nothing was typed");
  }
  return std::move(*answer);
}

}  // namespace

absl::StatusOr<Secret> ReadPassphrase(absl::string_view flag, int descriptor) {
  Secret buffer = Secret::OfSize(kLongest + 2);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got =
        read(descriptor, buffer.mutable_data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errors::FieldInvalid(flag, "cannot be read");
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  const char* bytes = buffer.mutable_data();
  if (size > 0 && bytes[size - 1] == '\n') --size;
  if (size > 0 && bytes[size - 1] == '\r') --size;
  if (size == 0) return errors::FieldInvalid(flag, "holds no passphrase");
  if (size > kLongest) {
    return errors::FieldInvalid(flag, "is longer than 1024 bytes");
  }
  return Secret::Copy({bytes, size});
}

absl::StatusOr<std::optional<Secret>> FindPassphrase(
    Terminal& terminal, const PassphraseOptions& options,
    absl::string_view prompt) {
  if (options.descriptor >= 0) {
    ASSIGN_OR_RETURN(Secret read,
                     ReadPassphrase("--passphrase-fd", options.descriptor));
    return read;
  }
  if (!options.file.empty()) {
    const FileDescriptor file(open(options.file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.ok()) {
      return errors::FieldInvalid("--passphrase-file",
                                  absl::StrCat("cannot read ", options.file));
    }
    ASSIGN_OR_RETURN(Secret read,
                     ReadPassphrase("--passphrase-file", file.get()));
    return read;
  }
  if (!terminal.in_is_terminal()) return std::nullopt;
  ASSIGN_OR_RETURN(Secret typed, AskOnce(terminal, prompt));
  return typed;
}

absl::StatusOr<Secret> AskNewPassphrase(Terminal& terminal) {
  if (!terminal.in_is_terminal()) {
    return errors::FieldInvalid(
        "passphrase",
        "nobody can be asked: give --passphrase-file or --passphrase-fd");
  }
  ASSIGN_OR_RETURN(Secret first,
                   AskOnce(terminal, "New passphrase of the vault: "));
  ASSIGN_OR_RETURN(Secret second, AskOnce(terminal, "The same again: "));
  if (!first.Equals(second)) {
    return errors::FieldInvalid("passphrase", "the two are not the same");
  }
  return first;
}

}  // namespace tokenvault
