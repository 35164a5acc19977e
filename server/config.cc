#include "server/config.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/embedded.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "server/config_files.h"
#include "server/config_sections.h"
#include "server/demo/provider.h"

// POSIX declares no header for it.
extern char** environ;

namespace tokenvault {

// Generated from server/demo.toml.
const std::vector<EmbeddedFile>& DemoConfigFiles();

namespace {

constexpr char kDefaultFile[] = "/etc/tokenvault/tokenvault.toml";

const std::vector<std::string>& Sections() {
  static const auto* const kSections = new std::vector<std::string>{
      "server", "seal",    "storage", "audit",          "tokens",
      "egress", "webhook", "email",   "decision_point", "operators"};
  return *kSections;
}

const std::vector<std::string>& Lists() {
  static const auto* const kLists = new std::vector<std::string>{
      "root_sources", "witnesses", "tenants", "workload_issuers",
      "agents",       "providers", "policies"};
  return *kLists;
}

// --------------------------------------------------------------- from files --

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::pair<std::string, std::string>> OurEnvironment() {
  std::vector<std::pair<std::string, std::string>> ours;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    absl::string_view text = *entry;
    size_t equals = text.find('=');
    if (!absl::StartsWith(text, "TOKENVAULT_") ||
        equals == absl::string_view::npos) {
      continue;
    }
    ours.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(ours.begin(), ours.end());
  return ours;
}

// -------------------------------------------------------------- from texts --

void MergeText(size_t text_index, const ConfigNode& tree, ConfigReport& report,
               MergedConfig& merged) {
  using Kind = ConfigNode::Kind;
  std::vector<std::string> known = Sections();
  known.insert(known.end(), Lists().begin(), Lists().end());
  for (const auto& [name, value] : tree.entries) {
    const ConfigNode* before = merged.root.Find(name);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      if (NamesASecret(name) && value.kind == Kind::kString) continue;
      report.Problem(value.place, absl::StrCat("there is no section \"", name,
                                               "\"", DidYouMean(name, known)));
      continue;
    }
    if (name == "providers" && value.kind == Kind::kArray) {
      for (size_t i = 0; i < value.items.size(); ++i) {
        merged.provider_texts.push_back(text_index);
        merged.provider_indexes.push_back(i);
      }
    }
    if (before == nullptr || before->kind != value.kind) {
      merged.root.Set(name, value);
      continue;
    }
    ConfigNode both = *before;
    both.items.insert(both.items.end(), value.items.begin(), value.items.end());
    for (const auto& [key, entry] : value.entries) both.Set(key, entry);
    merged.root.Set(name, std::move(both));
  }
}

void MergeEnvironment(const ParseOptions& options, MergedConfig& merged) {
  for (const auto& [variable, text] : options.environment) {
    for (const std::string& section : Sections()) {
      absl::string_view key = variable;
      if (!absl::ConsumePrefix(
              &key, absl::StrCat("TOKENVAULT_", absl::AsciiStrToUpper(section),
                                 "_"))) {
        continue;
      }
      ConfigNode table;
      if (const ConfigNode* before = merged.root.Find(section)) table = *before;
      if (table.kind != ConfigNode::Kind::kTable) continue;
      ConfigNode value;
      value.kind = ConfigNode::Kind::kString;
      value.text = text;
      value.place = variable;
      value.from_environment = true;
      table.Set(absl::AsciiStrToLower(key), std::move(value));
      merged.root.Set(section, std::move(table));
    }
  }
}

// What the secrets are, said to nobody: hashed with a key of this process.
void AddHash(absl::string_view hash, std::string& hashed) {
  static const auto* const kProcessKey = new std::string(RandomBytes(32));
  hashed = Sha256(absl::StrCat(*kProcessKey, hashed, hash));
}

void AddSecret(const std::shared_ptr<const Secret>& secret,
               std::string& hashed) {
  if (secret != nullptr) AddHash(Sha256(secret->Reveal()), hashed);
}

std::string Generation(const Config& config) {
  std::string all = config.dev ? "dev\n" : "";
  for (const ConfigValueShown& shown : config.effective) {
    absl::StrAppend(&all, shown.key, "=", shown.value, "\n");
  }
  std::string secrets;
  if (config.directory->decision_point.has_value()) {
    AddSecret(config.directory->decision_point->token, secrets);
  }
  for (const auto& [id, tenant] : config.directory->tenants) {
    AddSecret(tenant.identity.client_secret, secrets);
  }
  for (const auto& [id, provider] : config.directory->providers) {
    AddSecret(provider.client_secret, secrets);
    if (!provider.client_key_hash.empty()) {
      AddHash(provider.client_key_hash, secrets);
    }
  }
  AddSecret(config.notices.webhook.secret, secrets);
  AddSecret(config.notices.email.server.password, secrets);
  std::string generation = HexEncode(Sha256(all)).substr(0, 12);
  if (secrets.empty()) return generation;
  return absl::StrCat(generation, "-", HexEncode(secrets).substr(0, 8));
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::vector<ConfigText>& texts,
                                   const ParseOptions& options) {
  ConfigReport report;
  MergedConfig merged;
  std::vector<ConfigNode> trees;
  for (const ConfigText& text : texts) {
    auto parsed = ParseConfigTree(text.name, text.toml);
    if (auto* error = std::get_if<ConfigSyntaxError>(&parsed)) {
      report.Problem(error->place,
                     "this is not TOML: look for a missing quote, bracket or "
                     "'=', or a key that is there twice");
      continue;
    }
    trees.push_back(std::get<ConfigNode>(std::move(parsed)));
  }
  // Half a file would make other problems than the one it has.
  RETURN_IF_ERROR(report.ToStatus());
  for (size_t i = 0; i < trees.size(); ++i) {
    ReportLiteralSecrets(trees[i], report);
    MergeText(i, trees[i], report, merged);
  }
  MergeEnvironment(options, merged);

  const ConfigContext context = {options, report};
  Config config;
  auto directory = std::make_shared<Directory>();
  config.dev = options.dev;
  config.server = ReadServer(merged.root, context);
  config.root_sources = ReadRootSources(merged.root, context);
  config.storage = ReadStorage(merged.root, context);
  config.audit = ReadAudit(merged.root, context);
  config.egress = ReadEgress(merged.root, context);
  config.notices = ReadNotices(merged.root, context);
  directory->dev_mode = options.dev;
  directory->public_url = config.server.public_url;
  directory->tokens = ReadTokens(merged.root, context);
  directory->decision_point = ReadDecisionPoint(merged.root, context);
  ReadDirectory(merged, texts, config.server.trust_domains, context,
                *directory);
  directory->operators = ReadOperators(merged.root, *directory, report);
  RETURN_IF_ERROR(report.ToStatus());

  config.effective = std::move(report.effective);
  std::sort(config.effective.begin(), config.effective.end(),
            [](const ConfigValueShown& a, const ConfigValueShown& b) {
              return a.key < b.key;
            });
  config.warnings = std::move(report.warnings);
  config.directory = directory;
  config.generation = Generation(config);
  directory->generation = config.generation;
  return config;
}

absl::StatusOr<Config> LoadConfig(const ConfigSources& sources) {
  std::string file = sources.file;
  if (file.empty()) file = Variable("TOKENVAULT_CONFIG");
  if (file.empty()) file = kDefaultFile;
  std::vector<ConfigText> texts;
  ASSIGN_OR_RETURN(ConfigText first, ReadConfigFile(file));
  texts.push_back(std::move(first));
  size_t slash = file.rfind('/');
  std::string folder = slash == std::string::npos ? "." : file.substr(0, slash);
  for (const std::string& more : TomlFilesIn(absl::StrCat(folder, "/conf.d"))) {
    ASSIGN_OR_RETURN(ConfigText text, ReadConfigFile(more));
    texts.push_back(std::move(text));
  }

  ParseOptions options;
  for (const std::string& preset :
       TomlFilesIn(absl::StrCat(folder, "/presets.d"))) {
    ASSIGN_OR_RETURN(ConfigText text, ReadConfigFile(preset));
    options.presets.push_back(std::move(text));
  }
  options.dev = sources.dev;
  options.environment = OurEnvironment();
  options.credentials_directory = Variable("CREDENTIALS_DIRECTORY");
  options.read_secret = [&](const std::string& reference) {
    return ReadSecretReference(reference, options.credentials_directory,
                               sources);
  };
  return ParseConfig(texts, options);
}

absl::Status CheckPolicyFile(const std::string& path, const Config& config) {
  ASSIGN_OR_RETURN(ConfigText text, ReadConfigFile(path));
  auto parsed = ParseConfigTree(text.name, text.toml);
  if (auto* error = std::get_if<ConfigSyntaxError>(&parsed)) {
    return errors::ConfigInvalid(
        error->place,
        "this is not TOML: look for a missing quote, "
        "bracket or '=', or a key that is there twice");
  }
  const ConfigNode& tree = std::get<ConfigNode>(parsed);
  ConfigReport report;
  for (const auto& [name, value] : tree.entries) {
    if (name == "policies") continue;
    report.Problem(value.place,
                   absl::StrCat("a policy file holds [[policies]] only, not \"",
                                name, "\""));
  }
  ReadPolicies(tree, *config.directory, {}, report);
  return report.ToStatus();
}

LogLevel LevelOf(const ServerSettings& server) {
  if (server.log_level == "debug") return LogLevel::kDebug;
  if (server.log_level == "warning") return LogLevel::kWarning;
  if (server.log_level == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

std::vector<std::string> KeysThatNeedRestart(const Config& old,
                                             const Config& next) {
  auto fixed = [](const Config& config) {
    std::map<std::string, std::string> values;
    for (const ConfigValueShown& shown : config.effective) {
      for (absl::string_view section :
           {"server.", "seal.", "root_sources.", "storage.", "audit.",
            "witnesses.", "egress.", "webhook.", "email."}) {
        if (absl::StartsWith(shown.key, section) &&
            shown.key != "server.log_level") {
          values[shown.key] = shown.value;
        }
      }
    }
    return values;
  };
  std::map<std::string, std::string> before = fixed(old);
  std::map<std::string, std::string> after = fixed(next);
  // Every key of a section is shown; a root source may be in one only.
  for (const auto& [key, value] : before) after.try_emplace(key, "");
  std::vector<std::string> keys;
  for (const auto& [key, value] : after) {
    if (before[key] != value) keys.push_back(key);
  }
  return keys;
}

absl::StatusOr<Config> DemoConfig(const DemoAddresses& addresses) {
  if (!Variable("TOKENVAULT_CONFIG").empty()) {
    return errors::ConfigInvalid(
        "TOKENVAULT_CONFIG",
        "--dev without --config is the demo and reads no file: unset "
        "TOKENVAULT_CONFIG, or give that file with --config");
  }
  const EmbeddedFile& file = DemoConfigFiles().front();
  std::string toml = absl::StrReplaceAll(
      file.content, {{"@GRPC_LISTEN@", addresses.grpc_listen},
                     {"@HTTP_LISTEN@", addresses.http_listen},
                     {"@PUBLIC_URL@", addresses.public_url},
                     {"@ADMIN_LISTEN@", addresses.admin_listen},
                     {"@DEMO_URL@", addresses.demo_provider_url}});
  ParseOptions options;
  options.dev = true;
  options.credentials_directory = "/demo";
  options.read_secret = [](const std::string& reference) {
    return Secret::Copy(reference == "cred:demo-login" ? kDemoLoginSecret
                                                       : kDemoSecret);
  };
  return ParseConfig({{file.name, std::move(toml)}}, options);
}

}  // namespace tokenvault
