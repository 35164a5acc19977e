#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"

// A provider's answer as it may be shown to anybody: what the protocol and the
// preset have words for stays, every other text becomes its shape.
//
//   {"error":"invalid_grant","error_description":"Grant of ana@example.com …"}
//   {"error":"invalid_grant","error_description":"<string 51>"}
//
// It keeps what is known to be harmless, and does not look for what is not: so
// nothing that a provider may think of gets through. The names of fields and
// what stands in `error` are known by their shape: lower-case words.
namespace tokenvault {

// The texts that may stay.
class KnownWords {
 public:
  // Of the protocol; and of `provider`: its error codes and its scopes.
  explicit KnownWords(const Provider& provider);

  // Whether `text` is one of them, or several with what separates scopes
  // between.
  bool Knows(absl::string_view text) const;

  // Whether it is our client's id or secret, which is shown nowhere, whatever
  // it looks like.
  bool IsPrivate(absl::string_view text) const;

 private:
  std::set<std::string, std::less<>> words_;
  std::string client_id_;
  std::shared_ptr<const Secret> client_secret_;
};

struct RedactedAnswer {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;  // without parameters
  std::string body;
};

// kMetadata: of a document that is public, in which URLs and what a server says
// it supports stay too.
enum class AnswerKind { kToken, kMetadata };

// Pure. What is no JSON object and no form becomes one shape.
RedactedAnswer Redact(const HttpResponse& answer, AnswerKind kind,
                      const KnownWords& known);

// The URL with shapes for the values of its query, and for those parts of its
// path that are one of `segments`.
std::string RedactUrl(absl::string_view url, const KnownWords& known,
                      const std::vector<std::string>& segments);

}  // namespace tokenvault
