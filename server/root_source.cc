#include "server/root_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/secret.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxPassphrase = 1024;

// One line, without its end. The bytes never leave Secrets.
absl::StatusOr<Secret> ReadLine(int fd) {
  Secret buffer = Secret::OfSize(kMaxPassphrase);
  size_t size = 0;
  while (size < buffer.size()) {
    ssize_t got = read(fd, buffer.mutable_data() + size, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errors::RootKeyInvalid("the passphrase is unreadable");
    if (got == 0 || buffer.Reveal()[size] == '\n') {
      return Secret::Copy(buffer.Reveal().substr(0, size));
    }
    ++size;
  }
  return errors::RootKeyInvalid(
      absl::StrCat("the passphrase has more than ", kMaxPassphrase, " bytes"));
}

absl::StatusOr<Secret> ReadPassphraseFile(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info;
  if (!file.ok() || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return errors::RootKeyInvalid("passphrase_file is not a readable file");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return errors::RootKeyInvalid(
        "others may read passphrase_file; run chmod 0400 on it");
  }
  return ReadLine(file.get());
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

absl::StatusOr<Secret> AskPassphrase() {
  FileDescriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.ok()) {
    return errors::RootKeyInvalid(
        "there is no terminal to ask for the passphrase; set passphrase_file");
  }
  constexpr absl::string_view kPrompt = "Passphrase of the vault: ";
  if (write(terminal.get(), kPrompt.data(), kPrompt.size()) < 0) {
    return errors::RootKeyInvalid("the terminal cannot be written");
  }
  WithoutEcho silent(terminal.get());
  return ReadLine(terminal.get());
}

absl::StatusOr<RootKey> OpenPassphrase(const SealSettings& seal,
                                       const RootSource& source,
                                       SecretArena& arena) {
  ASSIGN_OR_RETURN(Argon2Params params, Argon2Params::FromJson(source.params));
  ASSIGN_OR_RETURN(Secret passphrase,
                   seal.passphrase_file.empty()
                       ? AskPassphrase()
                       : ReadPassphraseFile(seal.passphrase_file));
  return RootKey::FromPassphrase(arena, passphrase, params);
}

}  // namespace

absl::StatusOr<OpenedRoot> OpenRoot(const SealSettings& seal,
                                    const Store& store, SecretArena& arena) {
  ASSIGN_OR_RETURN(std::vector<RootSource> sources, store.ListRootSources());
  if (sources.empty()) return errors::StorageNotInitialized();
  for (const RootSource& source : sources) {
    if (source.kind != seal.type) continue;
    ASSIGN_OR_RETURN(RootKey key, seal.type == "file"
                                      ? RootKey::FromFile(arena, seal.key_file)
                                      : OpenPassphrase(seal, source, arena));
    return OpenedRoot{std::make_shared<const RootKey>(std::move(key)),
                      source.id};
  }
  return errors::RootKeyInvalid(
      absl::StrCat("this vault has no root source of the kind \"", seal.type,
                   "\" that [seal] type asks for"));
}

}  // namespace tokenvault
