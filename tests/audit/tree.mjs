// The tree of RFC 6962, section 2.1, written from its text: it shares nothing with
// base/merkle_tree, which it is to judge.
import { hash } from 'node:crypto';

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

const sha256 = (...parts) => hash('sha256', Buffer.concat(parts), 'buffer');

export const leafHash = (leaf) => sha256(LEAF, Buffer.from(leaf));
const nodeHash = (left, right) => sha256(NODE, left, right);

export class Tree {
  // The full subtrees by level: #levels[l][i] is over the leaves from i << l.
  #levels = [[]];

  get size() { return this.#levels[0].length; }

  append(leaf) {
    let above = leafHash(leaf);
    for (let level = 0; ; level += 1) {
      this.#levels[level] ??= [];
      const row = this.#levels[level];
      row.push(above);
      if (row.length % 2 === 1) return this;
      above = nodeHash(row.at(-2), row.at(-1));
    }
  }

  // MTH(D[from:to]).
  #root(from, to) {
    const count = to - from;
    const level = Math.log2(count);
    if (Number.isInteger(level)) return this.#levels[level][from / count];
    const middle = from + 2 ** Math.floor(level);
    return nodeHash(this.#root(from, middle), this.#root(middle, to));
  }

  root(size = this.size) { return size === 0 ? sha256() : this.#root(0, size); }

  // The roots of the full subtrees of the first `size` leaves, the largest first.
  subtrees(size = this.size) {
    const roots = [];
    for (let from = 0; from < size;) {
      const count = 2 ** Math.floor(Math.log2(size - from));
      roots.push(this.#root(from, from + count));
      from += count;
    }
    return roots;
  }

  // PROOF(old, D[size]).
  consistency(old, size = this.size) {
    const sub = (m, from, to, whole) => {
      if (m === to - from) return whole ? [] : [this.#root(from, to)];
      const k = 2 ** Math.ceil(Math.log2(to - from) - 1);
      return m <= k
        ? [...sub(m, from, from + k, whole), this.#root(from + k, to)]
        : [...sub(m - k, from + k, to, false), this.#root(from, from + k)];
    };
    return sub(old, 0, size, true);
  }
}
