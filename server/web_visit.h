#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "server/http_types.h"
#include "server/messages.h"
#include "server/operator_facts.h"
#include "server/page_frame.h"
#include "server/web_session.h"
#include "vault/activity.h"
#include "vault/approvals.h"
#include "vault/connection_admin.h"
#include "vault/consent_flow.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/seal_switch.h"
#include "vault/sign_in.h"

namespace tokenvault {

// What the pages of people are made from. Outlives every visit.
struct WebParts {
  const Clock& clock;
  SignIn& sign_in;
  ConsentFlow& consent;
  ConnectionAdmin& connections;
  const Activity& activity;
  Interactions& interactions;
  Approvals& approvals;
  const SealSwitch& seal;
  const OperatorSources operators;  // references, all of them
};

using WebForm = std::map<std::string, std::string>;

// One request of a browser, and who it is: what every page needs to know.
struct WebVisit {
  const WebRequest& request;
  const WebParts& parts;
  std::shared_ptr<const Directory> directory;
  BrowserCookies cookies;
  std::optional<WebSession> session;
  const Messages& messages;

  // `tenant` may be null: then the product's own name stands on the page.
  PageFrame Frame(const Tenant* tenant) const;
  PageFrame Frame() const;
  // The frame of one of the pages to which each leads, with how much waits on
  // the others.
  PageFrame FrameOf(const char* path) const;
  // "connect.acme.example/me", as people read it.
  std::string ConnectionsName() const;
  CookieReader Reader() const;
  // "users/u-…", for the audit log. Only with a session.
  std::string Actor() const;
  // Why who is signed in is no operator: as of Operators::WhyNot. "tenant" too
  // when nobody is signed in, or nobody is one.
  absl::string_view WhyNoOperator() const;

  // Whoever is signed in, as one who may decide approvals. Only with a session.
  Approver AsApprover() const;

  // A form for `action`, which only this session can send. Only with a session.
  // Once the vault is sealed, one that nobody can send.
  PageForm Form(const std::string& action) const;
  // The fields of the form that was sent. CONNECT_REFUSED "origin" or "csrf"
  // when it is none of Form(action); FIELD_INVALID.
  absl::StatusOr<WebForm> ReadOwnForm(const std::string& action) const;

  // "/c/…", the page of a question; once the vault is sealed, of none.
  std::string LinkTo(const InteractionId& id) const;

  // The query of a callback, or of a start of sign-in.
  CallbackQuery Query() const;

  // A page for what went wrong: what happened, whose turn it is, one thing to
  // do. Which check failed is for the log only.
  WebResponse ErrorPage(const absl::Status& status,
                        const std::string& retry_link) const;
  // For a question that can be answered no more: how it ended, without a name.
  WebResponse EndPage(const Interaction& interaction) const;
};

WebResponse Page(int status, std::string html);

}  // namespace tokenvault
