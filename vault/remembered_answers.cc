#include "vault/remembered_answers.h"

#include <utility>

namespace tokenvault {
namespace {

constexpr size_t kMaxRemembered = 100'000;

}  // namespace

bool RememberedAnswers::Answer::IsGoodFor(const AccessRequest& request,
                                          absl::Time now) const {
  return directory == request.directory && validity->load() && now < end_time &&
         IsGoodEnough(request.min_ttl, *issued.token, now);
}

std::shared_ptr<const RememberedAnswers::Answer> RememberedAnswers::Find(
    const AccessRequest& request) const {
  if (!request.optional_scopes.empty()) return nullptr;
  MutexLock lock(mutex_);
  auto it = answers_.find(request);
  return it == answers_.end() ? nullptr : it->second;
}

void RememberedAnswers::Put(const AccessRequest& request, Answer answer,
                            absl::Time now) {
  auto shared = std::make_shared<const Answer>(std::move(answer));
  MutexLock lock(mutex_);
  if (answers_.size() >= kMaxRemembered) {
    absl::erase_if(answers_, [now](const auto& entry) {
      return !entry.second->validity->load() ||
             entry.second->issued.token->expire_time <= now;
    });
    if (answers_.size() >= kMaxRemembered) answers_.erase(answers_.begin());
  }
  Key key{request.tenant,     request.agent,  request.user,    request.provider,
          request.connection, request.scopes, request.resource};
  answers_.insert_or_assign(std::move(key), std::move(shared));
}

void RememberedAnswers::Clear() {
  MutexLock lock(mutex_);
  answers_.clear();
}

void RememberedAnswers::Forget(const TenantId& tenant, const UserId& user) {
  MutexLock lock(mutex_);
  absl::erase_if(answers_, [&](const auto& entry) {
    return entry.first.tenant == tenant && entry.first.user == user;
  });
}

}  // namespace tokenvault
