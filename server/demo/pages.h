#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/http_types.h"

// The pages of the demo provider. It is another party, so it has a look of its
// own and shares nothing with server/pages. No script; every value is escaped.
namespace tokenvault {

// The forms POST to /authorize with these fields.
inline constexpr char kDemoFieldRequest[] = "request";
inline constexpr char kDemoFieldPerson[] = "person";      // "ana", "ben"
inline constexpr char kDemoFieldDecision[] = "decision";  // "allow", "deny"

// "Sign in as…". `to` is who asked: "Demo sign-in" or "Demo Calendar".
WebResponse DemoPersonPage(absl::string_view to, absl::string_view request,
                           absl::string_view form_target);

// "tokenvault wants to…" with Allow and Deny. `can` are sentences.
WebResponse DemoConsentPage(absl::string_view person,
                            const std::vector<std::string>& can,
                            absl::string_view request,
                            absl::string_view form_target);

// A sentence for who came here by a broken link.
WebResponse DemoErrorPage(int status, absl::string_view sentence);

// What the front door says: what this is, and for whom.
WebResponse DemoFrontPage(absl::string_view base_url);

}  // namespace tokenvault
