#include "vault/root_source_admin.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

AuditEntry SourceEvent(absl::string_view kind, const std::string& id,
                       const std::string& request_id, absl::Time now) {
  AuditEvent event;
  event.kind = kind;
  event.actor = "operator";
  event.request_id = request_id;
  event.detail = absl::StrCat("root source ", id);
  return MakeAuditEntry(event, now);
}

bool IsInUse(const Kek& key) {
  return key.state != KekState::kRetired && key.state != KekState::kDestroyed;
}

}  // namespace

RootSourceAdmin::RootSourceAdmin(const Clock& clock, Store& store,
                                 KeyKeeper& keys, RootSources& sources,
                                 Operations& operations)
    : clock_(clock),
      store_(store),
      keys_(keys),
      sources_(sources),
      operations_(operations) {}

absl::StatusOr<std::vector<RootSourceAdmin::SourceInfo>> RootSourceAdmin::List()
    const {
  ASSIGN_OR_RETURN(std::vector<RootSource> rows, store_.ListRootSources());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store_.ListKekWraps());
  std::vector<SourceInfo> infos;
  for (const RootSource& row : rows) {
    SourceInfo info{row.id, row.kind, row.create_time, {}, {}};
    for (const KekWrap& wrap : wraps) {
      if (wrap.source_id == row.id) {
        info.key_versions.push_back(wrap.kek_version);
      }
    }
    info.opens = sources_.Open(row.id).status();
    infos.push_back(std::move(info));
  }
  for (const RootSourceSettings& known : sources_.settings()) {
    const bool is_of_vault = std::any_of(
        rows.begin(), rows.end(),
        [&known](const RootSource& row) { return row.id == known.id; });
    if (is_of_vault) continue;
    infos.push_back({known.id,
                     known.kind,
                     absl::InfinitePast(),
                     {},
                     errors::RootSourceClosed(absl::StrCat(
                         known.id, " is configured, and was not added"))});
  }
  return infos;
}

absl::Status RootSourceAdmin::Add(const std::string& id,
                                  const Secret& passphrase, bool renews,
                                  const std::string& request_id) {
  const RootSourceSettings* settings = sources_.Find(id);
  if (settings == nullptr) {
    return errors::ResourceDenied(absl::StrCat("rootSources/", id));
  }
  return operations_.Run([&](Operation&) -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<RootSource> rows, store_.ListRootSources());
    const bool is_there =
        std::any_of(rows.begin(), rows.end(),
                    [&id](const RootSource& row) { return row.id == id; });
    if (is_there && !renews) return errors::AlreadyExists("root source");
    if (!is_there && renews) {
      return errors::ResourceDenied(absl::StrCat("rootSources/", id));
    }
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(NewRoot made,
                     MakeRoot(keys_.arena(), *settings, passphrase, now));
    ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, WrapAllBy(made.key, id));
    WriteBatch batch;
    if (is_there) batch.Remove(WriteBatch::RemoveRootSource{id});
    batch.Insert(std::move(made.source));
    for (KekWrap& wrap : wraps) batch.Insert(std::move(wrap));
    batch.Append(SourceEvent(is_there ? audit_kind::kRootSourceRenewed
                                      : audit_kind::kRootSourceAdded,
                             id, request_id, now));
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
    if (settings->kind == "passphrase" && !passphrase.empty()) {
      RETURN_IF_ERROR(sources_.Unlock(id, passphrase));
    }
    return is_there ? store_.Scrub() : absl::OkStatus();
  });
}

// The ring has those that are in use; a key whose rotation was interrupted is
// not in it yet, and is opened by the sources that have it.
absl::StatusOr<std::vector<KekWrap>> RootSourceAdmin::WrapAllBy(
    const RootKey& root, const std::string& id) const {
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, keys_.ring());
  ASSIGN_OR_RETURN(auto wrapped,
                   ring->WrapAll(root, keys_.deployment_id(), id));
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  for (const Kek& key : keys) {
    const uint32_t version = key.version_number;
    if (!IsInUse(key) || wrapped.contains(version)) continue;
    ASSIGN_OR_RETURN(ArenaKey opened, sources_.Unwrap(version));
    ASSIGN_OR_RETURN(wrapped[version], root.WrapMasterKey(keys_.deployment_id(),
                                                          version, id, opened));
  }
  std::vector<KekWrap> wraps;
  for (auto& [version, bytes] : wrapped) {
    wraps.push_back({version, id, std::move(bytes)});
  }
  return wraps;
}

absl::Status RootSourceAdmin::Remove(const std::string& id,
                                     const std::string& request_id) {
  return operations_.Run([&](Operation&) -> absl::Status {
    RETURN_IF_ERROR(CheckOthersDo(id));
    WriteBatch batch;
    batch.Remove(WriteBatch::RemoveRootSource{id});
    batch.Append(SourceEvent(audit_kind::kRootSourceRemoved, id, request_id,
                             clock_.Now()));
    absl::Status removed = store_.Commit(std::move(batch));
    if (HasReason(removed, "NOT_FOUND")) {
      return errors::ResourceDenied(absl::StrCat("rootSources/", id));
    }
    RETURN_IF_ERROR(removed);
    return store_.Scrub();
  });
}

// Another source must open the vault today, and every key that this one wraps
// must be wrapped by another.
absl::Status RootSourceAdmin::CheckOthersDo(const std::string& id) const {
  ASSIGN_OR_RETURN(std::vector<RootSource> rows, store_.ListRootSources());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store_.ListKekWraps());
  const bool another_opens =
      std::any_of(rows.begin(), rows.end(), [&](const RootSource& row) {
        return row.id != id && sources_.Open(row.id).ok();
      });
  if (!another_opens) {
    return errors::RootSourceNeeded(id, "no other source opens now");
  }
  for (const KekWrap& wrap : wraps) {
    if (wrap.source_id != id) continue;
    const bool wrapped_elsewhere =
        std::any_of(wraps.begin(), wraps.end(), [&](const KekWrap& other) {
          return other.source_id != id && other.kek_version == wrap.kek_version;
        });
    if (!wrapped_elsewhere) {
      return errors::RootSourceNeeded(
          id, absl::StrCat("master key ", wrap.kek_version,
                           " is wrapped by nothing else"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
