#pragma once

#include <cstdint>
#include <string>

#include "cli/session.h"

namespace tokenvault {

struct KeyVerifyOptions {
  bool all = false;
};
struct KeyProofOptions {
  uint32_t generation = 0;  // 0: the newest that is proved
};
struct VerifyProofOptions {
  std::string file;
  std::string key;  // "": the daemon's
};
struct KeyDestroyOptions {
  uint32_t generation = 0;
  bool yes = false;  // do not ask
};

// `tokenvault key verify`: opens every data key and a record of each, or with
// `all` every record. Changes nothing. 6 when something does not open.
int RunKeyVerify(Session& session, const KeyVerifyOptions& options);

// `tokenvault key proof`: the note that ended a rotation, to be kept elsewhere.
int RunKeyProof(Session& session, const KeyProofOptions& options);

// `tokenvault key verify-proof`: whether a file is such a note, as it was
// signed. Needs no daemon when it is told the key. 6 when it is not.
int RunKeyVerifyProof(Session& session, const VerifyProofOptions& options);

// `tokenvault key destroy`: removes what opens a retired master key, for ever.
int RunKeyDestroy(Session& session, const KeyDestroyOptions& options);

}  // namespace tokenvault
