#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/scope_set.h"
#include "vault/access_finder.h"
#include "vault/directory.h"
#include "vault/issued_token.h"
#include "vault/token_cache.h"

namespace tokenvault {

// What requests got, for who asks the very same again: all that is needed to
// answer at once, without the rules and without the store. In memory, at most
// 100 000. Thread-safe; nothing is decided under its lock.
class RememberedAnswers {
 public:
  struct Answer {
    // By whose rules it was judged: after a reload it is another one.
    std::shared_ptr<const Directory> directory;
    Validity validity;
    IssuedToken issued;  // from the cache, whoever is next
    std::string rule;
    absl::Time end_time;  // from when on the store has a say again

    // Whether it is what the slow path would say now too.
    bool IsGoodFor(const AccessRequest& request, absl::Time now) const;
  };

  // What was kept for such a request, good or not; null for nothing, and for
  // one with optional scopes, of which nothing is kept.
  std::shared_ptr<const Answer> Find(const AccessRequest& request) const;
  void Put(const AccessRequest& request, Answer answer, absl::Time now);
  void Clear();
  void Forget(const TenantId& tenant, const UserId& user);

 private:
  // Who asks for what: everything an answer depends on but the time.
  struct Key {
    TenantId tenant;
    AgentId agent;
    UserId user;
    ProviderId provider;
    ConnectionId connection;
    ScopeSet scopes;
    std::string resource;
  };
  // A request is looked up as it is, without a key being made of it.
  template <typename T>  // Key or AccessRequest
  static auto MembersOf(const T& t) {
    return std::tie(t.tenant, t.agent, t.user, t.provider, t.connection,
                    t.scopes, t.resource);
  }
  struct Hash {
    using is_transparent = void;
    template <typename T>
    size_t operator()(const T& t) const {
      return std::apply(
          [](const auto&... members) { return absl::HashOf(members...); },
          MembersOf(t));
    }
  };
  struct Equal {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return MembersOf(a) == MembersOf(b);
    }
  };

  mutable Mutex mutex_;
  absl::flat_hash_map<Key, std::shared_ptr<const Answer>, Hash, Equal> answers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
