// Makes tests/testdata/tkv1-vectors.json: what must open and what must not, in the manner
// of Wycheproof, by the reader of the sealed format that knows its documentation alone.
// The same every time:
//
//   node tests/crypto/make_vectors.mjs > tests/testdata/tkv1-vectors.json
import { createHash } from 'node:crypto';
import { contextOf, pad, seal, u32 } from '../e2e/support/sealed_format.mjs';

const bytes = (size, ...seed) => {
  const parts = [];
  for (let i = 0; parts.length * 32 < size; i += 1) {
    parts.push(createHash('sha256').update(`${seed.join('/')}/${i}`).digest());
  }
  return Buffer.concat(parts).subarray(0, size);
};
const u64 = (number) => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(number);
  return out;
};

const PLACE = {
  deployment: bytes(16, 'deployment').toString('hex'), tenant: 'acme', subject: 'u-1', connection: 'c-1',
  issuer: 'https://issuer.example', purpose: 'refresh_token', rowVersion: '7', schema: 1,
};
const context = (place) => contextOf([
  [1, Buffer.from(place.deployment, 'hex')], [2, Buffer.from(place.tenant)], [3, Buffer.from(place.subject)],
  [4, Buffer.from(place.connection)], [5, Buffer.from(place.issuer)], [6, Buffer.from(place.purpose)],
  [7, u64(BigInt(place.rowVersion))], [8, u32(place.schema)]]);

// By name; what is not said is as in PLACE.
const PLACES = {
  'a common place': {},
  'everything empty': { tenant: '', subject: '', connection: '', issuer: '', purpose: '' },
  'text that is not ASCII': { tenant: 'größe', subject: 'имя', connection: '接続', issuer: 'https://例え.example' },
  'fields that run into each other': { tenant: 'acmeu-1', subject: '', connection: 'c-1https://' },
  'the largest numbers': { rowVersion: '18446744073709551615', schema: 4294967295 },
  'a long issuer': { issuer: `https://${'x'.repeat(2000)}.example` },
};
const SIZES = [0, 1, 24, 255, 256, 257, 511, 4096];
const NONCES = { 'zero nonce': Buffer.alloc(24), 'nonce of ones': Buffer.alloc(24, 0xff) };

const changed = (envelope, at, mask) => {
  const copy = Buffer.from(envelope);
  copy[at] ^= mask;
  return copy;
};

let tcId = 0;
const test = (comment, flags, envelope, msg) => ({
  tcId: (tcId += 1), comment, flags, envelope: envelope.toString('hex'),
  ...(msg === undefined ? { result: 'invalid' } : { msg: msg.toString('hex'), result: 'valid' }),
});

function group(name, change, number) {
  const place = { ...PLACE, ...change };
  const here = context(place);
  const parent = bytes(32, 'key', number);
  const other = bytes(32, 'other key', number);
  const parts = { version: number + 1, keyId: bytes(16, 'id', number), nonce: bytes(24, 'nonce', number) };
  const message = bytes(24, 'message', number);
  const padded = pad(message);
  const good = seal(padded, parent, here, parts);
  const block = (fill) => Buffer.concat([message, fill(Buffer.alloc(256 - message.length))]);
  const elsewhere = (more) => seal(padded, parent, context({ ...place, ...more }), parts);
  const tests = [
    ...SIZES.map((size) => {
      const text = bytes(size, 'message', number, size);
      return test(`${size} bytes`, ['Size'], seal(pad(text), parent, here, parts), text);
    }),
    ...Object.entries(NONCES).map(([what, nonce]) =>
      test(what, ['SpecialNonce'], seal(padded, parent, here, { ...parts, nonce }), message)),
    test('message of zeros', ['SpecialMessage'], seal(pad(Buffer.alloc(24)), parent, here, parts), Buffer.alloc(24)),
    test('message that looks padded', ['SpecialMessage'],
      seal(pad(Buffer.from([0x41, 0x80, 0])), parent, here, parts), Buffer.from([0x41, 0x80, 0])),
    ...[0, 7, 63, 127].map((bit) => test(`flipped bit ${bit} of the tag`, ['ModifiedTag'],
      changed(good, good.length - 16 + (bit >> 3), 1 << (bit & 7)))),
    test('tag of zeros', ['ModifiedTag'], Buffer.concat([good.subarray(0, -16), Buffer.alloc(16)])),
    test('tag of ones', ['ModifiedTag'], Buffer.concat([good.subarray(0, -16), Buffer.alloc(16, 0xff)])),
    test('flipped bit of the ciphertext', ['ModifiedCiphertext'], changed(good, 88, 1)),
    test('flipped bit of the commitment', ['ModifiedCommitment'], changed(good, 52, 1)),
    test('commitment of zeros', ['ModifiedCommitment'],
      Buffer.concat([good.subarray(0, 52), Buffer.alloc(32), good.subarray(84)])),
    test('sealed under another key that it commits to', ['OtherKey'], seal(padded, other, here, parts)),
    test('sealed under another key, commits to this one', ['OtherKey'], seal(padded, other, here, parts, parent)),
    test('sealed under this key, commits to another', ['OtherKey'], seal(padded, parent, here, parts, other)),
    test('flipped bit of the nonce', ['ModifiedNonce'], changed(good, 28, 1)),
    test('another magic', ['Header'], seal(padded, parent, here, { ...parts, magic: 'TKV2' })),
    test('sealed as a wrapped data key', ['Header'], seal(padded, parent, here, { ...parts, object: 2 })),
    test('object 0', ['Header'], seal(padded, parent, here, { ...parts, object: 0 })),
    test('suite 2', ['Header'], seal(padded, parent, here, { ...parts, suite: 2 })),
    test('suite 0', ['Header'], seal(padded, parent, here, { ...parts, suite: 0 })),
    test('a flag', ['Header'], seal(padded, parent, here, { ...parts, flags: 1 })),
    test('another version of the key', ['Header'], seal(padded, parent, here, { ...parts, version: number + 2 })),
    test('another id of the key', ['Header'], seal(padded, parent, here, { ...parts, keyId: bytes(16, 'x') })),
    test('length one less', ['Length'], seal(padded, parent, here, { ...parts, length: padded.length + 15 })),
    test('length one more', ['Length'], seal(padded, parent, here, { ...parts, length: padded.length + 17 })),
    test('length 0', ['Length'], seal(padded, parent, here, { ...parts, length: 0 })),
    test('largest length', ['Length'], seal(padded, parent, here, { ...parts, length: 0xffffffff })),
    test('one byte short', ['Length'], good.subarray(0, -1)),
    test('one byte more', ['Length'], Buffer.concat([good, Buffer.alloc(1)])),
    test('the header alone', ['Length'], good.subarray(0, 88)),
    test('nothing', ['Length'], Buffer.alloc(0)),
    test('not a whole block', ['Padding'], seal(padded.subarray(0, 255), parent, here, parts)),
    test('no block', ['Padding'], seal(Buffer.alloc(0), parent, here, parts)),
    test('a block of zeros', ['Padding'], seal(Buffer.alloc(256), parent, here, parts)),
    test('padding without its first byte', ['Padding'], seal(block((rest) => rest), parent, here, parts)),
    test('something in the padding', ['Padding'], seal(block((rest) => {
      rest[0] = 0x80;
      rest[rest.length - 1] = 1;
      return rest;
    }), parent, here, parts)),
    test('a whole block of padding too many', ['Padding'],
      seal(Buffer.concat([padded, Buffer.alloc(256)]), parent, here, parts)),
    test('of another row version', ['OtherPlace'], elsewhere({ rowVersion: String(BigInt(place.rowVersion) ^ 1n) })),
    test('of another schema', ['OtherPlace'], elsewhere({ schema: (place.schema ^ 1) >>> 0 })),
    ...['tenant', 'subject', 'connection', 'issuer', 'purpose'].map((field) =>
      test(`of another ${field}`, ['OtherPlace'], elsewhere({ [field]: `${place[field]}x` }))),
    test('tenant and subject changed places', ['OtherPlace'],
      elsewhere({ tenant: `${place.subject}+`, subject: place.tenant })),
    test('of another deployment', ['OtherPlace'], elsewhere({ deployment: bytes(16, 'y').toString('hex') })),
  ];
  return {
    comment: name, key: parent.toString('hex'), keyId: parts.keyId.toString('hex'), keyVersion: parts.version,
    place, tests,
  };
}

const testGroups = Object.entries(PLACES).map(([name, change], i) => group(name, change, i));
process.stdout.write(`${JSON.stringify({ algorithm: 'TKV1', numberOfTests: tcId, testGroups }, null, 1)}\n`);
