#include "vault/high_water_mark.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/merkle_tree.h"
#include "storage/small_file.h"

namespace tokenvault {
namespace {

constexpr char kMarkTitle[] = "tokenvault high-water mark v1";
constexpr char kMarkPurpose[] = "high-water mark";
constexpr size_t kMaxMark = 4096;
constexpr size_t kMarkLines = 5;  // the last one ends the text

struct Mark {
  std::string deployment;  // hex
  uint64_t sequence = 0;
  std::string leaf;  // hex
  std::string mac;
};

std::string SignedPart(const Mark& mark) {
  return absl::StrCat(kMarkTitle, "\ndeployment ", mark.deployment,
                      "\naudit-sequence ", mark.sequence, "\naudit-leaf ",
                      mark.leaf, "\n");
}

std::string MarkText(const Mark& mark) {
  return absl::StrCat(SignedPart(mark), "mac ", mark.mac, "\n");
}

// False for all that MarkText does not write.
bool ParseMark(const std::string& text, Mark& mark) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.size() != kMarkLines + 1) return false;
  absl::string_view deployment = lines[1];
  absl::string_view sequence = lines[2];
  absl::string_view leaf = lines[3];
  absl::string_view mac = lines[4];
  if (!absl::ConsumePrefix(&deployment, "deployment ") ||
      !absl::ConsumePrefix(&sequence, "audit-sequence ") ||
      !absl::ConsumePrefix(&leaf, "audit-leaf ") ||
      !absl::ConsumePrefix(&mac, "mac ") ||
      !absl::SimpleAtoi(sequence, &mark.sequence)) {
    return false;
  }
  mark.deployment = std::string(deployment);
  mark.leaf = std::string(leaf);
  mark.mac = std::string(mac);
  return MarkText(mark) == text;
}

absl::StatusOr<Mark> MarkOf(const Store& store, const KeyKeeper& keys) {
  ASSIGN_OR_RETURN(std::vector<AuditEntry> last,
                   store.ListLastAuditEntries(AuditFilter(), 1));
  Mark mark;
  mark.deployment = HexEncode(keys.deployment_id());
  if (!last.empty()) {
    mark.sequence = last.front().sequence;
    mark.leaf = HexEncode(MerkleLeafHash(last.front().leaf));
  }
  ASSIGN_OR_RETURN(mark.mac, keys.Derive(kMarkPurpose, SignedPart(mark)));
  return mark;
}

}  // namespace

HighWaterMark::HighWaterMark(const Clock& clock, const Store& store,
                             const KeyKeeper& keys, std::string path)
    : clock_(clock), store_(store), keys_(keys), path_(std::move(path)) {}

absl::Status HighWaterMark::Check() const {
  absl::StatusOr<std::string> text = ReadSmallFile(path_, kMaxMark);
  if (HasReason(text.status(), "NOT_FOUND")) return absl::OkStatus();
  RETURN_IF_ERROR(text.status());
  Mark mark;
  if (!ParseMark(*text, mark)) {
    return errors::DatabaseRolledBack(
        absl::StrCat(path_, ", which says how far it was, was changed"));
  }
  if (mark.deployment != HexEncode(keys_.deployment_id())) {
    Log(LogLevel::kWarning, "high_water.foreign",
        "the mark beside the database is of another vault, and is made anew");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::string mac,
                   keys_.Derive(kMarkPurpose, SignedPart(mark)));
  if (!EqualInConstantTime(mark.mac, mac)) {
    return errors::DatabaseRolledBack(
        absl::StrCat(path_, ", which says how far it was, was changed"));
  }
  if (mark.sequence == 0) return absl::OkStatus();
  AuditFilter filter;
  filter.after_sequence = mark.sequence - 1;
  ASSIGN_OR_RETURN(std::vector<AuditEntry> found,
                   store_.ListAuditEntries(filter, 1));
  if (found.empty()) {
    ASSIGN_OR_RETURN(StoreStatus status, store_.GetStatus());
    return errors::DatabaseRolledBack(
        absl::StrCat("its audit log ends with leaf ", status.audit_entries,
                     ", and had ", mark.sequence, " already"));
  }
  if (HexEncode(MerkleLeafHash(found.front().leaf)) != mark.leaf) {
    return errors::DatabaseRolledBack(absl::StrCat(
        "leaf ", mark.sequence, " of its audit log is another than it was"));
  }
  return absl::OkStatus();
}

absl::Status HighWaterMark::Write() {
  ASSIGN_OR_RETURN(Mark mark, MarkOf(store_, keys_));
  RETURN_IF_ERROR(WriteSmallFile(path_, MarkText(mark)));
  sequence_ = mark.sequence;
  written_ = clock_.SinceBoot();
  return absl::OkStatus();
}

void HighWaterMark::Keep() {
  absl::StatusOr<std::vector<AuditEntry>> last =
      store_.ListLastAuditEntries(AuditFilter(), 1);
  if (!last.ok() || last->empty()) return;
  const uint64_t sequence = last->front().sequence;
  if (sequence == sequence_) return;
  if (clock_.SinceBoot() < written_ + kEvery &&
      sequence < sequence_ + kLeaves) {
    return;
  }
  absl::Status written = Write();
  if (!written.ok() && !failing_) {
    Log(LogLevel::kWarning, "high_water.unwritten",
        "how far the audit log is could not be written beside the database",
        {{LogKey::kReason, ReasonOf(written)}});
  }
  failing_ = !written.ok();
}

absl::StatusOr<std::string> HighWaterMark::TextOf(const Store& store,
                                                  const KeyKeeper& keys) {
  ASSIGN_OR_RETURN(Mark mark, MarkOf(store, keys));
  return MarkText(mark);
}

}  // namespace tokenvault
