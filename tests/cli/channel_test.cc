#include "cli/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "cli/agent_door.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tokenvault {
namespace {

using testing::HasSubstr;
using testing::Not;

grpc::Status WithReason(grpc::StatusCode code, const char* reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("tokenvault");
  google::rpc::Status detailed;
  detailed.add_details()->PackFrom(info);
  return grpc::Status(code, "a sentence", detailed.SerializeAsString());
}

TEST(FromGrpcStatus, KeepsTheReason) {
  const absl::Status status = FromGrpcStatus(
      WithReason(grpc::StatusCode::PERMISSION_DENIED, "POLICY_DENIED"), "x");
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  EXPECT_EQ(ReasonOf(status), "POLICY_DENIED");
  EXPECT_EQ(status.message(), "a sentence");
}

TEST(FromGrpcStatus, TellsNobodyThereFromNotNow) {
  EXPECT_EQ(ReasonOf(FromGrpcStatus(
                grpc::Status(grpc::StatusCode::UNAVAILABLE, "no route"), "x")),
            "SERVER_UNREACHABLE");
  EXPECT_EQ(
      ReasonOf(FromGrpcStatus(
          WithReason(grpc::StatusCode::UNAVAILABLE, "VAULT_SEALED"), "x")),
      "VAULT_SEALED");
}

TEST(FromGrpcStatus, DropsSentencesThatAreNotOurs) {
  const absl::Status status = FromGrpcStatus(
      grpc::Status(grpc::StatusCode::INTERNAL, "header: Bearer abc"), "x");
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("abc")));
}

TEST(AgentDoor, WantsExactlyOneCredential) {
  AgentDoorOptions options;
  options.address = "unix:/x";
  EXPECT_FALSE(OpenAgentDoor(options, SystemClock()).ok());
  options.dev_agent = "demo-agent";
  EXPECT_TRUE(OpenAgentDoor(options, SystemClock()).ok());
  options.token_file = "/x";
  EXPECT_FALSE(OpenAgentDoor(options, SystemClock()).ok());
}

TEST(AgentDoor, SendsNoTokenInClearToAnotherMachine) {
  AgentDoorOptions options;
  options.dev_agent = "demo-agent";
  for (const char* address : {"10.0.0.7:8443", "127.0.0.1.evil:1", "evil:1"}) {
    options.address = address;
    const auto door = OpenAgentDoor(options, SystemClock());
    EXPECT_THAT(std::string(door.status().message()), HasSubstr("in clear"))
        << address;
  }
  EXPECT_TRUE(IsLocalAddress("127.0.0.1:7443"));
  EXPECT_TRUE(IsLocalAddress("unix:/run/x.sock"));
}

TEST(AgentDoor, WantsTlsForACertificate) {
  AgentDoorOptions options;
  options.address = "unix:/x";
  options.cert_file = "/cert";
  options.key_file = "/key";
  EXPECT_THAT(
      std::string(OpenAgentDoor(options, SystemClock()).status().message()),
      HasSubstr("--ca"));
}

}  // namespace
}  // namespace tokenvault
