// A strict authorization server on loopback, in a process of its own, so that it
// outlives every kill of the daemon and can be believed afterwards. It is the
// third party and the identity provider of the tenant at once.
//
// It asks nobody: a browser that says who it is in the header x-person has
// allowed everything. PKCE with S256 is required, refresh tokens work once.
//
// Started by rig.mjs, told what to do by messages: {id, call, args}, answered by
// {id, value} or {id, error}.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import https from 'node:https';
import { hashOf, Ledger } from './ledger.mjs';
import { CHANGED, INSTEAD, LATE, LOST, Misbehaviour, REVOKED } from './misbehaviour.mjs';

const SCOPES = ['openid', 'offline_access', 'email', 'profile', 'calendar.read', 'calendar.write'];
const KEY_ID = 'one';
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const words = (text) => (text ?? '').split(' ').filter((word) => word !== '');

function reply(res, status, value, headers = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(value));
}

// Until nobody is there any more.
async function byteBySecond(stream, text) {
  for (let at = 0; at < text.length && !stream.destroyed && !stream.closed; at += 1) {
    stream.write(text[at]);
    await pause(1000);
  }
}

export class LedgerProvider {
  #codes = new Map();
  #key = generateKeyPairSync('rsa', { modulusLength: 2048 });

  // `clients` are {id: {secret, redirectUri, signIn}}; `ttl` of access tokens in
  // seconds; `delay` in ms before an answer to a refresh.
  constructor({ clients, ledgerFile, seed, ttl }) {
    Object.assign(this, { clients, ttl, delay: 0 });
    this.ledger = new Ledger(ledgerFile);
    this.misbehaviour = new Misbehaviour(seed);
  }

  async listen(tls) {
    this.http = https.createServer({ ...tls, keepAliveTimeout: 60_000 }, (req, res) => {
      this.#serve(req, res).catch((error) => {
        process.stderr.write(`ledger provider: ${error.stack}\n`);
        res.destroy();
      });
    });
    await new Promise((resolve) => { this.http.listen(0, '127.0.0.1', resolve); });
    this.issuer = `https://localhost:${this.http.address().port}`;
    return this.issuer;
  }

  async #serve(req, res) {
    const url = new URL(req.url, this.issuer);
    switch (url.pathname) {
      case '/.well-known/openid-configuration': return reply(res, 200, this.#metadata());
      case '/jwks': return reply(res, 200, { keys: [this.#publicKey()] });
      case '/authorize': return this.#authorize(req, res, url.searchParams);
      case '/token': return this.#token(req, res);
      case '/userinfo': return this.#resource(req, res, 'openid');
      case '/calendar/events': return this.#resource(req, res, 'calendar.read');
      case '/revoke':
        this.ledger.revoke((await this.#form(req)).get('token') ?? '');
        return reply(res, 200, {});
      default: return reply(res, 404, { error: 'not_found' });
    }
  }

  #metadata() {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/jwks`,
      scopes_supported: SCOPES,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #publicKey() {
    return { ...this.#key.publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: KEY_ID };
  }

  #authorize(req, res, query) {
    const client = this.clients[query.get('client_id')];
    const account = req.headers['x-person'];
    const sound = client && account && query.get('redirect_uri') === client.redirectUri &&
      query.get('response_type') === 'code' && query.get('code_challenge_method') === 'S256' &&
      /^[\w-]{43}$/.test(query.get('code_challenge') ?? '') && query.get('state');
    if (!sound) return reply(res, 400, { error: 'invalid_request' });
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(hashOf(code), {
      client: query.get('client_id'),
      account,
      scopes: words(query.get('scope')).filter((scope) => SCOPES.includes(scope)),
      challenge: query.get('code_challenge'),
      nonce: query.get('nonce') ?? undefined,
    });
    const back = new URL(client.redirectUri);
    back.search = new URLSearchParams({ code, state: query.get('state'), iss: this.issuer });
    res.writeHead(303, { location: back.href });
    return res.end();
  }

  async #form(req) {
    let text = '';
    for await (const part of req) text += part;
    return new URLSearchParams(text);
  }

  #clientOf(req) {
    const [scheme, value] = (req.headers.authorization ?? '').split(' ');
    if (scheme !== 'Basic' || !value) return undefined;
    const [id, secret] = Buffer.from(value, 'base64').toString('utf8').split(':')
      .map(decodeURIComponent);
    return this.clients[id]?.secret === secret ? id : undefined;
  }

  async #token(req, res) {
    const fault = this.misbehaviour.next();
    if (fault === 'reset_unread') {
      this.ledger.write('refused', { call: this.ledger.newCall(), error: fault, fault });
      return INSTEAD[fault](res, req);
    }
    const form = await this.#form(req);
    const client = this.#clientOf(req);
    if (!client) return reply(res, 401, { error: 'invalid_client' });
    if (form.get('grant_type') === 'authorization_code') return this.#redeem(res, form, client);
    if (form.get('grant_type') === 'refresh_token') return this.#refresh(req, res, form, fault);
    return reply(res, 400, { error: 'unsupported_grant_type' });
  }

  #redeem(res, form, client) {
    const hash = hashOf(form.get('code') ?? '');
    const code = this.#codes.get(hash);
    this.#codes.delete(hash);
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    if (!code || code.client !== client || verifier !== code.challenge ||
        form.get('redirect_uri') !== this.clients[client].redirectUri) {
      return reply(res, 400, { error: 'invalid_grant' });
    }
    const body = { token_type: 'Bearer', expires_in: this.ttl, scope: code.scopes.join(' ') };
    if (code.scopes.includes('openid')) body.id_token = this.#idToken(code);
    const call = this.ledger.newCall();
    if (this.clients[client].signIn) {
      // Nobody keeps it, and it opens nothing.
      body.access_token = randomBytes(24).toString('base64url');
    } else {
      const made = this.ledger.open(code.account, code.scopes, call, this.ttl);
      Object.assign(body, { access_token: made.access, refresh_token: made.refresh });
    }
    return reply(res, 200, body, { 'cache-control': 'no-store' });
  }

  #idToken({ client, account, nonce }) {
    const now = Math.floor(Date.now() / 1000);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'RS256', kid: KEY_ID })}.${part({
      iss: this.issuer, sub: account, aud: client, iat: now, exp: now + 300, nonce,
      email: `${account}@example.test`, email_verified: true,
    })}`;
    return `${text}.${sign('sha256', Buffer.from(text), this.#key.privateKey).toString('base64url')}`;
  }

  async #refresh(req, res, form, fault) {
    const call = this.ledger.newCall();
    if (this.delay > 0) await pause(this.delay);
    if (INSTEAD[fault]) {
      this.ledger.write('refused', { call, error: fault, fault });
      return INSTEAD[fault](res, req);
    }
    if (fault === REVOKED) this.ledger.revoke(form.get('refresh_token') ?? '', 'provider');
    const odd = CHANGED[fault] ?? LATE[fault] ?? {};
    const done = this.ledger.refresh(form.get('refresh_token') ?? '', words(form.get('scope')),
      { call, ttl: this.ttl, rotate: !odd.keep, fault });
    if (done.error) return reply(res, 400, { error: done.error });
    const plain = {
      access_token: done.tokens.access,
      refresh_token: done.tokens.refresh,
      token_type: 'Bearer',
      expires_in: this.ttl,
      scope: done.tokens.scopes.join(' '),
    };
    let body = JSON.stringify(odd.change ? odd.change(plain) : plain);
    if (odd.huge) body = body.replace('7e+77', '1e400');
    if (LOST[fault]) {
      this.ledger.write('undelivered', { call, why: fault });
      return LOST[fault](res, req, body);
    }
    return this.#deliver(req, res, call, body, odd);
  }

  // Sends the true answer, and writes down whether all of it went out.
  async #deliver(req, res, call, body, {
    wait = 0, waitInBody = 0, type = 'application/json', chunked = 0, drip = '',
  }) {
    const { socket } = req;
    let settled = false;
    const settle = (what, facts) => {
      if (settled) return;
      settled = true;
      this.ledger.write(what, { call, ...facts });
    };
    const before = socket.bytesWritten;
    res.on('finish', () => {
      const whole = !socket.destroyed && socket.writable && socket.writableLength === 0;
      if (whole) settle('delivered', { bytes: socket.bytesWritten - before });
      else settle('undelivered', { why: 'socket' });
    });
    res.on('close', () => settle('undelivered', { why: 'closed' }));
    if (socket.destroyed) settle('undelivered', { why: 'gone' });
    if (wait > 0) await pause(wait);
    if (drip === 'headers') return byteBySecond(socket, `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n`);
    const length = chunked > 0 ? {} : { 'content-length': Buffer.byteLength(body) };
    res.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', ...length });
    if (drip === 'body') return byteBySecond(res, body);
    if (chunked > 0) {
      for (let at = 0; at < body.length; at += chunked) res.write(body.slice(at, at + chunked));
      res.end();
    } else if (waitInBody > 0) {
      res.write(body.slice(0, 20));
      await pause(waitInBody);
      res.end(body.slice(20));
    } else {
      res.end(body);
    }
    return undefined;
  }

  #resource(req, res, scope) {
    const token = (req.headers.authorization ?? '').replace(/^Bearer /, '');
    const problem = this.ledger.problemOf(token, scope);
    if (problem) return reply(res, problem === 'scope' ? 403 : 401, { error: problem });
    const account = this.ledger.accountOf(token);
    return reply(res, 200, { sub: account, email: `${account}@example.test`, email_verified: true });
  }
}

// What rig.mjs may ask for by message.
function answers(provider) {
  return {
    eventsFrom: (index) => provider.ledger.events.slice(index),
    order: (kind, times) => provider.misbehaviour.order(kind, times),
    chance: (kinds, onceIn) => provider.misbehaviour.chance(kinds, onceIn),
    calls: () => provider.ledger.calls,
    garbage: () => provider.ledger.garbage,
    isOver: (account) => provider.ledger.isOver(account),
    clear: () => provider.misbehaviour.clear(),
    set: ({ ttl = provider.ttl, delay = provider.delay }) => { Object.assign(provider, { ttl, delay }); },
  };
}

if (process.send) {
  let known;
  process.on('message', async ({ id, call, args }) => {
    try {
      let value;
      if (call === 'start') {
        const provider = new LedgerProvider(args[0]);
        value = await provider.listen(args[0].tls);
        known = answers(provider);
      } else {
        value = known[call](...args);
      }
      process.send({ id, value });
    } catch (error) {
      process.send({ id, error: error.message });
    }
  });
  process.on('disconnect', () => process.exit());
}
