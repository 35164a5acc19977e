#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"
#include "server/http_types.h"

namespace tokenvault {

// A handler that may be set after the server listens: the demo has to know its
// port before its configuration, and so its pages, can exist. Until then, and
// after Clear, requests are answered 503. Thread-safe.
class LateHandler {
 public:
  LateHandler() : state_(std::make_shared<State>()) {}

  void Set(WebHandler handler) { Swap(std::move(handler)); }
  // A request already inside goes on; the server is stopped before what it uses
  // goes away.
  void Clear() { Swap(nullptr); }

  // To be given to WebServer::Start; works on after this object is gone.
  WebHandler AsHandler() const {
    return [state = state_](WebRequest request, WebRespond respond) {
      WebHandler handler;
      {
        MutexLock lock(state->mutex);
        handler = state->handler;
      }
      if (handler) {
        handler(std::move(request), std::move(respond));
        return;
      }
      WebResponse response;
      response.status = 503;
      response.content_type = "text/plain; charset=utf-8";
      response.body = "starting\n";
      respond(std::move(response));
    };
  }

 private:
  struct State {
    Mutex mutex;
    WebHandler handler ABSL_GUARDED_BY(mutex);
  };
  void Swap(WebHandler handler) {
    MutexLock lock(state_->mutex);
    state_->handler.swap(handler);
  }

  std::shared_ptr<State> state_;
};

}  // namespace tokenvault
