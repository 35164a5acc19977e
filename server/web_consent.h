#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "server/http_types.h"
#include "server/pages.h"
#include "server/web_session.h"
#include "vault/connection_admin.h"
#include "vault/consent_flow.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/sign_in.h"
#include "vault/worker_pool.h"

namespace tokenvault {

// The pages of people. Rules are in vault/consent_flow.h and vault/sign_in.h,
// words in server/pages.h; this class turns one into the other.
//
//   GET  /c/<link>                what an agent asks; sign-in first
//   POST /c/<link>                allow or deny
//   GET  /signin/<tenant>/start   to the identity provider
//   GET  /signin/<tenant>         back from it
//   GET  /go/<flow>               names the provider's host, then a link
//   GET  /cb/<tenant>.<provider>  back from the provider
//   GET  /done/<interaction>      how it ended; may be reloaded
//   POST /done/<interaction>      undo
//   GET  /me                      what is connected
//   POST /me                      disconnect one
//   POST /signout
//
// Every answer has the headers of AddPageHeaders. Work runs on the pool.
class WebConsent {
 public:
  WebConsent(const Clock& clock, const DirectoryHolder& directory,
             SignIn& sign_in, ConsentFlow& consent,
             ConnectionAdmin& connections, Interactions& interactions,
             WorkerPool& pool);

  void Handle(WebRequest request, WebRespond respond);

 private:
  // What one request is answered with and under.
  struct Visit;

  WebResponse Route(const WebRequest& request);
  WebResponse ShowQuestion(Visit& visit, const std::string& link_id);
  WebResponse AnswerQuestion(Visit& visit, const std::string& link_id);
  WebResponse StartSignIn(Visit& visit, const std::string& tenant);
  WebResponse FinishSignIn(Visit& visit, const std::string& tenant);
  WebResponse Leave(Visit& visit, const std::string& flow_id);
  WebResponse Return(Visit& visit, const std::string& context);
  WebResponse ShowOutcome(Visit& visit, const std::string& interaction_id);
  WebResponse ChangeOutcome(Visit& visit, const std::string& interaction_id);
  WebResponse ShowConnections(Visit& visit);
  WebResponse Disconnect(Visit& visit);
  WebResponse SignOut(Visit& visit);

  WebResponse ConsentPageFor(Visit& visit, const Interaction& interaction,
                             const std::string& error);
  WebResponse ErrorPage(const Visit& visit, const absl::Status& status,
                        const std::string& retry_link);
  absl::Status CheckForm(const Visit& visit, const std::string& action,
                         std::map<std::string, std::string>& form) const;

  const Clock& clock_;
  const DirectoryHolder& directory_;
  SignIn& sign_in_;
  ConsentFlow& consent_;
  ConnectionAdmin& connections_;
  Interactions& interactions_;
  WorkerPool& pool_;
};

}  // namespace tokenvault
