// Part `proofs`: what base/merkle_tree proves is believed by an implementation of RFC 9162
// that we did not write, and what is not so is not.
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { Tree, leafHash } from './tree.mjs';
import { BIN } from './verifier.mjs';

const LARGEST = 1_000_000;

// That package hashes by `window`, or by an exception for each hash.
globalThis.window = {
  crypto: { subtle: { digest: async (_, bytes) => hash('sha256', bytes, 'buffer') } },
};
const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const { RFC9162 } = require('@transmute/rfc9162');

const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const isPowerOf2 = (n) => Number.isInteger(Math.log2(n));

// tests/audit/merkle_proofs over the leaves "0", "1", …: a question a line.
class Prover {
  constructor(leaves) {
    this.child = spawn(path.join(BIN, 'merkle_proofs'), [String(leaves)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async ask(questions) {
    this.child.stdin.write(questions.map((q) => `${q}\n`).join(''));
    const answers = [];
    for (let i = 0; i < questions.length; i += 1) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error('merkle_proofs ended');
      answers.push(value.split(' ').filter((word) => word !== '').map(bytes));
    }
    return answers;
  }

  async end() {
    this.child.stdin.end();
    await once(this.child, 'close');
  }
}

function believesInclusion(root, leaf, size, proof) {
  return RFC9162.verifyInclusionProof(root, new Uint8Array(leafHash(String(leaf))),
    { log_id: '', tree_size: size, leaf_index: leaf, inclusion_path: proof });
}

// Step 2 of RFC 9162, section 2.1.4.2, is the caller's there.
function believesConsistency(oldRoot, root, old, size, proof) {
  return RFC9162.verifyConsistencyProof(oldRoot, root, {
    log_id: '', tree_size_1: old, tree_size_2: size, consistency_path: isPowerOf2(old) ? [oldRoot, ...proof] : proof,
  });
}

class Judge {
  counts = { inclusions: 0, consistencies: 0, refused: 0 };

  constructor(prover, random, fail) { Object.assign(this, { prover, random, fail }); }

  async inclusions(size, leaves, root) {
    const proofs = await this.prover.ask(leaves.map((leaf) => `inclusion ${leaf} ${size}`));
    for (const [i, proof] of proofs.entries()) {
      const leaf = leaves[i];
      if (!await believesInclusion(root, leaf, size, proof)) this.fail(`leaf ${leaf} of ${size} was not believed`);
      this.counts.inclusions += 1;
      // Now and then of another leaf, which it must not prove.
      if (size > 1 && this.random.onceIn(20)) {
        if (await believesInclusion(root, (leaf + 1) % size, size, proof)) this.fail(`leaf ${leaf} of ${size} proves another`);
        this.counts.refused += 1;
      }
    }
  }

  async consistencies(size, olds, roots, root) {
    const proofs = await this.prover.ask(olds.map((old) => `consistency ${old} ${size}`));
    for (const [i, proof] of proofs.entries()) {
      const old = olds[i];
      if (!await believesConsistency(roots(old), root, old, size, proof)) this.fail(`${old} to ${size} was not believed`);
      this.counts.consistencies += 1;
    }
  }
}

export async function proofs({ random, size: { allUpTo, largeTrees }, fail }) {
  const tree = new Tree();
  const large = Array.from({ length: largeTrees }, () => random.between(allUpTo + 1, LARGEST));
  for (let leaf = 0; leaf < Math.max(...large); leaf += 1) tree.append(String(leaf));
  const prover = new Prover(tree.size);
  const judge = new Judge(prover, random, fail);
  const roots = (n) => new Uint8Array(tree.root(n));
  const entries = [];
  for (let size = 1; size <= allUpTo; size += 1) {
    const upTo = Array.from({ length: size }, (_, i) => i);
    entries.push(new TextEncoder().encode(String(size - 1)));
    const [[ours]] = await prover.ask([`root ${size}`]);
    const theirs = await RFC9162.treeHead(entries);
    if (Buffer.compare(ours, theirs) !== 0 || Buffer.compare(ours, roots(size)) !== 0) fail(`the root of ${size} leaves`);
    await judge.inclusions(size, upTo, ours);
    // From all smaller trees to every fifth, and from some to each.
    const olds = upTo.slice(1).filter((old) => size % 5 === 0 || random.onceIn(8) || isPowerOf2(old));
    await judge.consistencies(size, olds, roots, ours);
  }
  for (const size of large) {
    const [[ours]] = await prover.ask([`root ${size}`]);
    if (Buffer.compare(ours, roots(size)) !== 0) fail(`the root of ${size} leaves`);
    await judge.inclusions(size, [0, size - 1, random.between(0, size - 1), random.between(0, size - 1)], ours);
    const olds = [1, random.between(2, size - 1), 2 ** Math.floor(Math.log2(size - 1)), random.between(2, size - 1)];
    await judge.consistencies(size, olds, roots, ours);
  }
  await prover.end();
  return judge.counts;
}
