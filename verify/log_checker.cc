#include "verify/log_checker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "verify/leaf_form.h"

namespace tokenvault {
namespace {

// The sentence of a status of crypto/, without the field it names: ours.
std::string ProblemOf(const absl::Status& status) {
  return std::string(status.message());
}

}  // namespace

void LogChecker::BeginFile(const std::string& name) {
  file_ = name;
  line_ = 0;
  readable_ = false;
  closed_ = false;
  beyond_ = false;
  ++report_.files;
}

void LogChecker::Line(uint64_t number, absl::string_view line) {
  line_ = number;
  if (number == 1) return Header(line);
  if (!readable_) return;
  if (beyond_) {
    return Complain("stands behind the checkpoint that ends the export");
  }
  closed_ = false;
  if (IsExportCheckpoint(line)) return CheckpointLine(line);
  Leaf(line);
}

void LogChecker::TooLongLine(uint64_t number) {
  line_ = number;
  closed_ = false;
  Complain("is longer than any line of an export");
  if (!readable_) return;
  // Most likely a leaf; the next checkpoint will tell.
  ++position_;
  tree_.reset();
}

// ------------------------------------------------------------------- header --

void LogChecker::Header(absl::string_view line) {
  const absl::StatusOr<ExportHeader> header = ParseExportHeader(line);
  if (!header.ok()) {
    Complain(absl::StrCat(ProblemOf(header.status()),
                          "; the rest of the file was not checked"));
    tree_.reset();
    return;
  }
  if (!Admit(*header)) return;
  readable_ = true;
  last_ = header->last;
  Follow(*header);
}

// Whether there is a key to go by.
bool LogChecker::Admit(const ExportHeader& header) {
  const absl::StatusOr<NoteVerifier> named = NoteVerifier::Parse(header.key);
  const bool first = !log_.has_value();
  if (first) {
    if (!trust_.key.has_value() && !named.ok()) {
      Complain("names a key that is none; the file was not checked");
      return false;
    }
    log_ = trust_.key.has_value() ? *trust_.key : *named;
    report_.origin = log_->name;
    report_.key = log_->ToString();
    report_.key_was_given = trust_.key.has_value();
    kept_ = trust_.kept.Of(*log_, trust_.witnesses, report_);
    report_.kept = kept_.size();
  }
  if (header.key != log_->ToString()) {
    Complain(trust_.key.has_value()
                 ? "names another key than the one given by --key"
                 : "names another key than the export before");
  }
  if (header.origin != log_->name) {
    Complain("is of another log than its key, by the name");
  }
  return true;
}

void LogChecker::Follow(const ExportHeader& header) {
  const uint64_t before = header.first - 1;
  // Cannot fail: the header was read with as many hashes as it needs.
  absl::StatusOr<MerkleRoot> edge = MerkleRoot::Resume(before, header.edge);
  std::optional<MerkleRoot> tree;
  if (edge.ok()) tree = *std::move(edge);
  least_ = before;
  if (!began_) {
    began_ = true;
    BeginStretch(header.first, std::move(tree));
    report_.kept_before = SkipKept(before);
    return PassKept();
  }
  if (before != position_) {
    Complain("does not begin where the export before it ends");
    EndTail();
    SkipKept(before);
  } else if (tree_.has_value() && tree_->subtrees() == header.edge) {
    return;
  } else if (tree_.has_value()) {
    Damaged(before, "the next export begins with another edge");
  } else {
    EndTail();
  }
  BeginStretch(header.first, std::move(tree));
  PassKept();
}

// ------------------------------------------------------------------- leaves --

void LogChecker::Leaf(absl::string_view line) {
  ++position_;
  ++report_.leaves;
  if (!IsLeaf(line)) {
    Complain("is neither a leaf in its canonical form nor a checkpoint");
  }
  if (tree_.has_value()) tree_->Append(line);
  PassKept();
}

// -------------------------------------------------------------- checkpoints --

void LogChecker::CheckpointLine(absl::string_view line) {
  const absl::StatusOr<ExportCheckpoint> read = ParseExportCheckpoint(line);
  if (!read.ok()) return Complain(ProblemOf(read.status()));
  const absl::StatusOr<Checkpoint> checkpoint =
      OpenCheckpoint(read->note, *log_);
  if (!checkpoint.ok()) return Complain(ProblemOf(checkpoint.status()));
  if (checkpoint->size < least_) {
    return Complain(
        absl::StrCat("a checkpoint of ", checkpoint->size,
                     " leaves stands behind one of as many or more"));
  }
  closed_ = true;
  least_ = checkpoint->size + 1;
  covered_ = std::max(covered_, checkpoint->size);
  ++report_.checkpoints;
  if (read->consistency.empty()) {
    Within(*checkpoint, *read);
  } else {
    Beyond(*checkpoint, *read);
  }
}

void LogChecker::Within(const Checkpoint& checkpoint,
                        const ExportCheckpoint& line) {
  absl::StatusOr<MerkleRoot> edge =
      MerkleRoot::Resume(checkpoint.size, line.edge);
  const bool agrees = tree_.has_value() && position_ == checkpoint.size &&
                      tree_->Root() == checkpoint.root;
  if (agrees) {
    SettleKept(checkpoint.size, /*tree_was_confirmed=*/true);
    stretch_.Confirm(checkpoint.size);
    if (tree_->subtrees() != line.edge) {
      Complain("the edge beside the checkpoint is not that of its leaves");
    }
  } else {
    Disagree(checkpoint, std::move(edge));
  }
  Witness(checkpoint, line.note, checkpoint.size);
}

void LogChecker::Disagree(const Checkpoint& checkpoint,
                          absl::StatusOr<MerkleRoot> edge) {
  SettleKept(checkpoint.size, /*tree_was_confirmed=*/false);
  if (!tree_.has_value()) {
    Damaged(checkpoint.size, "nothing told what was before these leaves");
  } else if (position_ > checkpoint.size) {
    Damaged(checkpoint.size, "there are more leaves than the checkpoint says");
  } else if (position_ < checkpoint.size) {
    Damaged(checkpoint.size, "there are fewer leaves than the checkpoint says");
  } else {
    Damaged(checkpoint.size, "the leaves are not those of the checkpoint");
  }
  std::optional<MerkleRoot> tree;
  if (edge.ok() && edge->Root() == checkpoint.root) {
    tree = *std::move(edge);
  } else {
    Complain("the edge beside the checkpoint is not that of its root");
  }
  BeginStretch(checkpoint.size + 1, std::move(tree));
}

void LogChecker::Beyond(const Checkpoint& checkpoint,
                        const ExportCheckpoint& line) {
  beyond_ = true;
  const uint64_t size = position_;
  bool grew = false;
  if (tree_.has_value() && checkpoint.size > size) {
    const std::string root = tree_->Root();
    const auto roots =
        RootsOfConsistency(size, root, checkpoint.size, line.consistency);
    grew =
        roots.ok() && roots->old_root == root && roots->root == checkpoint.root;
  }
  // It says of itself that there is none in between.
  SettleKept(checkpoint.size, grew);
  if (!grew) {
    Damaged(size, "the checkpoint beyond did not grow out of these leaves");
    return BeginStretch(size + 1, std::nullopt);
  }
  stretch_.Confirm(size);
  Witness(checkpoint, line.note, size);
}

// ---------------------------------------------------------------- witnesses --

void LogChecker::Witness(const Checkpoint& checkpoint, const std::string& note,
                         uint64_t up_to) {
  for (const WitnessKey& witness : trust_.witnesses) {
    const auto time = CosignedAt(note, witness);
    if (!time.ok()) {
      Complain(absl::StrCat("has a cosignature of ", Printable(witness.name),
                            " that is false"));
    } else if (time->has_value()) {
      stretch_.Vouch({witness.name, up_to, **time});
      agreed_ = std::max(agreed_, up_to);
    }
  }
  const auto at =
      std::lower_bound(kept_.begin(), kept_.end(), checkpoint.size,
                       [](const KeptCheckpoint& kept, uint64_t size) {
                         return kept.size < size;
                       });
  for (auto it = at; it != kept_.end() && it->size == checkpoint.size; ++it) {
    CompareKept(*it, checkpoint.root);
    if (it->root == checkpoint.root) stretch_.Vouch({it->by, up_to, it->at});
  }
}

// Those of before the leaves here, of which nothing can be said.
uint64_t LogChecker::SkipKept(uint64_t size) {
  uint64_t skipped = 0;
  for (; next_kept_ < kept_.size() && kept_[next_kept_].size < size;
       ++next_kept_) {
    ++skipped;
  }
  return skipped;
}

void LogChecker::PassKept() {
  while (next_kept_ < kept_.size() && kept_[next_kept_].size <= position_) {
    std::optional<std::string> root;
    if (tree_.has_value() && kept_[next_kept_].size == position_) {
      root = tree_->Root();
    }
    passed_.push_back({next_kept_++, std::move(root)});
  }
}

void LogChecker::SettleKept(uint64_t size, bool tree_was_confirmed) {
  while (next_kept_ < kept_.size() && kept_[next_kept_].size <= size) {
    passed_.push_back({next_kept_++, std::nullopt});
  }
  std::vector<Passed> later;
  for (Passed& passed : passed_) {
    const KeptCheckpoint& kept = kept_[passed.kept];
    if (!tree_was_confirmed) passed.root.reset();
    if (kept.size > size) later.push_back(passed);
    if (kept.size >= size) continue;
    Complain(absl::StrCat("a checkpoint of ", kept.size, " leaves that ",
                          Printable(kept.by), " kept is not in the export"));
    if (passed.root.has_value()) {
      CompareKept(kept, *passed.root);
      if (kept.root != *passed.root) continue;
      stretch_.Confirm(kept.size);
      stretch_.Vouch({kept.by, kept.size, kept.at});
    }
  }
  passed_ = std::move(later);
}

void LogChecker::CompareKept(const KeptCheckpoint& kept,
                             absl::string_view root) {
  if (kept.root == root) {
    agreed_ = std::max(agreed_, kept.size);
    return;
  }
  Complain(absl::StrCat("these are not the leaves that ", Printable(kept.by),
                        " kept a checkpoint of: two histories were signed"),
           kept.size > agreed_ ? agreed_ + 1 : 0, kept.size);
}

// ---------------------------------------------------------------- stretches --

void LogChecker::BeginStretch(uint64_t start, std::optional<MerkleRoot> tree) {
  stretch_.Tell(report_);
  stretch_ = Stretch(start);
  position_ = start - 1;
  tree_ = std::move(tree);
}

void LogChecker::Damaged(uint64_t last, absl::string_view problem) {
  const uint64_t first = stretch_.confirmed() + 1;
  if (first > last) return Complain(problem);
  stretch_.Tell(report_);
  report_.Add(LeafRange{first, last, LeafRange::State::kDamaged, {}});
  Complain(problem, first, last);
  stretch_ = Stretch(last + 1);
}

void LogChecker::Complain(absl::string_view problem, uint64_t first,
                          uint64_t last) {
  report_.Add(Fault{file_, line_, first, last, std::string(problem)});
}

// ------------------------------------------------------------------ the end --

void LogChecker::EndFile(bool whole) {
  if (line_ == 0) return Complain("is empty");
  if (!whole) Complain("has no line end: the file was cut off");
  line_ = 0;
  if (!readable_) return;
  if (!closed_) Complain("does not end with a checkpoint: it was cut off");
  if (position_ != last_) {
    Complain(absl::StrCat("should end with leaf ", last_,
                          ", and ends with leaf ", position_));
    if (last_ > position_) {
      Damaged(last_, "leaves are not there");
      position_ = last_;
      tree_.reset();
    }
  }
}

// The leaves that no checkpoint confirmed.
void LogChecker::EndTail() {
  if (position_ <= stretch_.confirmed()) return;
  if (!tree_.has_value()) {
    return Damaged(position_, "nothing told what was before these leaves");
  }
  const uint64_t first = stretch_.confirmed() + 1;
  const uint64_t last = position_;
  BeginStretch(last + 1, std::move(tree_));
  report_.Add(LeafRange{first, last, LeafRange::State::kUnsigned, {}});
  Complain("no checkpoint covers these leaves", first, last);
}

void LogChecker::Finish() {
  file_.clear();
  line_ = 0;
  if (!log_.has_value()) return;
  // What somebody kept may cover leaves that no checkpoint here does.
  SettleKept(position_ + 1, tree_.has_value());
  EndTail();
  stretch_.Tell(report_);
  covered_ = std::max(covered_, position_);
  for (const KeptCheckpoint& kept : kept_) {
    if (!began_ || kept.size <= covered_) continue;
    Complain(absl::StrCat(
        Printable(kept.by), " kept a checkpoint of ", kept.size,
        " leaves: the export ends early, or is old, or the log was cut off"));
  }
}

}  // namespace tokenvault
