#include "tests/server/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace tokenvault {
namespace {

constexpr long kDay = 24 * 60 * 60;

std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> NewKey() {
  return {EVP_EC_gen("P-256"), EVP_PKEY_free};
}

void WriteKey(const std::string& path, EVP_PKEY* key) {
  FILE* file = fopen(path.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  fclose(file);
}

void WriteCertificate(const std::string& path, X509* certificate) {
  FILE* file = fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate);
  fclose(file);
}

void Extend(X509* certificate, X509* issuer, int kind,
            const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string UriNames(const std::vector<std::string>& uris) {
  std::string names;
  for (const std::string& uri : uris) {
    names += (names.empty() ? "URI:" : ",URI:") + uri;
  }
  return names;
}

}  // namespace

TestCertificates::TestCertificates() : key_(NewKey()) {
  certificate_ = Make("test authority", key_.get(), key_.get(), "",
                      /*authority=*/true, /*expired=*/false);
  WriteCertificate(File("ca.pem"), certificate_.get());
  IssueAs("server", "DNS:localhost,IP:127.0.0.1", /*expired=*/false);
}

void TestCertificates::Issue(const std::string& name,
                             const std::vector<std::string>& uris) {
  IssueAs(name, UriNames(uris), /*expired=*/false);
}

void TestCertificates::IssueExpired(const std::string& name,
                                    const std::vector<std::string>& uris) {
  IssueAs(name, UriNames(uris), /*expired=*/true);
}

void TestCertificates::IssueAs(const std::string& name,
                               const std::string& alternative_names,
                               bool expired) {
  auto key = NewKey();
  auto certificate = Make(name, key.get(), key_.get(), alternative_names,
                          /*authority=*/false, expired);
  WriteKey(File(name + ".key"), key.get());
  WriteCertificate(File(name + ".pem"), certificate.get());
}

TestCertificates::Certificate TestCertificates::Make(
    const std::string& name, EVP_PKEY* key, EVP_PKEY* signer,
    const std::string& alternative_names, bool authority, bool expired) {
  static int serial = 0;
  Certificate certificate(X509_new(), X509_free);
  X509* x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(x509), expired ? -kDay : kDay);
  X509_set_pubkey(x509, key);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* issuer = authority ? x509 : certificate_.get();
  X509_set_issuer_name(x509, X509_get_subject_name(issuer));
  Extend(x509, issuer, NID_basic_constraints,
         authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!alternative_names.empty()) {
    Extend(x509, issuer, NID_subject_alt_name, alternative_names);
  }
  X509_sign(x509, signer, EVP_sha256());
  return certificate;
}

std::string TestCertificates::Read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(File(name)).rdbuf();
  return text.str();
}

}  // namespace tokenvault
