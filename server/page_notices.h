#pragma once

#include <string>

#include "server/page_frame.h"

// Pages on which nothing is decided: what happened, whose turn it is, one thing
// to do.
namespace tokenvault {

struct LinkUsedPage {
  PageFrame frame;
  std::string connections_link;
};
std::string RenderLinkUsed(const LinkUsedPage& page);

struct LinkExpiredPage {
  PageFrame frame;
};
std::string RenderLinkExpired(const LinkExpiredPage& page);

// How a question ended that can be answered no more.
enum class LinkEnd {
  kDenied,     // the person said no
  kCancelled,  // the agent took it back
  kStopped,    // a check failed
};
struct LinkEndedPage {
  PageFrame frame;
  LinkEnd end = LinkEnd::kDenied;
};
std::string RenderLinkEnded(const LinkEndedPage& page);

// Says no name: neither whose link it is nor who asked.
struct OtherPersonPage {
  PageFrame frame;
  bool still_open = false;  // for others; or the link was ended by this
  PageForm sign_out;        // POST: csrf; an empty path shows none
};
std::string RenderOtherPerson(const OtherPersonPage& page);

struct ProviderDownPage {
  PageFrame frame;
  std::string agent;
  std::string provider;
  std::string retry_link;
  bool refuses_us = false;  // it answers, and does not accept our client
};
std::string RenderProviderDown(const ProviderDownPage& page);

struct WentWrongPage {
  PageFrame frame;
  std::string id;          // under which the log tells the truth
  std::string retry_link;  // "" when starting again needs a new link
};
std::string RenderWentWrong(const WentWrongPage& page);

// The vault has no key.
struct SealedPage {
  PageFrame frame;
};
std::string RenderSealed(const SealedPage& page);

// An operator stopped tokens for what the question is about.
struct StoppedPage {
  PageFrame frame;
  std::string retry_link;  // "" when starting again needs a new link
};
std::string RenderStopped(const StoppedPage& page);

struct NotFoundPage {
  PageFrame frame;
};
std::string RenderNotFound(const NotFoundPage& page);

struct SignedOutPage {
  PageFrame frame;
  std::string sign_in_link;
};
std::string RenderSignedOut(const SignedOutPage& page);

}  // namespace tokenvault
