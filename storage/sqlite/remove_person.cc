#include "storage/sqlite/remove_person.h"

#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

constexpr char kRemoveFlowsOf[] =
    "DELETE FROM oauth_flow WHERE tenant=?1 AND (interaction IN"
    " (SELECT id FROM interaction WHERE tenant=?1 AND user=?2)"
    " OR session_hash IN"
    " (SELECT id_hash FROM web_session WHERE tenant=?1 AND user=?2))";
constexpr char kRemoveQuestionsTo[] =
    "DELETE FROM interaction WHERE tenant=? AND user=?";
constexpr char kRemoveSessionsOf[] =
    "DELETE FROM web_session WHERE tenant=? AND user=?";
constexpr char kRemoveConnection[] =
    "DELETE FROM connection WHERE tenant=? AND user=? AND id=? AND version=?";
constexpr char kFindAnyConnectionOf[] =
    "SELECT 1 FROM connection WHERE tenant=? AND user=? LIMIT 1";
constexpr char kRemoveDek[] = "DELETE FROM dek WHERE tenant=? AND subject=?";
constexpr char kRemovePseudonym[] =
    "DELETE FROM person WHERE tenant=? AND user=?";
constexpr char kRemovePolicyUseOf[] =
    "DELETE FROM policy_use WHERE tenant=? AND user=?";
// A stop of theirs would otherwise keep their id.
constexpr char kRemoveStopOf[] =
    "DELETE FROM stop WHERE kind=3 AND tenant=? AND name=?";
constexpr char kRemoveGrantsOf[] =
    "DELETE FROM agent_grant WHERE tenant=? AND connection=?";

absl::Status RunFor(SqliteConnection& connection, const char* sql,
                    const TenantId& tenant, const UserId& user) {
  Statement statement(connection, sql);
  statement.Name(tenant);
  statement.Name(user);
  return statement.Run();
}

absl::Status RemoveConnection(SqliteConnection& connection,
                              const TenantId& tenant, const UserId& user,
                              const ConnectionId& id, uint64_t version) {
  Statement grants(connection, kRemoveGrantsOf);
  grants.Name(tenant);
  grants.Name(id);
  RETURN_IF_ERROR(grants.Run());
  Statement statement(connection, kRemoveConnection);
  statement.Name(tenant);
  statement.Name(user);
  statement.Name(id);
  statement.Int(static_cast<int64_t>(version));
  RETURN_IF_ERROR(statement.Run());
  return connection.changes() == 1 ? absl::OkStatus()
                                   : errors::VersionConflict("connection");
}

}  // namespace

absl::Status ApplyRemoval(SqliteConnection& connection,
                          const WriteBatch::RemoveVisits& person) {
  // Flows first, for they are found by the others.
  for (const char* sql :
       {kRemoveFlowsOf, kRemoveQuestionsTo, kRemoveSessionsOf}) {
    RETURN_IF_ERROR(RunFor(connection, sql, person.tenant, person.user));
  }
  return absl::OkStatus();
}

absl::Status ApplyRemoval(SqliteConnection& connection,
                          const WriteBatch::RemovePerson& person) {
  RETURN_IF_ERROR(ApplyRemoval(
      connection, WriteBatch::RemoveVisits{person.tenant, person.user}));
  for (const auto& [id, version] : person.connections) {
    RETURN_IF_ERROR(
        RemoveConnection(connection, person.tenant, person.user, id, version));
  }
  Statement others(connection, kFindAnyConnectionOf);
  others.Name(person.tenant);
  others.Name(person.user);
  ASSIGN_OR_RETURN(const bool another, others.Step());
  if (another) return errors::VersionConflict("connection");
  for (const char* sql : {kRemovePolicyUseOf, kRemoveStopOf, kRemoveDek}) {
    RETURN_IF_ERROR(RunFor(connection, sql, person.tenant, person.user));
  }
  return RunFor(connection, kRemovePseudonym, person.tenant, person.user);
}

}  // namespace tokenvault
