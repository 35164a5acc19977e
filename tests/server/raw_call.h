#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

// Calls to services of which a test has no stub: health and reflection, and
// methods that must not be there.
namespace tokenvault {

// One call with raw bytes. The answer's bytes go to `*answer`.
inline grpc::Status RawCall(const std::shared_ptr<grpc::Channel>& channel,
                            const std::string& method,
                            const std::string& message,
                            std::string* answer = nullptr) {
  grpc::Slice slice(message);
  grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  grpc::GenericStub(channel).UnaryCall(
      &context, method, grpc::StubOptions(), &request, &response,
      [&](grpc::Status status) { done.set_value(std::move(status)); });
  grpc::Status status = done.get_future().get();
  std::vector<grpc::Slice> slices;
  if (status.ok() && answer != nullptr && response.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      answer->append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return status;
}

// "/tokenvault.v1.AdminService/GetStatus", …: every method of the file.
inline std::vector<std::string> MethodsOf(
    const google::protobuf::FileDescriptor* file) {
  std::vector<std::string> methods;
  for (int i = 0; i < file->service_count(); ++i) {
    const auto* service = file->service(i);
    for (int j = 0; j < service->method_count(); ++j) {
      methods.push_back("/" + service->full_name() + "/" +
                        service->method(j)->name());
    }
  }
  return methods;
}

// grpc.health.v1.HealthCheckResponse.ServingStatus.
inline constexpr int kServing = 1;
inline constexpr int kNotServing = 2;

// What grpc.health.v1.Health says of a service; -1 when it does not know it.
inline int HealthOf(const std::shared_ptr<grpc::Channel>& channel,
                    const std::string& service) {
  // { string service = 1; } and { ServingStatus status = 1; }
  std::string request;
  if (!service.empty()) {
    request =
        "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  }
  std::string answer;
  if (!RawCall(channel, "/grpc.health.v1.Health/Check", request, &answer)
           .ok() ||
      answer.size() != 2) {
    return -1;
  }
  return answer[1];
}

inline bool HasReflection(const std::shared_ptr<grpc::Channel>& channel) {
  return RawCall(channel,
                 "/grpc.reflection.v1alpha.ServerReflection/"
                 "ServerReflectionInfo",
                 "")
             .error_code() != grpc::StatusCode::UNIMPLEMENTED;
}

}  // namespace tokenvault
