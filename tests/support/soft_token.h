#pragma once

#include <string>
#include <vector>

#include "crypto/pkcs11_cipher.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {

// A PKCS#11 token of SoftHSM2, in a folder of its own. One at a time in a
// process: the library is told by the environment where its tokens are.
class SoftToken {
 public:
  SoftToken();
  ~SoftToken();

  // The key "root" of this token, which is not made yet.
  Pkcs11Key Key() const;
  // Pulls the token out, and puts it back.
  void Remove();
  void PutBack();
  // Runs pkcs11-tool on the token with these arguments, logged in.
  void Tool(const std::vector<std::string>& arguments);
  void WritePin(const std::string& pin);

 private:
  TempFolder folder_;
};

}  // namespace tokenvault
