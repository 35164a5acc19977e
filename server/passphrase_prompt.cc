#include "server/passphrase_prompt.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "base/errors.h"
#include "base/file_descriptor.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestPassphrase = 1024;

// One line, without its end. The bytes never leave Secrets.
absl::StatusOr<Secret> ReadPassphraseLine(int fd) {
  Secret buffer = Secret::OfSize(kLongestPassphrase + 1);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(fd, buffer.mutable_data() + size, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errors::RootKeyInvalid("the passphrase is unreadable");
    if (got == 0 || buffer.Reveal()[size] == '\n') {
      return Secret::Copy(buffer.Reveal().substr(0, size));
    }
    ++size;
  }
  return errors::RootKeyInvalid("the passphrase has more than 1024 bytes");
}

// Typed letters are not shown while this object lives.
class WithoutEcho {
 public:
  explicit WithoutEcho(int fd) : fd_(fd), known_(tcgetattr(fd, &before_) == 0) {
    if (!known_) return;
    struct termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  ~WithoutEcho() {
    if (known_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  WithoutEcho(const WithoutEcho&) = delete;
  WithoutEcho& operator=(const WithoutEcho&) = delete;

 private:
  const int fd_;
  struct termios before_ = {};
  const bool known_;
};

absl::StatusOr<Secret> AskOn(int terminal) {
  constexpr absl::string_view kPrompt = "Passphrase of the vault: ";
  if (write(terminal, kPrompt.data(), kPrompt.size()) < 0) {
    return errors::RootKeyInvalid("the terminal cannot be written");
  }
  WithoutEcho silent(terminal);
  return ReadPassphraseLine(terminal);
}

}  // namespace

absl::AnyInvocable<absl::StatusOr<Secret>()> PassphraseSource(int fd) {
  if (fd >= 0) {
    return [fd] {
      absl::StatusOr<Secret> line = ReadPassphraseLine(fd);
      close(fd);
      return line;
    };
  }
  auto terminal = std::make_shared<FileDescriptor>(
      open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal->ok()) return nullptr;
  return [terminal] { return AskOn(terminal->get()); };
}

}  // namespace tokenvault
