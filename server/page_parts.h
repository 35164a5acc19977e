#pragma once

#include <string>
#include <vector>

#include "server/page_frame.h"
#include "server/page_template.h"

// How the pages put their common parts into the values of a template.
namespace tokenvault {

// The card of template `name` in its frame.
std::string RenderPage(const std::string& name, const PageFrame& frame,
                       const std::string& title, PageData card);

// form_path, csrf; nothing for a path that is not ours.
void SetForm(const PageForm& form, PageData& data);
// guard_script, asks_again: for a form on which a yes must be meant. After a
// try without that, the field for the code is there whether scripts run or not.
void SetGuard(bool asks_again, PageData& data);
// back_link, back_name.
void SetBack(const ReturnView& back, PageData& data);
// agent, identity, owner.
void SetAgent(const AgentView& agent, PageData& data);
// connections_link, connections_name.
void SetConnectionsLink(const std::string& link, const std::string& name,
                        PageData& data);
// name, says, risk, high.
void SetScope(const ScopeView& scope, const Messages& messages, PageData& data);
// A list `name`, and has_NAME for what stands around it. Each has name, says,
// risk, high.
void SetScopes(const std::string& name, const std::vector<ScopeView>& scopes,
               const Messages& messages, PageData& data);
// The same of sentences alone.
void SetSentences(const std::string& name,
                  const std::vector<std::string>& sentences, PageData& data);

}  // namespace tokenvault
