// Ways in which a token endpoint misbehaves, by order or by seeded chance.
//
// INSTEAD   no work is done: the refresh token is as good as before.
// CHANGED   the work is done, and the answer is odd but all there.
// LOST      the work is done, and the answer does not arrive whole: all that a
//           vault can do is to know that it does not know.
//
// While any is on, every request to the endpoint counts, so nobody should be
// connecting then.
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

export const INSTEAD = {
  reset_unread: reset,
  reset: reset,
  half_close: (_res, req) => req.socket.end(),
  throttled: (res) => say(res, 429, JSON_TYPE, '{}', { 'retry-after': '1' }),
  error_500: (res) => say(res, 500, 'text/plain', 'oops'),
  unavailable: (res) => say(res, 503, 'text/plain', 'later', { 'retry-after': '1' }),
  html: (res) => say(res, 200, 'text/html', '<!doctype html><title>Maintenance</title>'),
  empty: (res) => say(res, 200, JSON_TYPE, ''),
  truncated: (res) => say(res, 200, JSON_TYPE, '{"access_token":"x'),
  huge: (res) => say(res, 200, JSON_TYPE, `{"access_token":"${'a'.repeat(10 << 20)}"}`),
  error_in_200: (res) => json(res, 200, { ok: false, error: 'temporarily_unavailable' }),
  invalid_client: (res) => json(res, 401, { error: 'invalid_client' }),
  // A lie: the grant is as good as ever.
  invalid_grant: (res) => json(res, 400, { error: 'invalid_grant' }),
};

const without = (body, name) => {
  const { [name]: _gone, ...rest } = body;
  return rest;
};

// Each changes the answer; `keep` does not rotate; `wait` in ms.
export const CHANGED = {
  slow_headers: { wait: 300 },
  slow_body: { waitInBody: 300 },
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
  lost_as_500: (res) => say(res, 500, 'text/plain', 'oops'),
  lost_as_truncated: (res, _req, body) => say(res, 200, JSON_TYPE, body.slice(0, 30)),
};

// No misbehaviour: the grant ends first, as when the person ends it there.
export const REVOKED = 'revoked';

const KINDS = { ...INSTEAD, ...CHANGED, ...LOST, [REVOKED]: true };
// What a vault may believe, or stop asking for: never by chance, only in scenarios.
const BELIEVED = ['invalid_grant', 'invalid_client'];
export const HARMLESS = [...Object.keys(INSTEAD), ...Object.keys(CHANGED)]
  .filter((name) => !BELIEVED.includes(name));
export const HARMFUL = Object.keys(LOST);

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
