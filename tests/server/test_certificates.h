#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace tokenvault {

// A certificate authority of a test's own, with a server's certificate
// ("server.pem", "server.key") and as many clients' as it issues; PEM files in
// a folder that goes with it.
class TestCertificates {
 public:
  TestCertificates();

  // <name>.pem and <name>.key, with these URI names.
  void Issue(const std::string& name, const std::vector<std::string>& uris);
  // The same, good until yesterday.
  void IssueExpired(const std::string& name,
                    const std::vector<std::string>& uris);

  std::string File(const std::string& name) const { return folder_.File(name); }

  // What is in one of those files.
  std::string Read(const std::string& name) const;

 private:
  using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
  using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

  Certificate Make(const std::string& name, EVP_PKEY* key, EVP_PKEY* signer,
                   const std::string& alternative_names, bool authority,
                   bool expired);
  void IssueAs(const std::string& name, const std::string& alternative_names,
               bool expired);

  TempFolder folder_;
  Key key_;
  Certificate certificate_{nullptr, X509_free};
};

}  // namespace tokenvault
