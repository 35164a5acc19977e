#include "oauth/curl_http_client.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "oauth/curl_transfer.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kLongestPoll = absl::Seconds(1);

// What a header name or a method may be made of (RFC 9110 §5.6.2), less the
// signs nobody uses.
bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_';
  });
}

// No line ends: a token from a provider's answer goes into a header, and must
// not become two.
bool IsHeaderValue(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7f; });
}

absl::Status CheckRequest(const HttpRequest& request, const Url& url,
                          const EgressRules& rules) {
  if (url.scheme != "https" && !rules.allow_http_loopback) {
    return errors::FieldInvalid("url", "does not begin with https://");
  }
  bool clean =
      IsToken(request.method) && IsHeaderValue(request.authorization.Reveal());
  for (const auto& [name, value] : request.headers) {
    clean = clean && IsToken(name) && IsHeaderValue(value);
  }
  return clean ? absl::OkStatus()
               : errors::FieldInvalid("header", "has an odd character");
}

}  // namespace

// The thread that drives all transfers. Callers put theirs into `arrived_` and
// sleep until it is marked done; in between, only the thread touches it.
class CurlHttpClient::Loop {
 public:
  Loop() : multi_(curl_multi_init()), thread_([this] { Run(); }) {}

  ~Loop() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    {
      MutexLock lock(mutex_);
      while (inside_ > 0) finished_.Wait(mutex_);
    }
    curl_multi_cleanup(multi_);
  }

  // How the transfer ended; nothing if it was stopped.
  std::optional<CURLcode> Drive(CurlTransfer& transfer) {
    Waiting waiting{transfer.handle(), transfer.timeout()};
    if (waiting.handle == nullptr) return CURLE_OUT_OF_MEMORY;
    {
      MutexLock lock(mutex_);
      if (stopping_) return std::nullopt;
      arrived_.push_back(&waiting);
      ++inside_;
    }
    curl_multi_wakeup(multi_);
    MutexLock lock(mutex_);
    while (!waiting.done) finished_.Wait(mutex_);
    if (--inside_ == 0) finished_.NotifyAll();
    return waiting.result;
  }

 private:
  using Steady = std::chrono::steady_clock;

  struct Waiting {
    CURL* handle;
    absl::Duration left;  // the loop's own, as of `counted`
    Steady::time_point counted = {};
    bool done = false;  // guarded by mutex_
    std::optional<CURLcode> result = std::nullopt;
  };

  void Run() {
    // libcurl is told to leave signals alone (CURLOPT_NOSIGNAL), and OpenSSL
    // writes to sockets whose peer may be gone: here that is an error to
    // report, not the end of the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (TakeArrived()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) {
          // Copied out: removing the handle frees the message.
          CURL* handle = message->easy_handle;
          Settle(handle, message->data.result);
        }
      }
      // Only now: what had arrived is not late.
      EndTheLate(Steady::now());
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(PollTime()),
                      nullptr);
    }
    while (!active_.empty()) Settle(active_.back()->handle, std::nullopt);
  }

  // False once stopping; then whoever has just arrived is active too.
  bool TakeArrived() {
    MutexLock lock(mutex_);
    for (Waiting* waiting : arrived_) {
      curl_multi_add_handle(multi_, waiting->handle);
      waiting->counted = Steady::now();
      active_.push_back(waiting);
    }
    arrived_.clear();
    return !stopping_;
  }

  // Ends the transfers that have no time left. More than a poll's time since
  // the last look has passed only if the whole process stood still, and that is
  // not the providers' fault.
  void EndTheLate(Steady::time_point now) {
    std::vector<CURL*> late;
    for (Waiting* waiting : active_) {
      waiting->left -=
          std::min(absl::FromChrono(now - waiting->counted), kLongestPoll);
      waiting->counted = now;
      if (waiting->left <= absl::ZeroDuration()) {
        late.push_back(waiting->handle);
      }
    }
    for (CURL* handle : late) Settle(handle, CURLE_OPERATION_TIMEDOUT);
  }

  int64_t PollTime() const {
    absl::Duration shortest = kLongestPoll;
    for (const Waiting* waiting : active_) {
      shortest = std::min(shortest, waiting->left);
    }
    return absl::ToInt64Milliseconds(shortest) + 1;
  }

  void Settle(CURL* handle, std::optional<CURLcode> result) {
    curl_multi_remove_handle(multi_, handle);
    auto it = std::find_if(active_.begin(), active_.end(),
                           [&](Waiting* w) { return w->handle == handle; });
    Waiting* waiting = *it;  // every handle in the multi is active
    active_.erase(it);
    MutexLock lock(mutex_);
    waiting->result = result;
    waiting->done = true;
    finished_.NotifyAll();
  }

  CURLM* const multi_;
  std::vector<Waiting*> active_;  // the thread's own

  Mutex mutex_;
  CondVar finished_;
  std::vector<Waiting*> arrived_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;  // callers that wait here

  std::thread thread_;  // last: it uses all of the above
};

CurlHttpClient::CurlHttpClient(EgressRules rules) : rules_(std::move(rules)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  loop_ = std::make_unique<Loop>();
}

CurlHttpClient::~CurlHttpClient() = default;

absl::StatusOr<HttpResponse> CurlHttpClient::Send(const HttpRequest& request) {
  ASSIGN_OR_RETURN(Url url, ParseUrl(request.url));
  RETURN_IF_ERROR(CheckRequest(request, url, rules_));
  absl::StatusOr<HttpResponse> answer;
  {
    CurlTransfer transfer(request, url, rules_);
    answer = transfer.Finish(loop_->Drive(transfer));
  }
  // Some providers want a token in there.
  WipeString(url.path);
  WipeString(url.query);
  return answer;
}

}  // namespace tokenvault
