#include "vault/backup_manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "base/encoding.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

// Sorted by name, as RFC 8785 wants it.
using Json = nlohmann::json;

constexpr char kManifestForm[] = "tokenvault backup 1";
constexpr char kManifestTime[] = "%Y-%m-%dT%H:%M:%E6SZ";
constexpr size_t kIdBytes = 16;
constexpr size_t kHashBytes = 32;

// Takes members out of one object; whatever is missing or of another kind, or
// left over at the end, makes it no manifest.
class ManifestReader {
 public:
  explicit ManifestReader(const Json& object) : object_(object) {
    good_ = object.is_object();
  }

  std::string Text(const char* name) {
    const Json* found = Find(name);
    if (found == nullptr || !found->is_string()) return Bad<std::string>();
    return found->get<std::string>();
  }
  std::string Blob(const char* name, size_t size = 0) {
    std::optional<std::string> bytes = Base64UrlDecode(Text(name));
    if (!bytes.has_value() || (size != 0 && bytes->size() != size)) {
      return Bad<std::string>();
    }
    return *bytes;
  }
  absl::Time Time(const char* name) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(kManifestTime, Text(name), &time, &error)) {
      return Bad<absl::Time>();
    }
    return time;
  }
  int64_t Count(const char* name, int64_t most = int64_t{1} << 53) {
    const Json* found = Find(name);
    if (found == nullptr || !found->is_number_unsigned()) return Bad<int64_t>();
    const uint64_t number = found->get<uint64_t>();
    return number <= static_cast<uint64_t>(most) ? static_cast<int64_t>(number)
                                                 : Bad<int64_t>();
  }
  uint32_t Version(const char* name) {
    const int64_t number = Count(name, UINT32_MAX);
    return number > 0 ? static_cast<uint32_t>(number) : Bad<uint32_t>();
  }
  const Json& List(const char* name) {
    static const Json* const kNone = new Json(Json::array());
    const Json* found = Find(name);
    if (found != nullptr && found->is_array()) return *found;
    good_ = false;
    return *kNone;
  }
  void Join(const ManifestReader& other) { good_ &= other.good_; }
  bool good() const { return good_; }

 private:
  const Json* Find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  template <typename Value>
  Value Bad() {
    good_ = false;
    return Value();
  }

  const Json& object_;
  bool good_;
};

std::string TimeText(absl::Time time) {
  return absl::FormatTime(kManifestTime, time, absl::UTCTimeZone());
}

}  // namespace

uint32_t BackupManifest::lowest_kek_version() const {
  uint32_t lowest = kek_version;
  for (const Wrap& wrap : wraps) lowest = std::min(lowest, wrap.kek_version);
  return lowest;
}

uint32_t BackupManifest::highest_kek_version() const {
  uint32_t highest = kek_version;
  for (const Wrap& wrap : wraps) highest = std::max(highest, wrap.kek_version);
  return highest;
}

std::string BackupManifest::ToText() const {
  Json object;
  object["form"] = kManifestForm;
  object["backup"] = backup_id;
  object["deployment"] = Base64UrlEncode(deployment_id);
  object["time"] = TimeText(time);
  object["schema"] = schema_version;
  object["sources"] = Json::array();
  for (const RootSource& source : sources) {
    object["sources"].push_back({{"id", source.id},
                                 {"kind", source.kind},
                                 {"params", source.params},
                                 {"time", TimeText(source.create_time)}});
  }
  object["wraps"] = Json::array();
  for (const Wrap& wrap : wraps) {
    object["wraps"].push_back({{"key", wrap.kek_version},
                               {"key_id", Base64UrlEncode(wrap.key_id)},
                               {"source", wrap.source_id},
                               {"wrapped", Base64UrlEncode(wrap.wrapped)}});
  }
  object["key"] = kek_version;
  object["wrapped_key"] = Base64UrlEncode(wrapped_key);
  object["data_keys"] = static_cast<uint64_t>(data_keys);
  object["records"] = static_cast<uint64_t>(records);
  object["broken"] = static_cast<uint64_t>(broken);
  object["data_keys_root"] = Base64UrlEncode(data_keys_root);
  object["connections"] = static_cast<uint64_t>(connections);
  object["audit_sequence"] = audit_sequence;
  object["audit_leaf"] = Base64UrlEncode(audit_leaf_hash);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<BackupManifest> BackupManifest::Parse(absl::string_view text) {
  const absl::Status refused =
      errors::BackupBroken("what it says of itself cannot be read");
  const Json object = Json::parse(text.begin(), text.end(), nullptr,
                                  /*allow_exceptions=*/false);
  ManifestReader in(object);
  BackupManifest manifest;
  if (in.Text("form") != kManifestForm) return refused;
  manifest.backup_id = in.Text("backup");
  manifest.deployment_id = in.Blob("deployment", kIdBytes);
  manifest.time = in.Time("time");
  manifest.schema_version = static_cast<int>(in.Count("schema", INT32_MAX));
  for (const Json& one : in.List("sources")) {
    ManifestReader source(one);
    manifest.sources.push_back({source.Text("id"), source.Text("kind"),
                                source.Text("params"), source.Time("time")});
    in.Join(source);
  }
  for (const Json& one : in.List("wraps")) {
    ManifestReader wrap(one);
    manifest.wraps.push_back({wrap.Version("key"),
                              wrap.Blob("key_id", kIdBytes),
                              wrap.Text("source"), wrap.Blob("wrapped")});
    in.Join(wrap);
  }
  manifest.kek_version = in.Version("key");
  manifest.wrapped_key = in.Blob("wrapped_key");
  manifest.data_keys = in.Count("data_keys");
  manifest.records = in.Count("records");
  manifest.broken = in.Count("broken");
  manifest.data_keys_root = in.Blob("data_keys_root", kHashBytes);
  manifest.connections = in.Count("connections");
  manifest.audit_sequence = static_cast<uint64_t>(in.Count("audit_sequence"));
  manifest.audit_leaf_hash = in.Blob("audit_leaf");
  // The only text that says this is the one that we write.
  if (!in.good() || manifest.ToText() != text) return refused;
  return manifest;
}

}  // namespace tokenvault
