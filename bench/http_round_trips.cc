#include "bench/http_round_trips.h"

#include <curl/curl.h>

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/token_endpoint.h"

namespace tokenvault {
namespace {

constexpr int kLongestPollMillis = 1000;

struct RoundTrip {
  std::unique_ptr<CURL, void (*)(CURL*)> handle{curl_easy_init(),
                                                curl_easy_cleanup};
  int person = 0;
  std::string form;
  std::string answer;
  absl::Time start;
};

size_t TakeAnswer(char* data, size_t size, size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

void PrepareTrip(RoundTrip& trip, const std::string& url,
                 HttpConnections connections) {
  CURL* handle = trip.handle.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PRIVATE, &trip);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, TakeAnswer);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &trip.answer);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE,
                   connections == HttpConnections::kOneEach ? 1L : 0L);
}

void BeginTrip(RoundTrip& trip, int person) {
  trip.person = person;
  trip.form = absl::StrCat(
      "grant_type=refresh_token&client_id=bench&scope="
      "calendar.read&refresh_token=",
      TokenEndpoint::RefreshToken(person));
  trip.answer.clear();
  curl_easy_setopt(trip.handle.get(), CURLOPT_POSTFIELDS, trip.form.c_str());
  trip.start = absl::Now();
}

absl::Status CheckAnswer(const RoundTrip& trip, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(trip.handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200 &&
      absl::StrContains(trip.answer,
                        TokenEndpoint::AccessPrefix(trip.person))) {
    return absl::OkStatus();
  }
  return absl::DataLossError("a plain HTTP request got no token");
}

}  // namespace

absl::StatusOr<LoopResult> MakeRoundTrips(const std::string& endpoint,
                                          const std::vector<int>& people,
                                          int in_flight,
                                          HttpConnections connections) {
  std::unique_ptr<CURLM, void (*)(CURLM*)> all(
      curl_multi_init(),
      [](CURLM* handle) { (void)curl_multi_cleanup(handle); });
  std::vector<RoundTrip> trips(static_cast<size_t>(in_flight));
  const std::string url = absl::StrCat(endpoint, "/token");
  LoopResult result;
  absl::Status failure;
  size_t asked = 0;
  auto send = [&](RoundTrip& trip) {
    if (asked == people.size()) return;
    BeginTrip(trip, people[asked++]);
    curl_multi_add_handle(all.get(), trip.handle.get());
  };
  const absl::Time start = absl::Now();
  for (RoundTrip& trip : trips) {
    PrepareTrip(trip, url, connections);
    send(trip);
  }
  while (failure.ok() && result.answers < static_cast<int64_t>(people.size())) {
    int running = 0;
    curl_multi_perform(all.get(), &running);
    int left = 0;
    bool any = false;
    while (CURLMsg* message = curl_multi_info_read(all.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      RoundTrip* trip = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &trip);
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(all.get(), trip->handle.get());
      failure.Update(CheckAnswer(*trip, code));
      ++result.answers;
      result.micros.values.push_back(
          absl::ToDoubleMicroseconds(absl::Now() - trip->start));
      send(*trip);
    }
    if (!any) {
      curl_multi_poll(all.get(), nullptr, 0, kLongestPollMillis, nullptr);
    }
  }
  result.elapsed = absl::Now() - start;
  for (RoundTrip& trip : trips) {
    curl_multi_remove_handle(all.get(), trip.handle.get());
  }
  if (!failure.ok()) return failure;
  return result;
}

}  // namespace tokenvault
