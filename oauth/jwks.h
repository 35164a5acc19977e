#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "oauth/http_client.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace tokenvault {

enum class JwsAlgorithm { kRs256, kPs256, kEs256, kEdDsa };

// "RS256". Nothing for what we do not verify, "none" and HMAC first of all.
absl::string_view JwsAlgorithmName(JwsAlgorithm algorithm);

// A public key. The algorithm is the key's: a header that names another one
// does not verify with it, whatever it says.
struct Jwk {
  std::string kid;  // "" when the set gives none
  JwsAlgorithm algorithm = JwsAlgorithm::kRs256;
  std::shared_ptr<evp_pkey_st> key;
};

struct Jwks {
  std::vector<Jwk> keys;

  // The key of that id and algorithm. Without an id: the only key of that
  // algorithm. Null when there is none, or more than one.
  const Jwk* Find(absl::string_view kid, JwsAlgorithm algorithm) const;
  bool HasKid(absl::string_view kid) const;
};

// RFC 7517, 7518, 8037. Pure. Keeps RSA of 2048 to 8192 bits with an odd
// exponent from 3 to 2^64, P-256 points on the curve, and Ed25519; drops the
// rest quietly: symmetric keys, weak keys, keys for encryption. At most 64
// keys. PROVIDER_ANSWER_INVALID ("not_json", "no_keys") names `host`.
absl::StatusOr<Jwks> ParseJwks(absl::string_view body, absl::string_view host);

// Key sets by URL. Fresh for fifteen minutes; a token with an unknown key id
// has the set fetched anew, but not more often than every thirty seconds, so
// that invented ids cannot make us a flood. While the issuer cannot be reached,
// the last set is used for a day. Thread-safe; Get may block on the network,
// outside its lock.
class JwksCache {
 public:
  explicit JwksCache(HttpClient& http) : http_(http) {}

  // A set that has `kid` if the issuer does. Errors of HttpClient::Send and
  // ParseJwks.
  absl::StatusOr<std::shared_ptr<const Jwks>> Get(absl::string_view jwks_uri,
                                                  absl::string_view kid,
                                                  absl::Time now);

 private:
  struct Entry {
    std::shared_ptr<const Jwks> keys;  // null before the first success
    absl::Time fetched = absl::InfinitePast();
    absl::Time tried = absl::InfinitePast();
    absl::Status failure;
  };

  absl::StatusOr<Jwks> Fetch(absl::string_view jwks_uri);

  HttpClient& http_;
  Mutex mutex_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
