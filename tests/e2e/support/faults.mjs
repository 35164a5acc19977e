// Ways in which an authorization server misbehaves. Each stands in front of the
// real one, for the next requests to a path, as many as were ordered.
//
//   faults.order('/token', 'html', { times: 2 });
//
// What a fault does to the request decides what a vault may do next:
//   lost_answer    the server did its work, the answer never came
//   no_answer      the request was read, nothing was done, nothing came back
const KINDS = {
  html: (res) => answer(res, 200, 'text/html', '<!doctype html><title>Maintenance</title>'),
  huge: (res) => answer(res, 200, 'application/json', `{"access_token":"${'a'.repeat(10 << 20)}"}`),
  empty: (res) => answer(res, 200, 'application/json', ''),
  broken_json: (res) => answer(res, 200, 'application/json', '{"access_token":"x'),
  // Some providers say 200 and mean no.
  error_in_ok: (res) => json(res, 200, { ok: false, error: 'invalid_grant' }),
  refusal_in_ok: (res) => json(res, 200, { ok: false, error: 'invalid_scope' }),
  no_token: (res) => json(res, 200, { token_type: 'Bearer', expires_in: 60 }),
  invalid_grant: (res) => json(res, 400, { error: 'invalid_grant' }),
  invalid_client: (res) => json(res, 401, { error: 'invalid_client' }),
  unavailable: (res) => answer(res, 503, 'text/plain', 'later', { 'retry-after': '1' }),
  throttled: (res) => answer(res, 429, 'application/json', '{}', { 'retry-after': '1' }),
};
// These let the real server answer, or need the connection.
const SPECIAL = ['slow', 'lost_answer', 'no_answer'];

function answer(res, status, type, body, headers = {}) {
  res.writeHead(status, { 'content-type': type, ...headers });
  res.end(body);
}

function json(res, status, value) {
  answer(res, status, 'application/json', JSON.stringify(value));
}

export class Faults {
  #orders = [];

  // `times` requests to `path` meet `kind`; `delay` in ms is for 'slow'.
  order(path, kind, { times = 1, delay = 1000 } = {}) {
    if (!KINDS[kind] && !SPECIAL.includes(kind)) throw new Error(`no fault ${kind}`);
    this.#orders.push({ path, kind, left: times, delay });
  }

  // The next request to `path` waits for `release`; `arrived` tells that it is there.
  hold(path) {
    const held = {};
    const released = new Promise((resolve) => { held.release = resolve; });
    held.arrived = new Promise((resolve) => {
      this.#orders.push({ path, kind: 'held', left: 1, resolve, released });
    });
    return held;
  }

  // No more of them.
  clear() { this.#orders = []; }

  // Answers in the server's place, or calls `next` for the real answer.
  async stand(req, res, next) {
    const path = req.url.split('?')[0];
    const order = this.#orders.find((one) => one.path === path && one.left > 0);
    if (!order) return next();
    order.left -= 1;
    switch (order.kind) {
      case 'slow':
        await new Promise((resolve) => { setTimeout(resolve, order.delay); });
        return next();
      case 'held':
        order.resolve();
        await order.released;
        return next();
      case 'lost_answer':
        // The work is done when the server would write its answer.
        res.end = () => { req.socket.destroy(); return res; };
        res.write = () => true;
        return next();
      case 'no_answer':
        req.on('end', () => req.socket.destroy());
        return req.resume();
      default:
        // The request is read to its end, so the client is done sending.
        req.on('end', () => KINDS[order.kind](res));
        return req.resume();
    }
  }
}
