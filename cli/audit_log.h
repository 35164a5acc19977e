#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

// Leaves of the audit log: "auditEvents/42", or "42". Empty: from the oldest
// that is kept, to the newest.
struct AuditRangeOptions {
  std::string from;
  std::string to;
};

struct AuditExportOptions {
  AuditRangeOptions range;
  std::string out;  // a new file; "" or "-" for stdout
};

// `tokenvault audit status`: how far the log is, who has seen it, and what is
// in archives.
int RunAuditStatus(Session& session);
// `tokenvault audit key`: the key by which others check it, and nothing else.
int RunAuditKey(Session& session);
// `tokenvault audit verify`: the daemon reads all of it, with a progress bar.
// kExitCheckFailed, with names, when it is not what it was.
int RunAuditVerify(Session& session, const AuditRangeOptions& range);
// `tokenvault audit prove`: one event's proof, for tokenvault-audit-verify.
int RunAuditProve(Session& session, const std::string& event);
// `tokenvault audit export`: for tokenvault-audit-verify. A file that is not
// whole does not stay.
int RunAuditExport(Session& session, const AuditExportOptions& options);
// `tokenvault audit archive`: moves what is older than `keep`, such as "90d",
// into the folder of the configuration.
int RunAuditArchive(Session& session, const std::string& keep);

}  // namespace tokenvault
