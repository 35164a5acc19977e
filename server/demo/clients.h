#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/demo/fields.h"
#include "server/demo/persona.h"
#include "server/http_types.h"

namespace tokenvault {

// The clients that one persona knows: those registered here
// (server/demo/provider.h names them) and, where the persona takes them, those
// that are the URL of a Client ID Metadata Document.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoClients {
 public:
  explicit DemoClients(const DemoPersona& persona) : persona_(persona) {}

  // Replaces the redirect URIs of a registered client.
  void SetRedirectUris(absl::string_view client, std::vector<std::string> uris);

  // Whether `id` can only be known by its document, and may be: an http URL of
  // this machine with a path, without a query.
  static bool IsDocumentUrl(absl::string_view id);
  // What was found at that URL; "" when nothing was. A document counts if it
  // names its own URL and redirect URIs, and needs no secret.
  void LearnDocument(const std::string& url, absl::string_view document);

  bool Knows(absl::string_view client) const;
  // Byte by byte; but the guest's is any port's /callback of this machine
  // (RFC 8252 §7.3).
  bool MayReturnTo(absl::string_view client, absl::string_view uri) const;
  // For people: "tokenvault", or what the document says.
  std::string NameOf(absl::string_view client) const;

  // The client that a request proves to be, in a way that the persona takes;
  // two ways at once are neither. A client with a document has no secret and
  // proves itself by PKCE.
  std::optional<std::string> Authenticate(const WebRequest& request,
                                          const DemoFields& fields) const;
  // The same with Basic alone, for endpoints that want it so.
  static std::optional<std::string> AuthenticateBasic(
      const WebRequest& request);

 private:
  struct Document {
    std::string name;
    std::vector<std::string> redirect_uris;
  };

  const DemoPersona& persona_;
  std::map<std::string, std::vector<std::string>> redirect_uris_;
  std::map<std::string, Document> documents_;
  std::deque<std::string> order_;  // of documents_, oldest first
};

}  // namespace tokenvault
