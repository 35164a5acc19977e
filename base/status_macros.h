#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The names and meanings of Abseil's own, which Debian 12's Abseil does not
// have yet; to be deleted the day it does. The status goes up untouched.

#define RETURN_IF_ERROR(expr)                                                 \
  do {                                                                        \
    if (absl::Status tokenvault_status_ = (expr); !tokenvault_status_.ok()) { \
      return tokenvault_status_;                                              \
    }                                                                         \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr) \
  TOKENVAULT_ASSIGN_(TOKENVAULT_JOIN_(tokenvault_or_, __LINE__), lhs, expr)

#define TOKENVAULT_ASSIGN_(statusor, lhs, expr) \
  auto statusor = (expr);                       \
  if (!statusor.ok()) {                         \
    return std::move(statusor).status();        \
  }                                             \
  lhs = std::move(statusor).value()

#define TOKENVAULT_JOIN_(a, b) TOKENVAULT_JOIN2_(a, b)
#define TOKENVAULT_JOIN2_(a, b) a##b
