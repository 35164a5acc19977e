// A witness of https://c2sp.org/tlog-witness, written from its text: it remembers the
// newest checkpoint of one log, signs what grew out of it, and refuses all else.
import { createServer } from 'node:https';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { verifyConsistencyProof } from './consistency.mjs';
import { Signer } from '../../audit/notes.mjs';
import { Random } from '../../faults/random.mjs';

const SIGNATURE = /^\u2014 (\S+) (\S+)$/;

function readNote(note) {
  const end = note.indexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const [origin, size, root] = text.split('\n');
  const signatures = note.slice(end + 1).split('\n').filter(Boolean).map((line) => SIGNATURE.exec(line));
  if (signatures.length === 0 || signatures.includes(null)) throw new Error('no note');
  return { text, origin, size: Number(size), root: Buffer.from(root, 'base64') };
}

export class Witness {
  requests = 0;
  // What it says instead of what it should: a status.
  broken = null;
  #signer;
  #seen = null;

  constructor(name) { this.#signer = new Signer(name, 4, new Random(name.length)); }

  static async start(tls, name) {
    const witness = new Witness(name);
    witness.server = createServer(
      { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
      (request, response) => witness.#serve(request, response));
    witness.server.listen(0, '127.0.0.1');
    await once(witness.server, 'listening');
    return witness;
  }

  get url() { return `https://localhost:${this.server.address().port}/w`; }
  get key() { return this.#signer.vkey; }
  get size() { return this.#seen?.size ?? 0; }

  async #serve(request, response) {
    this.requests += 1;
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const [status, text] = this.broken ? [this.broken, ''] : this.#judge(request, body);
    response.writeHead(status, { 'content-type': status === 409 ? 'text/x.tlog.size' : 'text/plain' });
    response.end(text);
  }

  #judge(request, body) {
    if (request.method !== 'POST' || request.url !== '/w/add-checkpoint') return [404, ''];
    const end = body.indexOf('\n\n') + 1;
    const [old, ...proof] = body.slice(0, end).trimEnd().split('\n');
    const from = Number(/^old (\d+)$/.exec(old)[1]);
    const next = readNote(body.slice(end + 1));
    if (from > next.size) return [400, ''];
    if (from !== this.size) return [409, `${this.size}\n`];
    if (from > 0) {
      const grew = from === next.size
        ? proof.length === 0 && next.root.equals(this.#seen.root)
        : verifyConsistencyProof(from, this.#seen.root, next.size, next.root,
          proof.map((line) => Buffer.from(line, 'base64')));
      if (!grew) return from === next.size ? [409, `${this.size}\n`] : [422, ''];
    }
    this.#seen = next;
    return [200, this.#signer.line(next.text, Math.floor(Date.now() / 1000))];
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close').catch(() => {});
  }
}
