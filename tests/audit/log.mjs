// A log as a vault would have written it, and exports of it, from docs/audit-format.md
// alone.
import { checkpointText, signedNote } from './notes.mjs';
import { Tree } from './tree.mjs';

const ACTIONS = ['token.granted', 'token.denied', 'refresh.done', 'refresh.failed', 'connection.created'];
const STARTED = Date.UTC(2026, 10, 28);
// Every second checkpoint has been to a witness.
const WITNESSED = 2;

const base64 = (hashes) => hashes.map((h) => h.toString('base64'));

function leafOf(random, number, life) {
  const time = new Date(STARTED + number * 700).toISOString().replace('Z', '000Z');
  return JSON.stringify({
    action: random.of(ACTIONS),
    actor: `agents/a${random.between(1, 9)}`,
    connection: `c-${random.between(1000, 9999)}`,
    outcome: random.of(['ok', 'ok', 'denied', 'error']),
    purpose: random.of(['plan "the" week', 'caf\u00e9 \u65e5\u672c', 'tab\tand\u0001', 'read mail']),
    request_id: `r-${life}-${number}`,
    scopes: ['calendar.read', 'mail.send'].slice(random.between(0, 1)),
    time,
    user: `p-${random.between(1e8, 9e8)}`,
  });
}

export class Log {
  leaves = [];
  tree = new Tree();
  notes = new Map();

  // `signer` signs; `witness` may be missing. `life` tells leaves of two logs apart.
  constructor({ random, signer, witness, life = 'a' }) {
    Object.assign(this, { random, signer, witness, life });
  }

  append(leaf = leafOf(this.random, this.leaves.length + 1, this.life)) {
    this.leaves.push(leaf);
    this.tree.append(leaf);
  }

  checkpoint() {
    const size = this.leaves.length;
    const text = checkpointText(this.signer.name, size, this.tree.root());
    const lines = [this.signer.line(text)];
    if (this.witness && this.notes.size % WITNESSED === 0) lines.push(this.witness.line(text, STARTED / 1000 + size));
    this.notes.set(size, signedNote(text, ...lines));
  }

  // Up to `size` leaves, with checkpoints here and there and at the end.
  grow(size) {
    while (this.leaves.length < size) {
      this.append();
      if (this.random.onceIn(90) || this.leaves.length === size) this.checkpoint();
    }
    return this;
  }

  // Another log with the same first leaves and checkpoints.
  forkAt(leaf, life) {
    const fork = new Log({ random: this.random, signer: this.signer, witness: null, life });
    for (let i = 0; i < leaf - 1; i += 1) fork.append(this.leaves[i]);
    for (const [size, note] of this.notes) if (size < leaf) fork.notes.set(size, note);
    return fork;
  }

  get sizes() { return [...this.notes.keys()]; }

  // The lines of an export, each with what it is: {text, leaf} or {text, size}.
  export(first = 1, last = this.leaves.length) {
    const header = {
      tokenvault_audit_export: 1, origin: this.signer.name, key: this.signer.vkey,
      first, last, edge: base64(this.tree.subtrees(first - 1)),
    };
    const lines = [{ text: JSON.stringify(header), header }];
    const put = (size, more) => {
      lines.push({ text: JSON.stringify({ checkpoint: this.notes.get(size), ...more }), size });
    };
    const putOwn = (size) => {
      if (this.notes.has(size)) put(size, { edge: base64(this.tree.subtrees(size)) });
    };
    putOwn(first - 1);
    for (let leaf = first; leaf <= last; leaf += 1) {
      lines.push({ text: this.leaves[leaf - 1], leaf });
      putOwn(leaf);
    }
    if (!this.notes.has(last)) {
      const size = this.sizes.find((n) => n > last);
      put(size, { consistency: base64(this.tree.consistency(last, size)) });
    }
    return lines;
  }
}

export const textOf = (lines) => lines.map(({ text }) => `${text}\n`).join('');
