// Another reader of the sealed format, written from docs/sealed-format.md alone: it
// opens a vault's own keys, for tests that look for them where they may not be.
//
//   keysOf(join(dir, 'vault.db'), rootKey)   // [{kind: 'master key', key}, …]
import { execFileSync } from 'node:child_process';
import { createCipheriv, createDecipheriv } from 'node:crypto';

const MASK = (1n << 64n) - 1n;
const IV = [0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n];
const SIGMA = ['0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8',
  '905724afe1bc683d', '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a',
  '6fe9b308c2d714a5', 'a2847615fb9e3cd0'].map((row) => [...row].map((digit) => parseInt(digit, 16)));
const COLUMNS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

const rotate64 = (x, by) => ((x >> by) | (x << (64n - by))) & MASK;

// RFC 7693, with a key and a personalisation.
function blake2b(data, { size, key = Buffer.alloc(0), personal }) {
  const h = [...IV];
  const person = Buffer.alloc(16);
  person.write(personal, 'latin1');
  h[0] ^= 0x01010000n ^ BigInt(key.length << 8) ^ BigInt(size);
  h[6] ^= person.readBigUInt64LE(0);
  h[7] ^= person.readBigUInt64LE(8);
  const first = key.length ? Buffer.concat([key, Buffer.alloc(128 - key.length)]) : Buffer.alloc(0);
  const all = Buffer.concat([first, data]);
  const blocks = Math.max(1, Math.ceil(all.length / 128));
  for (let block = 0; block < blocks; ++block) {
    const last = block === blocks - 1;
    const bytes = Buffer.alloc(128);
    all.copy(bytes, 0, block * 128);
    const m = Array.from({ length: 16 }, (_, i) => bytes.readBigUInt64LE(i * 8));
    const v = [...h, ...IV];
    v[12] ^= BigInt(last ? all.length : (block + 1) * 128);
    if (last) v[14] ^= MASK;
    for (let round = 0; round < 12; ++round) {
      const s = SIGMA[round % 10];
      COLUMNS.forEach(([a, b, c, d], i) => {
        v[a] = (v[a] + v[b] + m[s[2 * i]]) & MASK;
        v[d] = rotate64(v[d] ^ v[a], 32n);
        v[c] = (v[c] + v[d]) & MASK;
        v[b] = rotate64(v[b] ^ v[c], 24n);
        v[a] = (v[a] + v[b] + m[s[2 * i + 1]]) & MASK;
        v[d] = rotate64(v[d] ^ v[a], 16n);
        v[c] = (v[c] + v[d]) & MASK;
        v[b] = rotate64(v[b] ^ v[c], 63n);
      });
    }
    for (let i = 0; i < 8; ++i) h[i] ^= v[i] ^ v[i + 8];
  }
  const out = Buffer.alloc(64);
  h.forEach((word, i) => out.writeBigUInt64LE(word, i * 8));
  return out.subarray(0, size);
}

const rotate32 = (x, by) => ((x << by) | (x >>> (32 - by))) >>> 0;

// What makes XChaCha20 of ChaCha20: a key from the first 16 bytes of the nonce.
function hChaCha20(key, nonce) {
  const constants = Buffer.from('expand 32-byte k');
  const state = Buffer.concat([constants, key, nonce]);
  const x = Array.from({ length: 16 }, (_, i) => state.readUInt32LE(i * 4));
  const turn = (a, b, d, by) => {
    x[a] = (x[a] + x[b]) >>> 0;
    x[d] = rotate32(x[d] ^ x[a], by);
  };
  for (let round = 0; round < 10; ++round) {
    for (const [a, b, c, d] of COLUMNS) {
      turn(a, b, d, 16);
      turn(c, d, b, 12);
      turn(a, b, d, 8);
      turn(c, d, b, 7);
    }
  }
  const out = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((from, i) => out.writeUInt32LE(x[from], i * 4));
  return out;
}

export const u32 = (number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
};

// `fields` is [[tag, bytes], …].
export function contextOf(fields) {
  const parts = [Buffer.from('TKV1ctx\0', 'latin1'), u32(fields.length).subarray(2)];
  for (const [tag, bytes] of fields) parts.push(u32(tag).subarray(2), u32(bytes.length), bytes);
  return Buffer.concat(parts);
}

// What is sealed in `envelope` under `parent`, in its context. Throws when it does
// not open.
export function open(envelope, parent, context) {
  const ad = blake2b(context, { size: 32, personal: 'TKV1/aad-digest' });
  const okm = blake2b(Buffer.concat([envelope.subarray(0, 52), ad]),
    { size: 64, key: parent, personal: 'TKV1/kdf+commit' });
  if (!okm.subarray(32).equals(envelope.subarray(52, 84))) throw new Error('another key or context');
  const nonce = envelope.subarray(28, 52);
  const decipher = createDecipheriv('chacha20-poly1305', hChaCha20(okm.subarray(0, 32), nonce.subarray(0, 16)),
    Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]), { authTagLength: 16 });
  const sealed = envelope.subarray(88);
  decipher.setAAD(Buffer.concat([envelope.subarray(0, 88), ad]), { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  return padded.subarray(0, padded.lastIndexOf(0x80));
}

const SHORTEST_BLOCK = 256;

// As "Sealing" in the documentation has it.
export function pad(plaintext) {
  const size = (Math.floor(plaintext.length / SHORTEST_BLOCK) + 1) * SHORTEST_BLOCK;
  const padded = Buffer.alloc(size);
  plaintext.copy(padded);
  padded[plaintext.length] = 0x80;
  return padded;
}

// An envelope of `padded`, whatever the form of its parts: {magic, object, suite, flags,
// version, keyId, nonce, length}. `commitTo` makes the commitment that of another key.
export function seal(padded, parent, context, parts, commitTo = parent) {
  const { magic = 'TKV1', object = 1, suite = 1, flags = 0, version, keyId, nonce } = parts;
  const start = Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.from([object, suite]),
    u32(flags).subarray(2), u32(version), keyId, nonce]);
  const ad = blake2b(context, { size: 32, personal: 'TKV1/aad-digest' });
  const derive = (key) => blake2b(Buffer.concat([start, ad]), { size: 64, key, personal: 'TKV1/kdf+commit' });
  const header = Buffer.concat([start, derive(commitTo).subarray(32), u32(parts.length ?? padded.length + 16)]);
  const cipher = createCipheriv('chacha20-poly1305', hChaCha20(derive(parent).subarray(0, 32), nonce.subarray(0, 16)),
    Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]), { authTagLength: 16 });
  cipher.setAAD(Buffer.concat([header, ad]), { plaintextLength: padded.length });
  return Buffer.concat([header, cipher.update(padded), cipher.final(), cipher.getAuthTag()]);
}

// Every master key and data key of the vault in `path`, opened by its root key.
export function keysOf(path, rootKey) {
  const rows = (sql) => JSON.parse(execFileSync('sqlite3',
    ['-cmd', '.timeout 5000', '-json', path, sql], { encoding: 'utf8' }) || '[]');
  const hex = (text) => Buffer.from(text, 'hex');
  const [{ deployment }] = rows('SELECT hex(id) AS deployment FROM deployment');
  const masters = new Map();
  for (const row of rows('SELECT kek_version, source_id, hex(wrapped) AS wrapped FROM kek_wrap')) {
    masters.set(row.kek_version, open(hex(row.wrapped), rootKey, contextOf(
      [[1, hex(deployment)], [10, u32(row.kek_version)], [11, Buffer.from(row.source_id)]])));
  }
  const keys = [...masters.values()].map((key) => ({ kind: 'master key', key }));
  for (const row of rows('SELECT tenant, subject, hex(dek_id) AS id, kek_version, hex(wrapped) AS wrapped FROM dek')) {
    keys.push({
      kind: 'data key',
      key: open(hex(row.wrapped), masters.get(row.kek_version), contextOf([[1, hex(deployment)],
        [2, Buffer.from(row.tenant)], [3, Buffer.from(row.subject)], [9, hex(row.id)],
        [10, u32(row.kek_version)]])),
    });
  }
  return keys;
}
