#pragma once

#include <cstddef>

#include "absl/time/time.h"

// Every number that can refuse or cut short a caller, in one place. The numbers
// of questions to people are in vault/interactions.h; those of the HTTP
// listener in server/web_server.h.
namespace tokenvault {

// ------------------------------------------------------------- one request --

// Scopes in one request: more is a mistake, or a probe.
inline constexpr int kMaxScopes = 32;
// The longest scope that any provider we know has is under a third of it.
inline constexpr size_t kMaxScopeSize = 256;
// A token that must live longer than this defeats the point of the vault.
inline constexpr absl::Duration kMaxMinTtl = absl::Minutes(30);
// What a person is asked to read.
inline constexpr size_t kMaxPurposeCharacters = 200;
inline constexpr size_t kMaxTaskIdSize = 64;
inline constexpr int kMaxActionDetails = 8;
inline constexpr int kMaxActionFields = 16;
inline constexpr size_t kMaxActionFieldCharacters = 200;
inline constexpr size_t kMaxActionTypeSize = 64;
// RFC 8707 resources and return addresses are URLs that people could read.
inline constexpr size_t kMaxUrlSize = 2048;
// A label is one line on a page.
inline constexpr size_t kMaxLabelCharacters = 200;
// Conditions of a filter, and the text of it.
inline constexpr size_t kMaxFilterSize = 1024;
inline constexpr int kMaxFilterConditions = 8;
// Lists.
inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 500;

// ---------------------------------------------------------------- patience --

// How long any call may take, whatever its caller would wait.
inline constexpr absl::Duration kMaxPatience = absl::Seconds(30);
// The same for WaitInteraction.
inline constexpr absl::Duration kMaxWaitPatience = absl::Seconds(60);
// What is left of the caller's deadline to carry our answer home.
inline constexpr absl::Duration kAnswerMargin = absl::Milliseconds(50);
// WaitInteraction calls at once, over all agents: each holds a stream.
inline constexpr int kMaxWaiting = 4096;

// -------------------------------------------------------------------- work --

// Threads that may block on a provider or the disk, and calls waiting for one.
inline constexpr int kWorkers = 32;
inline constexpr size_t kMaxQueuedWork = 1024;
// What is told to a caller who found the queue full.
inline constexpr absl::Duration kOverloadRetry = absl::Seconds(1);

// -------------------------------------------------------------------- gRPC --

inline constexpr int kMaxReceivedMessage = 64 * 1024;
inline constexpr int kMaxSentMessage = 256 * 1024;
inline constexpr int kMaxMetadata = 8 * 1024;
inline constexpr int kMaxStreamsPerConnection = 100;
inline constexpr absl::Duration kMinPingInterval = absl::Minutes(5);
inline constexpr int kMaxPingStrikes = 2;
inline constexpr absl::Duration kMaxConnectionIdle = absl::Minutes(5);
inline constexpr absl::Duration kMaxConnectionAge = absl::Minutes(30);
// Longer than the longest call, so that age never cuts a wait short.
inline constexpr absl::Duration kConnectionAgeGrace = absl::Seconds(70);
// Memory that gRPC may use for calls.
inline constexpr size_t kGrpcMemory = size_t{256} << 20;

// ----------------------------------------------------------------- answers --

// A longer error message is cut: a header must hold it.
inline constexpr size_t kMaxErrorMessage = 1024;

}  // namespace tokenvault
