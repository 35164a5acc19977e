#include "server/web_tls_files.h"

#include <sys/stat.h>

#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "server/web_tls.h"

namespace tokenvault {

absl::StatusOr<std::unique_ptr<WebTlsFiles>> WebTlsFiles::Open(
    Paths paths, absl::Duration check_interval) {
  std::unique_ptr<WebTlsFiles> files(
      new WebTlsFiles(std::move(paths), check_interval));
  RETURN_IF_ERROR(files->Read());
  return files;
}

WebTlsFiles::Context WebTlsFiles::Current(absl::Time now) {
  // A clock that was set back is no reason to wait for its old time.
  const bool early = now >= looked_ && now - looked_ < check_interval_;
  if (early) return context_;
  looked_ = now;
  if (Stamps() == seen_) return context_;
  absl::Status read = Read();
  if (read.ok()) {
    Log(LogLevel::kInfo, "web.certificate_renewed",
        "new connections use the renewed certificate");
  } else {
    Log(LogLevel::kError, "web.certificate_refused",
        "the changed TLS files cannot be used; the old ones stay in use",
        {{LogKey::kReason, ReasonOf(read)}});
  }
  return context_;
}

absl::Status WebTlsFiles::Read() {
  // Before reading: what is written meanwhile is seen at the next look.
  seen_ = Stamps();
  ASSIGN_OR_RETURN(
      SslContext made,
      MakeWebTls(paths_.cert_file, paths_.key_file, paths_.client_ca_file));
  context_ = std::make_shared<boost::asio::ssl::context>(made.release());
  return absl::OkStatus();
}

std::vector<WebTlsFiles::Stamp> WebTlsFiles::Stamps() const {
  std::vector<Stamp> stamps;
  for (const std::string& path :
       {paths_.cert_file, paths_.key_file, paths_.client_ca_file}) {
    struct stat info {};
    // One that is gone has a stamp too.
    if (path.empty() || stat(path.c_str(), &info) != 0) {
      stamps.emplace_back();
      continue;
    }
    stamps.emplace_back(info.st_dev, info.st_ino, info.st_size,
                        info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  }
  return stamps;
}

}  // namespace tokenvault
