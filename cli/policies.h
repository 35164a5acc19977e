#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace tokenvault {

// `tokenvault policy list`: the rules in force.
int RunPolicyList(Session& session);

struct PolicyExplainOptions {
  std::string agent;
  std::string provider;
  std::vector<std::string> scopes;
  std::string user;  // by their id at the identity provider
  std::optional<std::vector<std::string>> groups;  // nothing: not known
  std::string resource;
  std::string at;    // RFC 3339; "" for now
  std::string from;  // an IP address; "": not known
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
