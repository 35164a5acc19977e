#include <string>
#include <utility>

#include "oauth/adapter.h"

namespace tokenvault {
namespace {

// oauth.v2.access gives a bot's token at the top and a person's inside
// `authed_user`, each with a refresh token of its own. A connection is a
// person's, so theirs is taken where there is one. The types are "bot" and
// "user"; both are sent as a bearer.
class SlackV2Adapter : public Adapter {
 public:
  void Normalize(nlohmann::json& root, absl::Time /*now*/) const override {
    auto user = root.find("authed_user");
    if (user != root.end() && user->is_object()) {
      auto token = user->find("access_token");
      if (token != user->end() && token->is_string()) {
        nlohmann::json inner = std::move(*user);
        // The bot's must not be taken for the person's.
        for (const char* name :
             {"access_token", "refresh_token", "expires_in", "scope"}) {
          auto value = inner.find(name);
          if (value == inner.end()) {
            Forget(root, name);
          } else {
            Forget(root, name);
            root[name] = std::move(*value);
          }
        }
      }
    }
    root["token_type"] = "Bearer";
  }

 private:
  static void Forget(nlohmann::json& root, const char* name) {
    auto it = root.find(name);
    if (it == root.end()) return;
    if (it->is_string()) WipeString(it->get_ref<std::string&>());
    root.erase(it);
  }
};

}  // namespace

const Adapter& SlackV2() {
  static const auto* const kAdapter = new SlackV2Adapter;
  return *kAdapter;
}

}  // namespace tokenvault
