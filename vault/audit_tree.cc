#include "vault/audit_tree.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr uint64_t kWidth = AuditTile::kMostHashes;
constexpr int kLevelsOfATile = 8;  // 2^8 hashes

absl::Status Broken(absl::string_view how) {
  Log(LogLevel::kError, "audit.tree_broken", how);
  return errors::StorageCorrupt();
}

size_t CountOf(const AuditTile& tile) {
  return tile.hashes.size() / kSha256Size;
}

std::string HashAt(const AuditTile& tile, uint64_t at) {
  return tile.hashes.substr(at * kSha256Size, kSha256Size);
}

// Over `count` hashes of the tile, a power of two.
std::string RootWithin(const AuditTile& tile, uint64_t first, uint64_t count) {
  MerkleRoot root;
  for (uint64_t i = 0; i < count; ++i) root.AppendHash(HashAt(tile, first + i));
  return root.Root();
}

// Nodes by the tiles that hold them, or what they are made of. A proof asks for
// several of one tile.
class TileReader {
 public:
  explicit TileReader(const Store& store) : store_(store) {}

  absl::StatusOr<std::string> operator()(int level, uint64_t index) const {
    const int within = level % kLevelsOfATile;
    const uint64_t count = uint64_t{1} << within;
    const uint64_t first = index << within;
    ASSIGN_OR_RETURN(const AuditTile* tile,
                     Get(level / kLevelsOfATile, first / kWidth));
    if (first % kWidth + count > CountOf(*tile)) {
      return errors::Internal("the tree is not that large");
    }
    return RootWithin(*tile, first % kWidth, count);
  }

 private:
  absl::StatusOr<const AuditTile*> Get(int level, uint64_t index) const {
    auto known = tiles_.find({level, index});
    if (known == tiles_.end()) {
      ASSIGN_OR_RETURN(AuditTile tile, store_.GetAuditTile(level, index));
      known = tiles_.emplace(std::pair(level, index), std::move(tile)).first;
    }
    return &known->second;
  }

  const Store& store_;
  mutable std::map<std::pair<int, uint64_t>, AuditTile> tiles_;
};

void Write(const AuditTile& tile, WriteBatch& batch) {
  if (tile.version > 0) return batch.Update(tile);
  AuditTile first = tile;
  first.version = 1;
  batch.Insert(std::move(first));
}

}  // namespace

absl::StatusOr<AuditTree::Edge> AuditTree::Load() const {
  Edge edge;
  uint64_t leaves = 0;
  uint64_t below = 0;  // full tiles of the level below
  for (int level = 0; level < AuditTile::kLevels; ++level) {
    absl::StatusOr<AuditTile> last = store_.GetLastAuditTile(level);
    AuditTile next;
    next.level = level;
    if (last.ok()) {
      next = *std::move(last);
    } else if (!HasReason(last.status(), "NOT_FOUND")) {
      return last.status();
    }
    const uint64_t count = next.index * kWidth + CountOf(next);
    if (level > 0 && count != below) {
      return Broken("the tree of the audit log has a hole");
    }
    if (level == 0) leaves = count;
    below = count / kWidth;
    if (CountOf(next) == kWidth) {
      next = AuditTile{level, next.index + 1, "", 0};
    }
    edge.tiles.push_back(std::move(next));
  }
  ASSIGN_OR_RETURN(std::vector<std::string> subtrees, SubtreesOf(leaves));
  ASSIGN_OR_RETURN(edge.root, MerkleRoot::Resume(leaves, std::move(subtrees)));
  return edge;
}

void AuditTree::Append(const std::string& leaf_hash, Edge& edge,
                       Changes& full_tiles) {
  edge.root.AppendHash(leaf_hash);
  std::string hash = leaf_hash;
  for (AuditTile& tile : edge.tiles) {
    tile.hashes += hash;
    if (CountOf(tile) < kWidth) return;
    hash = RootWithin(tile, 0, kWidth);
    AuditTile next{tile.level, tile.index + 1, "", 0};
    full_tiles.push_back(std::exchange(tile, std::move(next)));
  }
}

absl::StatusOr<AuditTree::Head> AuditTree::Grow(
    uint64_t most,
    absl::FunctionRef<absl::Status(const Head&, WriteBatch&)> with) {
  MutexLock lock(growing_);
  if (!edge_.has_value()) {
    ASSIGN_OR_RETURN(edge_, Load());
  }
  AuditFilter filter;
  filter.after_sequence = edge_->root.size();
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> entries,
                   store_.ListAuditEntries(filter, static_cast<int>(most)));
  Edge edge = *edge_;
  Changes changes;
  std::vector<size_t> before;
  for (const AuditTile& tile : edge.tiles) before.push_back(CountOf(tile));
  for (const AuditEntry& entry : entries) {
    if (entry.sequence != edge.root.size() + 1) {
      return Broken("the audit log has a gap");
    }
    Append(MerkleLeafHash(entry.leaf), edge, changes);
  }
  Head head = {edge.root.size(), edge.root.Root()};
  if (entries.empty()) return head;

  WriteBatch batch;
  for (const AuditTile& tile : changes) Write(tile, batch);
  for (AuditTile& tile : edge.tiles) {
    const bool moved = tile.index != edge_->tiles[tile.level].index;
    if (CountOf(tile) == (moved ? 0 : before[tile.level])) continue;
    Write(tile, batch);
    ++tile.version;  // as it is in the store then
  }
  RETURN_IF_ERROR(with(head, batch));
  absl::Status committed = store_.Commit(std::move(batch));
  if (!committed.ok()) {
    edge_.reset();  // whether it is there, the store knows
    return committed;
  }
  edge_ = std::move(edge);
  return head;
}

absl::StatusOr<AuditTree::Head> AuditTree::head() {
  MutexLock lock(growing_);
  if (!edge_.has_value()) {
    ASSIGN_OR_RETURN(edge_, Load());
  }
  return Head{edge_->root.size(), edge_->root.Root()};
}

absl::StatusOr<std::string> AuditTree::RootOf(uint64_t size) const {
  return MerkleRootOf(size, TileReader(store_));
}

absl::StatusOr<std::vector<std::string>> AuditTree::SubtreesOf(
    uint64_t size) const {
  return MerkleSubtrees(size, TileReader(store_));
}

absl::StatusOr<std::vector<std::string>> AuditTree::ProveInclusion(
    uint64_t index, uint64_t size) const {
  return MerkleInclusionProof(index, size, TileReader(store_));
}

absl::StatusOr<std::vector<std::string>> AuditTree::ProveConsistency(
    uint64_t old_size, uint64_t size) const {
  return MerkleConsistencyProof(old_size, size, TileReader(store_));
}

absl::StatusOr<std::vector<std::string>> AuditTree::LeafHashes(
    uint64_t index) const {
  ASSIGN_OR_RETURN(const AuditTile tile, store_.GetAuditTile(0, index));
  std::vector<std::string> hashes;
  for (size_t i = 0; i < CountOf(tile); ++i) hashes.push_back(HashAt(tile, i));
  return hashes;
}

}  // namespace tokenvault
