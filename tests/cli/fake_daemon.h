#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "grpcpp/grpcpp.h"
#include "tokenvault/v1/admin_service.grpc.pb.h"
#include "tokenvault/v1/connection_service.grpc.pb.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {

// What the fake daemon is asked to be. Everything else it makes up.
struct FakeDaemonState {
  bool initialized = true;
  bool sealed = false;
  bool damaged = false;
  bool demo = false;
  bool bad_config = false;        // ReloadConfig finds a fault
  bool rotation_fails = false;    // with STORAGE_FULL, half way
  bool rotation_hangs = false;    // makes no progress
  bool rotating = false;          // somebody else's rotation is under way
  bool failing_provider = false;  // acme-jira refuses our client
  bool hostile = false;           // labels full of escape sequences
  bool locked = false;            // everything is stopped, and more besides
  bool stops_unwritten = false;   // the disk takes no stop
  bool long_log = false;          // too long to say what lives on
  std::string pages_url;          // of the demo
  std::string provider_url;       // of the demo
};

// A daemon that knows how to answer and nothing else, behind real gRPC on Unix
// sockets: `<folder>/admin.sock` and `<folder>/agent.sock`. One calendar-bot,
// two providers, people ana, ben (who has not connected) and cleo (who says
// no).
class FakeDaemon {
 public:
  FakeDaemon(const std::string& folder, FakeDaemonState state);
  ~FakeDaemon();

  std::string admin_socket() const { return folder_ + "/admin.sock"; }
  std::string agent_address() const {
    return "unix:" + folder_ + "/agent.sock";
  }

  // What the last calls asked for.
  v1::ListConnectionsRequest last_list();
  bool operation_cancelled();
  // The demo's consent was given.
  void CompleteInteraction();

 private:
  class Admin;
  class Connections;
  class Tokens;

  const std::string folder_;
  FakeDaemonState state_;

  Mutex mutex_;
  v1::ListConnectionsRequest last_list_ ABSL_GUARDED_BY(mutex_);
  int rotation_polls_ ABSL_GUARDED_BY(mutex_) = -1;  // -1: none began
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool completed_ ABSL_GUARDED_BY(mutex_) = false;

  std::unique_ptr<Admin> admin_;
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<grpc::Server> admin_server_;
  std::unique_ptr<grpc::Server> agent_server_;
};

}  // namespace tokenvault
