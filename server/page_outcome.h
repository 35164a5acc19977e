#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_frame.h"

// How a question ended.
namespace tokenvault {

inline constexpr char kDecisionUndo[] = "undo";        // done, less granted
inline constexpr char kDecisionKeep[] = "keep";        // less granted, account
inline constexpr char kDecisionAgain[] = "again";      // less granted
inline constexpr char kDecisionReplace[] = "replace";  // wrong account

struct DonePage {
  PageFrame frame;
  AgentView agent;
  std::string tenant;
  std::string provider;
  std::string account;            // "ana@acme.example"
  std::vector<ScopeView> scopes;  // what it can do now
  absl::Time ends = absl::InfiniteFuture();
  std::string task;  // which it is let in for alone; "" for any
  PageForm undo;     // POST: csrf, decision=undo
  ReturnView back;
  std::string connections_link;
  std::string connections_name;
};
std::string RenderDone(const DonePage& page);

// The person said no: to us, or at the provider.
struct DeniedPage {
  PageFrame frame;
  std::string agent;
  std::string provider;
  ReturnView back;
};
std::string RenderDeniedByYou(const DeniedPage& page);
std::string RenderDeniedAtProvider(const DeniedPage& page);

// The person unticked something at the provider.
struct LessGrantedPage {
  PageFrame frame;
  PageForm form;  // POST: csrf, decision=keep|again|undo
  std::string agent;
  std::string provider;
  std::string account;
  std::vector<ScopeView> granted;
  std::vector<ScopeView> missing;
};
std::string RenderLessGranted(const LessGrantedPage& page);

// The person came back with another account than the question is about.
struct WrongAccountPage {
  PageFrame frame;
  PageForm form;  // POST: csrf, decision=keep|replace
  std::string agent;
  std::string provider;
  std::string account;      // the one that was asked about
  std::string new_account;  // the one just signed in with
  bool is_new = false;      // it was not connected before
};
std::string RenderWrongAccount(const WrongAccountPage& page);

}  // namespace tokenvault
