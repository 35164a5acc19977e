#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// Signing in and out. Rules are in vault/sign_in.h.

// The page that asks somebody who they are: on a visit of their own, or before
// they answer `question`.
WebResponse AskWhoVisits(const WebVisit& visit);
// The same before the page of operators, to which it comes back; only where
// there are [operators].
WebResponse AskWhoOperates(const WebVisit& visit);
WebResponse AskWhoAnswers(const WebVisit& visit, const Interaction& question);
// Where that sign-in starts: it comes back to the question.
std::string SignInLinkFor(const WebVisit& visit, const Interaction& question);

// GET /signin/<tenant>/start: to the identity provider.
WebResponse StartSignIn(const WebVisit& visit, const std::string& tenant);
// GET /signin/<tenant>: back from it.
WebResponse FinishSignIn(const WebVisit& visit, const std::string& tenant);
// POST /signout
WebResponse SignOut(const WebVisit& visit, const std::string&);

}  // namespace tokenvault
