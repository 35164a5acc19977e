#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

// `tokenvault lock`, `agent disable`, `quarantine add`, and what takes each
// back. What stops says which access tokens live on, until when, and how to end
// them.

struct LockOptions {
  std::string why;
  bool yes = false;  // do not ask
};
int RunLock(Session& session, const LockOptions& options);
int RunUnlock(Session& session, const LockOptions& options);

struct AgentStopOptions {
  std::string agent;  // with or without "agents/"
  std::string why;
};
int RunAgentDisable(Session& session, const AgentStopOptions& options);
int RunAgentEnable(Session& session, const AgentStopOptions& options);

struct QuarantineOptions {
  std::string user;  // "users/u-…", or a person's id at their own provider
  std::string connection;  // "users/…/connections/…"
  std::string provider;    // with or without "providers/"
  std::string why;
};
int RunQuarantineAdd(Session& session, const QuarantineOptions& options);
int RunQuarantineLift(Session& session, const QuarantineOptions& options);
int RunQuarantineList(Session& session);

// "everything", "agent calendar-bot", "users/u-…": for people.
std::string StoppedWords(const v1::Stop& stop);

}  // namespace tokenvault
