#pragma once

#include <optional>

#include "server/demo/persona.h"
#include "server/demo/resources.h"
#include "server/http_types.h"

// What the demo provider says about itself. Pure.
namespace tokenvault {

// OpenID Connect Discovery, or RFC 8414 for a persona without OpenID.
WebResponse DemoServerMetadata(const DemoPersona& persona,
                               const DemoPlace& place);
// RFC 9728.
WebResponse DemoResourceMetadata(const DemoPersona& persona,
                                 const DemoPlace& place);

}  // namespace tokenvault
