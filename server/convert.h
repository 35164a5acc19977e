#pragma once

#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "oauth/provider.h"
#include "server/config_reload.h"
#include "server/provider_check.h"
#include "server/provider_fixture.h"
#include "storage/records.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "tokenvault/v1/approval_service.pb.h"
#include "tokenvault/v1/connection_service.pb.h"
#include "tokenvault/v1/token_service.pb.h"
#include "vault/broker.h"
#include "vault/connection_admin.h"
#include "vault/interactions.h"
#include "vault/key_rotation.h"
#include "vault/provider_breaker.h"

// Values of the house as messages of the API. Pure; what leaves the house is
// chosen here, field by field.
namespace tokenvault {

google::protobuf::Timestamp ToTimestamp(absl::Time time);
google::protobuf::Duration ToDuration(absl::Duration duration);
absl::Duration FromDuration(const google::protobuf::Duration& duration);
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

// Who the message for the person speaks of.
struct InteractionWords {
  std::string agent;     // "Calendar Bot"
  std::string provider;  // "Google"
};
v1::Interaction ToProto(const AskedQuestion& asked,
                        const InteractionWords& words);
v1::ScopedToken ToProto(const IssuedToken& issued, absl::Time now);
v1::Connection ToProto(const ConnectionView& view);
v1::Interaction::State ToProto(InteractionState state);
// In convert_approvals.cc. Without the code.
v1::Approval ToProto(const AskedApproval& asked,
                     const std::vector<ApprovalReach>& offered);
v1::Backup ToProto(const BackupRecord& backup);
v1::AuditArchive ToProto(const AuditArchive& archive);
v1::Operation ToProto(const Operation::Progress& progress);
v1::MasterKey ToProto(const Kek& key);
v1::MasterKey ToProto(const KeyRotation::KeyInfo& info);
v1::Provider ToProto(const Provider& provider, const std::string& redirect_uri);
v1::Agent ToProto(const Agent& agent);
v1::AuditEvent ToProto(const AuditEntry& entry);
v1::TestProviderResponse::Check ToProto(const ProviderCheck& check);
v1::CapturedExchange ToProto(const CapturedExchange& exchange);
v1::FailingProvider ToProto(const ProviderBreaker::Doubt& doubt);

}  // namespace tokenvault
