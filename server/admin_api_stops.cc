// Of AdminApi: what no token is handed out for.
#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "server/admin_api.h"
#include "server/admin_stops.h"
#include "server/convert.h"
#include "server/request_fields.h"

namespace tokenvault {
namespace {

// Who asks for a stop that is there has one.
absl::Status KnownStop(absl::Status status, const std::string& what) {
  return HasReason(status, "NOT_FOUND")
             ? errors::ResourceDenied(what.empty() ? "users/-" : what)
             : status;
}

}  // namespace

// To stop everything must work while every thread waits for a provider and more
// callers wait for a thread: what is known without the disk is done on this
// one.
void AdminApi::OperateAtOnce(
    ApiCall call, bool on_disk,
    absl::AnyInvocable<void(absl::StatusOr<Caller>)> work) {
  gate_.Enter(call.credential, [this, on_disk, work = std::move(work)](
                                   absl::StatusOr<Caller> caller) mutable {
    if (caller.ok() && !caller->is_operator) {
      caller = errors::ResourceDenied("administration");
    }
    if (!caller.ok() || !on_disk) return work(std::move(caller));
    auto shared =
        std::make_shared<absl::AnyInvocable<void(absl::StatusOr<Caller>)>>(
            std::move(work));
    const bool taken = gate_.Submit([shared, caller] { (*shared)(caller); });
    if (!taken) (*shared)(CallGate::Overloaded());
  });
}

void AdminApi::StopIssuance(ApiCall call, v1::StopIssuanceRequest request,
                            Done<v1::StopIssuanceResponse> done) {
  const bool on_disk = IsStopOnDisk(request.what(), request.user_id());
  OperateAtOnce(
      std::move(call), on_disk,
      [this, request = std::move(request),
       answer = Answer<v1::StopIssuanceResponse>(std::move(done))](
          absl::StatusOr<Caller> caller) {
        if (!caller.ok()) return answer(caller.status());
        absl::StatusOr<Stops::Order> order = ReadStop(*caller, request);
        if (!order.ok()) return answer(order.status());
        const Stop stop = order->stop;
        // What needs the disk: not on the store's own thread.
        v1::StopIssuanceResponse response;
        *response.mutable_stop() = ToProto(store_, stop);
        work_.stops.Add(*std::move(order), [this, answer, stop, response](
                                               absl::Status status) mutable {
          const bool already = HasReason(status, "ALREADY_EXISTS");
          if (!status.ok() && !already) return answer(std::move(status));
          response.set_already_stopped(already);
          for (const Stop& held : work_.stops.List()) {
            if (held.kind != stop.kind || held.tenant != stop.tenant ||
                held.name != stop.name) {
              continue;
            }
            response.mutable_stop()->set_why(held.why);
            *response.mutable_stop()->mutable_create_time() =
                ToTimestamp(held.create_time);
          }
          answer(std::move(response));
        });
      });
}

void AdminApi::ResumeIssuance(ApiCall call, v1::ResumeIssuanceRequest request,
                              Done<google::protobuf::Empty> done) {
  const bool on_disk = IsStopOnDisk(request.what(), request.user_id());
  OperateAtOnce(
      std::move(call), on_disk,
      [this, request = std::move(request),
       answer = Answer<google::protobuf::Empty>(std::move(done))](
          absl::StatusOr<Caller> caller) {
        if (!caller.ok()) return answer(caller.status());
        absl::StatusOr<Stops::Order> order = ReadStop(*caller, request);
        if (!order.ok()) return answer(order.status());
        work_.stops.Lift(*std::move(order),
                         [answer, what = request.what()](absl::Status status) {
                           if (!status.ok()) {
                             return answer(KnownStop(std::move(status), what));
                           }
                           answer(google::protobuf::Empty());
                         });
      });
}

template <typename Request>
absl::StatusOr<Stops::Order> AdminApi::ReadStop(const Caller& caller,
                                                const Request& request) {
  RETURN_IF_ERROR(CheckLabel("why", request.why()));
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  ASSIGN_OR_RETURN(
      Stops::Order order,
      ReadStopOrder({work_.stops, store_, work_.erasure}, *caller.directory,
                    request.what(), request.user_id()));
  order.stop.why = request.why();
  order.actor = "operator";
  order.request_id = request.request_id();
  return order;
}

void AdminApi::ListStops(ApiCall call, v1::ListStopsRequest,
                         Done<v1::ListStopsResponse> done) {
  Operate<v1::ListStopsResponse>(
      std::move(call), std::move(done),
      [this](const Caller&) -> absl::StatusOr<v1::ListStopsResponse> {
        v1::ListStopsResponse response;
        for (const Stop& stop : work_.stops.List()) {
          *response.add_stops() = ToProto(store_, stop);
        }
        return response;
      });
}

void AdminApi::ListLiveTokens(ApiCall call, v1::ListLiveTokensRequest request,
                              Done<v1::ListLiveTokensResponse> done) {
  Operate<v1::ListLiveTokensResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return tokenvault::ListLiveTokens({work_.stops, store_, work_.erasure},
                                          *caller.directory, request,
                                          gate_.Now());
      });
}

}  // namespace tokenvault
