#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/refusal_log.h"

namespace tokenvault {

// What a failed check leaves behind on the way of a consent: a leaf that names
// the check, always; and the end of the question, wherever it is known which
// one it was. The browser is told neither.
//
// Each method returns what to answer with: CONNECT_REFUSED with the check, or
// STORAGE_* when it could not be written. Blocks; thread-safe.
class QuestionBurner {
 public:
  static constexpr char kBrowser[] = "browser";

  QuestionBurner(const Clock& clock, Store& store, Interactions& interactions);

  // Ends the question of `flow`, whoever changes it at the same time. `actor`
  // is who failed the check: a browser, or the application that confirms.
  absl::Status Burn(const OAuthFlow& flow, absl::string_view check,
                    const std::string& actor = kBrowser);
  // Ends this one.
  absl::Status Burn(const Interaction& interaction, absl::string_view check,
                    const std::string& actor = kBrowser);
  // Ends the question that another person than the one who was asked opened.
  absl::Status BurnFor(const Interaction& interaction,
                       const WebSession& stranger);

  // A leaf alone. For what must not end a question: a person's own browser that
  // reloads or goes back, and what names no question of ours. `actor` is
  // kBrowser, or "users/u-…" where a session says so.
  absl::Status Note(const OAuthFlow& flow, absl::string_view check,
                    const std::string& actor = kBrowser);
  absl::Status Note(const TenantId& tenant, const std::string& actor,
                    absl::string_view check);

 private:
  // Settles the question and writes `event` with it, or `event` alone when it
  // is settled already.
  absl::Status End(Interaction interaction, const AuditEvent& event);
  absl::Status Write(AuditEvent event, absl::string_view check);

  const Clock& clock_;
  Store& store_;
  Interactions& interactions_;
  RefusalLog log_;
};

}  // namespace tokenvault
