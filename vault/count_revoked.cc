#include "vault/count_revoked.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace {

constexpr size_t kMostByHand = 100;

}  // namespace

void CountRevoked(const Connection& connection,
                  const ConnectionAdmin::Revoked& revoked,
                  Operation::Revocations& counts) {
  using Result = UpstreamRevocations::Result;
  ++counts.ended;
  switch (revoked.upstream) {
    case Result::kRevoked:
      ++counts.confirmed;
      return;
    case Result::kPending:
      ++counts.pending;
      return;
    case Result::kUnsupported:
      ++counts.unsupported;
      break;
    case Result::kFailed:
      ++counts.failed;
      break;
  }
  if (counts.by_hand.size() >= kMostByHand) return;
  std::string line = absl::StrCat("users/", connection.user.value,
                                  "/connections/", connection.id.value,
                                  " at providers/", connection.provider.value);
  if (!revoked.manual_url.empty()) {
    absl::StrAppend(&line, ": ", revoked.manual_url);
  }
  counts.by_hand.push_back(std::move(line));
}

}  // namespace tokenvault
