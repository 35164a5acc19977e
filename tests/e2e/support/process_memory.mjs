// Looks for known bytes in all the memory of a process that this user may read.
//
//   const search = new MemorySearch({ 'refresh token': tokens, 'root key': [bytes] });
//   const { found, bytes } = search.process(pid);   // {'root key': ['[heap] 5581…', …]}
//
// Pieces are looked for, not wholes: what frees memory overwrites the first bytes of
// a block with its own, and most of a secret is no better than all of it.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PIECE = 12;
const CHUNK = 4 * 1024 * 1024;
const BITS = 22;

// The forms in which bytes travel. Base64 depends on where in a longer text they
// begin, so it is made three times, and what its neighbours decide is cut off.
function formsOf(bytes) {
  const forms = [bytes];
  const text = bytes.toString('latin1');
  const escaped = encodeURIComponent(text);
  if (/^[\x20-\x7e]*$/.test(text) && escaped !== text) forms.push(Buffer.from(escaped));
  forms.push(Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('hex').toUpperCase()));
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    for (const alphabet of ['base64', 'base64url']) {
      forms.push(Buffer.from(padded.toString(alphabet).replace(/=+$/, '').slice(before ? 4 : 0, -3)));
    }
  }
  return forms;
}

// [{begin, end, name, locked}] of what can be read and is the process's own.
// `locked`: never swapped and left out of core dumps.
function mappings(pid) {
  const areas = [];
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (head) {
      areas.push({ begin: parseInt(head[1], 16), end: parseInt(head[2], 16), mode: head[3], name: head[4] });
    } else if (line.startsWith('VmFlags:')) {
      areas.at(-1).locked = / lo\b/.test(line) && / dd\b/.test(line);
    }
  }
  return areas.filter(({ mode, name }) => mode[0] === 'r' && !/^\[v(var|syscall)/.test(name));
}

function readAt(file, chunk, wanted, at) {
  try {
    return readSync(file, chunk, 0, wanted, BigInt(at));
  } catch (error) {
    if (error.code === 'EIO' || error.code === 'EFAULT') return 0;
    throw error;
  }
}

export class MemorySearch {
  #pieces = new Map();
  #maybe = new Uint8Array(1 << BITS);

  // Texts or bytes by what they are; each of 12 or more.
  constructor(secrets) {
    for (const [kind, values] of Object.entries(secrets)) {
      for (const value of values) this.#add(kind, value);
    }
  }

  #add(kind, secret) {
    const bytes = Buffer.from(secret);
    if (bytes.length < PIECE) throw new Error(`too short to look for: ${kind}`);
    for (const form of formsOf(bytes).filter((one) => one.length >= PIECE)) {
      for (let at = 0; at + PIECE <= form.length; at += PIECE) this.#addPiece(kind, form, at);
      this.#addPiece(kind, form, form.length - PIECE);
    }
  }

  #addPiece(kind, form, at) {
    const piece = form.subarray(at, at + PIECE);
    const head = piece.readInt32LE(0);
    this.#maybe[hash(head)] = 1;
    const same = this.#pieces.get(head) ?? [];
    if (!same.some((one) => one.piece.equals(piece))) same.push({ kind, piece });
    this.#pieces.set(head, same);
  }

  // The kinds that are in `memory`.
  bytes(memory) {
    const found = new Set();
    this.#scan(memory, (kind) => found.add(kind));
    return [...found];
  }

  // `bytes` is how many were looked at, `hidden` how many nobody can read, not even
  // root: those of memfd_secret(2). What is locked and not hidden, on a kernel
  // without that, is not looked at either.
  process(pid) {
    const found = {};
    let bytes = 0;
    let hidden = 0;
    const file = openSync(`/proc/${pid}/mem`, 'r');
    try {
      const chunk = Buffer.alloc(CHUNK);
      for (const area of mappings(pid)) {
        let at = area.locked ? area.end : area.begin;
        if (area.locked) hidden += area.end - area.begin;
        while (at < area.end) {
          const wanted = Math.min(CHUNK, area.end - at);
          const got = readAt(file, chunk, wanted, at);
          if (got === 0) throw new Error(`unreadable: ${area.name} ${at.toString(16)}`);
          const begin = at;
          this.#scan(chunk.subarray(0, got), (kind, offset) => {
            (found[kind] ??= []).push(`${area.name || 'unnamed'} ${(begin + offset).toString(16)}`);
          });
          bytes += got;
          // Pieces may lie across two chunks.
          at += at + got === area.end ? got : got - PIECE;
        }
      }
    } finally {
      closeSync(file);
    }
    return { found, bytes, hidden };
  }

  #scan(memory, tell) {
    let head = 0;
    for (let i = 0; i < memory.length; ++i) {
      head = (head >>> 8) | (memory[i] << 24);
      if (this.#maybe[hash(head)] === 0) continue;
      const begin = i - 3;
      for (const { kind, piece } of this.#pieces.get(head) ?? []) {
        if (begin >= 0 && memory.subarray(begin, begin + PIECE).equals(piece)) tell(kind, begin);
      }
    }
  }
}

function hash(head) { return Math.imul(head, 0x9e3779b1) >>> (32 - BITS); }
