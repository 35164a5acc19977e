#pragma once

#include <string>

namespace tokenvault {

// A random UUID (version 4) for `request_id` fields: it links what was typed
// here to a line of the audit log. InitCrypto() has run.
std::string NewRequestId();

}  // namespace tokenvault
