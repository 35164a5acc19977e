#include "bench/transport.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

absl::Status OpenSsl(std::vector<std::string> words) {
  words.insert(words.begin(), "openssl");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY,
                                   0);
  pid_t pid = 0;
  const int failed =
      posix_spawnp(&pid, "openssl", &quiet, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  int status = 0;
  if (failed != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    return absl::UnavailableError(
        absl::StrCat("openssl ", words[1], " makes no certificate for mTLS"));
  }
  return absl::OkStatus();
}

// A new P-256 key, as the words of a request for a certificate of it.
std::vector<std::string> NewKey(const std::string& file) {
  return {"-newkey", "ec",      "-pkeyopt", "ec_paramgen_curve:P-256",
          "-nodes",  "-keyout", file};
}

absl::Status Issue(const Certificates& made, const std::string& name,
                   const std::string& usage, const std::string& alternative) {
  const std::string base = absl::StrCat(made.folder, "/", name);
  std::ofstream extensions(base + ".ext");
  extensions << "subjectAltName=" << alternative
             << "\nextendedKeyUsage=" << usage
             << "\nbasicConstraints=critical,CA:false"
             << "\nkeyUsage=critical,digitalSignature\n";
  extensions.close();
  if (!extensions) {
    return absl::UnavailableError("no certificate can be written");
  }
  std::vector<std::string> request = {"req"};
  for (std::string& word : NewKey(base + ".key")) request.push_back(word);
  for (const std::string& word :
       {std::string("-out"), base + ".csr", std::string("-subj"),
        absl::StrCat("/CN=", name)}) {
    request.push_back(word);
  }
  RETURN_IF_ERROR(OpenSsl(std::move(request)));
  return OpenSsl({"x509", "-req", "-in", base + ".csr", "-CA", made.authority(),
                  "-CAkey", made.folder + "/authority.key", "-CAcreateserial",
                  "-days", "2", "-extfile", base + ".ext", "-out",
                  base + ".pem"});
}

absl::StatusOr<std::string> Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::UnavailableError("a certificate cannot be read");
  }
  return text.str();
}

}  // namespace

const char* NameOf(Transport transport) {
  switch (transport) {
    case Transport::kTcp:
      return "TCP";
    case Transport::kUnixSocket:
      return "Unix socket";
    case Transport::kMtls:
      return "mTLS";
  }
  return "";
}

absl::Status Certificates::Make() const {
  std::vector<std::string> authority_words = {"req", "-x509"};
  for (std::string& word : NewKey(folder + "/authority.key")) {
    authority_words.push_back(word);
  }
  for (const char* word : {"-days", "2", "-subj", "/CN=benchmark", "-addext",
                           "basicConstraints=critical,CA:true", "-addext",
                           "keyUsage=critical,keyCertSign,cRLSign", "-out"}) {
    authority_words.push_back(word);
  }
  authority_words.push_back(authority());
  RETURN_IF_ERROR(OpenSsl(std::move(authority_words)));
  RETURN_IF_ERROR(
      Issue(*this, "server", "serverAuth", "DNS:localhost,IP:127.0.0.1"));
  return Issue(*this, "agent", "clientAuth",
               absl::StrCat("URI:", kBenchSpiffeId));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsFor(
    Transport transport, const Certificates& certificates) {
  if (transport != Transport::kMtls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  ASSIGN_OR_RETURN(options.pem_root_certs, Contents(certificates.authority()));
  ASSIGN_OR_RETURN(options.pem_cert_chain, Contents(certificates.agent()));
  ASSIGN_OR_RETURN(options.pem_private_key, Contents(certificates.agent_key()));
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> ConnectTo(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  // Otherwise the channels of a process would share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(
      address,
      credentials != nullptr ? credentials : grpc::InsecureChannelCredentials(),
      arguments);
}

}  // namespace tokenvault
