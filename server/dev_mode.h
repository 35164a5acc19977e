#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/assembly.h"
#include "server/demo/provider.h"

namespace tokenvault {

// How the demo starts. A port of 0 lets the system choose.
struct DevOptions {
  int grpc = 7443;
  int http = 7480;
  int demo = 7490;
  absl::Duration token_ttl = absl::Minutes(10);  // at the demo provider
};

// A folder of our own with mode 0700, gone with everything in it when this
// object goes.
class PrivateFolder {
 public:
  // Under $TMPDIR. STORAGE_PATH_INVALID.
  static absl::StatusOr<PrivateFolder> Create();
  // Under a folder that exists. STORAGE_PATH_INVALID.
  static absl::StatusOr<PrivateFolder> CreateUnder(const std::string& parent);
  ~PrivateFolder();
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// `tokenvaultd --dev` without a file: a vault in memory, and beside it another
// party to try it with, on a port of its own.
struct Demo {
  std::unique_ptr<DemoProvider> provider;
  Assembly::Parts parts;
};
absl::StatusOr<Demo> PrepareDemo(const Clock& clock, const DevOptions& options,
                                 const PrivateFolder& folder);

// A new root key in `folder`, for a dev vault that nobody will open again.
absl::StatusOr<std::string> MakeDevKey(const PrivateFolder& folder);

// What the terminal shows: where things are, who may ask for what, and that it
// is all gone afterwards.
std::string DemoBanner(const Assembly::Addresses& addresses,
                       const std::string& demo_url);

}  // namespace tokenvault
