#include <algorithm>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "oauth/adapter.h"

namespace tokenvault {
namespace {

constexpr char kInstagramRefresh[] = "ig_refresh_token";
constexpr char kInstagramFirst[] = "ig_exchange_token";
constexpr char kInstagramFirstPath[] = "/access_token";

// Facebook and Instagram have no refresh tokens. The code gives a token of an
// hour or two; that is exchanged for one of sixty days, which can be exchanged
// for the next as long as it lives. So the access token is the refresh token.
//
// Facebook's first exchange is like all later ones. Instagram's has a path and
// a grant type of its own.
class MetaAdapter : public Adapter {
 public:
  void Normalize(nlohmann::json& root, absl::Time /*now*/) const override {
    // Instagram's first answer may be a list of one.
    if (auto data = root.find("data"); data != root.end() && data->is_array() &&
                                       data->size() == 1 &&
                                       data->front().is_object()) {
      nlohmann::json inner = std::move(data->front());
      root.erase(data);
      for (auto& [name, value] : inner.items()) root[name] = std::move(value);
    }
    if (auto token = root.find("access_token"); token != root.end()) {
      root["refresh_token"] = *token;
    }
  }

  absl::StatusOr<std::optional<HttpRequest>> AfterCode(
      const Provider& provider, const Secret& access_token,
      const TokenCall& call) const override {
    Provider first = provider;
    for (auto& [name, value] : first.refresh_params) {
      if (name != "grant_type" || value != kInstagramRefresh) continue;
      value = kInstagramFirst;
      ASSIGN_OR_RETURN(Url url, ParseUrl(provider.RefreshUrl()));
      url.path = kInstagramFirstPath;
      first.refresh_url = url.ToString();
    }
    return MakeRefreshRequest(first, access_token, {}, "", call);
  }
};

}  // namespace

const Adapter& MetaLongLived() {
  static const auto* const kAdapter = new MetaAdapter;
  return *kAdapter;
}

}  // namespace tokenvault
