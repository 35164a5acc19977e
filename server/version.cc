#include "server/version.h"

namespace tokenvault {

std::string Version() { return TOKENVAULT_VERSION; }

}  // namespace tokenvault
