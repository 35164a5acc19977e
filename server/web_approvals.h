#pragma once

#include <optional>
#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"

namespace tokenvault {

// GET /approvals: what waits for this person, and what was decided.
WebResponse ShowApprovals(const WebVisit& visit, const std::string&);
// The approval behind a link; nothing for that of a consent, or of none.
std::optional<Interaction> FindApproval(const WebVisit& visit,
                                        const std::string& link_id);
// GET /c/<link> of an approval: the question, or how it ended.
WebResponse ShowApproval(const WebVisit& visit, const Interaction& question);
// POST /c/<link> of an approval: yes, no, or more time.
WebResponse AnswerApproval(const WebVisit& visit, const Interaction& question);

}  // namespace tokenvault
