#pragma once

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tokenvault {

// The TLS side of a listener as its PEM files say. A certificate that somebody
// renews is used by the connections that come after, without a restart: the
// files are looked at again, at most every `check_interval`, and read when one
// of them is another or was written to.
//
//   new files ──usable────▶ used from now on; connections keep what they have
//       └──────not usable─▶ logged once; the old ones stay in use
//
// Certificate and key are two files, so that half a renewal is seen now and
// then: it is not usable, and the next look reads the whole.
//
// Not thread-safe: one accepting strand asks.
class WebTlsFiles {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  struct Paths {
    std::string cert_file;
    std::string key_file;
    std::string client_ca_file;  // "" for none
  };
  // Errors of MakeWebTls.
  static absl::StatusOr<std::unique_ptr<WebTlsFiles>> Open(
      Paths paths, absl::Duration check_interval);

  // What the next connection speaks.
  Context Current(absl::Time now);

 private:
  // Which file it is, its size, and when it was written to.
  using Stamp = std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t>;

  WebTlsFiles(Paths paths, absl::Duration check_interval)
      : paths_(std::move(paths)), check_interval_(check_interval) {}
  absl::Status Read();
  std::vector<Stamp> Stamps() const;

  const Paths paths_;
  const absl::Duration check_interval_;
  Context context_;
  std::vector<Stamp> seen_;
  absl::Time looked_ = absl::InfinitePast();
};

}  // namespace tokenvault
