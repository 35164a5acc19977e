#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace tokenvault {

struct PolicyExplainOptions {
  std::string agent;
  std::string provider;
  std::vector<std::string> scopes;
};

// `tokenvault policy explain`: what policy would say, and why.
int RunPolicyExplain(Session& session, const PolicyExplainOptions& options);

struct PolicyCheckOptions {
  std::string file;
  std::string config;  // "" for the usual places
};

// `tokenvault policy check FILE`: whether a file of [[policies]] fits the
// configuration on this machine; needs no daemon.
int RunPolicyCheck(Session& session, const PolicyCheckOptions& options);

}  // namespace tokenvault
