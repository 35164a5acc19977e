// Ways in which a token endpoint misbehaves, by order or by seeded chance.
//
// INSTEAD   no work is done: the refresh token is as good as before.
// CHANGED   the work is done, and the answer is odd but all there.
// LOST      the work is done, and what arrives is not the answer, or not whole:
//           all that a vault can do is to know that it does not know.
// LATE      the work is done, and the answer takes longer than the vault waits.
//
// While any is on, every request to the endpoint counts, so nobody should be
// connecting then.
import { gzipSync } from 'node:zlib';
import { Random } from './random.mjs';

const say = (res, status, type, body, headers = {}) => {
  res.writeHead(status, { 'content-type': type, ...headers });
  res.end(body);
};
// As when a machine dies: no goodbye of TLS, and what was written is thrown away.
// Below TLS is the socket that knows how.
const reset = (_res, req) => {
  req.socket._handle?._parent?.reset?.(() => {});
  req.socket.destroy();
};
const JSON_TYPE = 'application/json';
const json = (res, status, value) => say(res, status, JSON_TYPE, JSON.stringify(value));

const HTML = '<!doctype html><title>Maintenance</title>';
const TEN_MEGABYTES = 10 << 20;
// Few bytes here, many where somebody unpacks them.
const gzip = (res, text) => say(res, 200, JSON_TYPE, gzipSync(text), { 'content-encoding': 'gzip' });
// A chunk that promises more than comes.
const shortChunk = (req, text) => {
  req.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: ${JSON_TYPE}\r\n` +
    `Transfer-Encoding: chunked\r\n\r\n4000\r\n${text}`);
};
let bomb;

export const INSTEAD = {
  reset_unread: reset,
  reset: reset,
  half_close: (_res, req) => req.socket.end(),
  throttled: (res) => say(res, 429, JSON_TYPE, '{}', { 'retry-after': '1' }),
  error_500: (res) => say(res, 500, 'text/plain', 'oops'),
  unavailable: (res) => say(res, 503, 'text/plain', 'later', { 'retry-after': '1' }),
  redirect: (res) => say(res, 302, 'text/html', '', { location: 'https://localhost:1/token' }),
  html: (res) => say(res, 200, 'text/html', HTML),
  empty: (res) => say(res, 200, JSON_TYPE, ''),
  truncated: (res) => say(res, 200, JSON_TYPE, '{"access_token":"x'),
  huge: (res) => say(res, 200, JSON_TYPE, `{"access_token":"${'a'.repeat(TEN_MEGABYTES)}"}`),
  gzip_bomb: (res) => {
    bomb ??= gzipSync(`{"access_token":"${'a'.repeat(4 * TEN_MEGABYTES)}"}`);
    say(res, 200, JSON_TYPE, bomb, { 'content-encoding': 'gzip' });
  },
  duplicate_keys: (res) => say(res, 200, JSON_TYPE, '{"access_token":"x","access_token":"y","token_type":"Bearer"}'),
  nul: (res) => say(res, 200, JSON_TYPE, '{"access_token":"x\\u0000y","token_type":"Bearer"}'),
  chunked_lie: (_res, req) => shortChunk(req, '{"access_token":"x"}'),
  wild_chunks: (_res, req) => req.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nzz'),
  error_in_200: (res) => json(res, 200, { ok: false, error: 'temporarily_unavailable' }),
  error_400_in_200: (res) => json(res, 200, { error: 'server_error', error_description: 'x'.repeat(2000) }),
  // Says nothing at all; whoever asked goes away first.
  silent: () => {},
  invalid_client: (res) => json(res, 401, { error: 'invalid_client' }),
  // A lie: the grant is as good as ever.
  invalid_grant: (res) => json(res, 400, { error: 'invalid_grant' }),
};

const without = (body, name) => {
  const { [name]: _gone, ...rest } = body;
  return rest;
};

// Each changes the answer; `keep` does not rotate; `wait` in ms; `type` is the
// Content-Type; `chunked` by so many bytes.
export const CHANGED = {
  slow_headers: { wait: 300 },
  slow_body: { waitInBody: 300 },
  in_chunks: { chunked: 7 },
  odd_charset: { type: 'application/json; charset=ISO-8859-1' },
  odd_type: { type: 'text/plain' },
  token_type_mac: { change: (body) => ({ ...body, token_type: 'mac' }) },
  no_access_token: { change: (body) => without(body, 'access_token') },
  no_expires_in: { change: (body) => without(body, 'expires_in') },
  text_expires_in: { change: (body) => ({ ...body, expires_in: String(body.expires_in) }) },
  negative_expires_in: { change: (body) => ({ ...body, expires_in: -1 }) },
  endless_expires_in: { change: (body) => ({ ...body, expires_in: 7e77 }), huge: true },
  same_refresh_token: { keep: true },
  no_refresh_token: { keep: true, change: (body) => without(body, 'refresh_token') },
  empty_refresh_token: { keep: true, change: (body) => ({ ...body, refresh_token: '' }) },
};

export const LOST = {
  lost_answer: reset,
  lost_in_body: (res, req, body) => {
    res.writeHead(200, { 'content-type': JSON_TYPE, 'content-length': body.length });
    res.write(body.slice(0, 20), () => req.socket.end());
  },
  lost_in_chunk: (_res, req, body) => shortChunk(req, body.slice(0, 60)),
  lost_as_500: (res) => say(res, 500, 'text/plain', 'oops'),
  lost_as_truncated: (res, _req, body) => say(res, 200, JSON_TYPE, body.slice(0, 30)),
  lost_as_html: (res) => say(res, 200, 'text/html', HTML),
  lost_as_empty: (res) => say(res, 200, JSON_TYPE, ''),
  lost_as_huge: (res, _req, body) => say(res, 200, JSON_TYPE, body.replace('}', `,"x":"${'a'.repeat(TEN_MEGABYTES)}"}`)),
  lost_as_gzip_bomb: (res, _req, body) => gzip(res, body.replace('}', `,"x":"${'a'.repeat(TEN_MEGABYTES)}"}`)),
  lost_as_duplicate_keys: (res, _req, body) => say(res, 200, JSON_TYPE, body.replace('{', '{"refresh_token":"x",')),
  lost_as_nul: (res, _req, body) => say(res, 200, JSON_TYPE, body.replace('"Bearer"', '"Bea\\u0000rer"')),
  lost_as_utf16: (res, _req, body) => say(res, 200, `${JSON_TYPE}; charset=utf-16`, Buffer.from(body, 'utf16le')),
  lost_beside_error: (res, _req, body) => say(res, 200, JSON_TYPE, body.replace('{', '{"error":"server_error",')),
  // More than any vault holds.
  lost_as_long_token: (res, _req, body) => say(res, 200, JSON_TYPE,
    body.replace(/("refresh_token":"[^"]*)/, `$1${'a'.repeat(100 << 10)}`)),
};

// In ms; rig.mjs has the daemon wait for two seconds. `drip` is a byte a second,
// from the first of the headers or of the body.
export const LATE = {
  late_answer: { wait: 3000 },
  late_body: { waitInBody: 3000 },
  drip_headers: { drip: 'headers' },
  drip_body: { drip: 'body' },
};

// No misbehaviour: the grant ends first, as when the person ends it there.
export const REVOKED = 'revoked';

const KINDS = { ...INSTEAD, ...CHANGED, ...LOST, ...LATE, [REVOKED]: true };
// What a vault may believe, or stop asking for: never by chance, only in scenarios.
const BELIEVED = ['invalid_grant', 'invalid_client'];
export const HARMLESS = [...Object.keys(INSTEAD), ...Object.keys(CHANGED)]
  .filter((name) => !BELIEVED.includes(name));
export const HARMFUL = [...Object.keys(LOST), ...Object.keys(LATE)];

export class Misbehaviour {
  #order = null;
  #chance = null;
  #random;

  constructor(seed) { this.#random = new Random(seed); }

  // The next `times` refreshes meet `kind`.
  order(kind, times = 1) {
    if (!KINDS[kind]) throw new Error(`no misbehaviour ${kind}`);
    this.#order = { kind, left: times };
  }

  // One refresh in `onceIn` meets one of `kinds`.
  chance(kinds, onceIn) { this.#chance = { kinds, onceIn }; }

  clear() {
    this.#order = null;
    this.#chance = null;
  }

  // The name of what happens to this refresh, or "".
  next() {
    if (this.#order?.left > 0) {
      this.#order.left -= 1;
      return this.#order.kind;
    }
    if (this.#chance && this.#random.onceIn(this.#chance.onceIn)) {
      return this.#random.of(this.#chance.kinds);
    }
    return '';
  }
}
