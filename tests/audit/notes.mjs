// Signed notes, checkpoints and cosignatures of C2SP, written from their texts.
import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto';

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

// Who signs: by Ed25519, with a seed that is drawn from `random`.
export class Signer {
  #key;

  // `type` is 1 for a log and 4 for a witness.
  constructor(name, type, random) {
    const seed = Buffer.from(Array.from({ length: 32 }, () => random.between(0, 255)));
    this.name = name;
    this.type = type;
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-32);
    this.typed = Buffer.concat([Buffer.from([type]), publicKey]);
    this.id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), this.typed]), 'buffer').subarray(0, 4);
  }

  get vkey() { return `${this.name}+${this.id.toString('hex')}+${this.typed.toString('base64')}`; }

  #line(...parts) { return `\u2014 ${this.name} ${Buffer.concat([this.id, ...parts]).toString('base64')}\n`; }

  // The line below `text`; of a witness, at `seconds`.
  line(text, seconds = 0) {
    if (this.type === 1) return this.#line(sign(null, Buffer.from(text), this.#key));
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    return this.#line(time, sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), this.#key));
  }
}

export const checkpointText = (origin, size, root) => `${origin}\n${size}\n${root.toString('base64')}\n`;

export const signedNote = (text, ...lines) => `${text}\n${lines.join('')}`;
