#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/session.h"
#include "tokenvault/v1/admin_service.pb.h"

namespace tokenvault {

// Of the label before a bar, and of the facts that are printed under it.
inline constexpr size_t kBarLabelWidth = 19;

// Shows how far long work of the daemon is until it is done, or Ctrl-C: a bar
// of each phase on a terminal, else a line now and then, or an object a line in
// JSON. Returns how it was at last. Errors of GetOperation.
absl::StatusOr<v1::Operation> WatchOperation(Session& session,
                                             v1::Operation operation);

// After Ctrl-C: stops the work at the daemon. Returns the exit code;
// `whats_left` is what to do to go on.
int StopOperation(Session& session, const v1::Operation& operation,
                  absl::string_view whats_left);

// Of work that only looks, and did not come to its end: says so, and returns
// the exit code.
int FailToLook(Session& session, const v1::Operation& ended);

}  // namespace tokenvault
