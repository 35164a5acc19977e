// A real authorization server that we did not write: panva's oidc-provider, with
// PKCE required, refresh tokens rotated and their reuse punished, revocation,
// introspection, RFC 9207 and discovery. It serves as the identity provider of a
// tenant and as a third-party provider, which then also has a calendar API.
//
//   const server = await AuthorizationServer.start({ tls, clients: [client] });
//   server.issuer                      https://localhost:41234
//   server.faults.order('/token', 'html')
//   server.refreshes()                 what the token endpoint was asked
//   const held = server.holdReturn()   the next code stays here: await held
//   await server.stop()
//
// Accounts: those of ACCOUNTS. They sign in by name, without a password.
import { randomBytes } from 'node:crypto';
import https from 'node:https';
import Provider from 'oidc-provider';
import { Faults } from './faults.mjs';
import { interactionPages } from './interaction_pages.mjs';
import { newKey } from './jwt.mjs';
import { Records } from './memory_adapter.mjs';

export const ACCOUNTS = {
  ana: { name: 'Ana Alvarez', email: 'ana@example.test' },
  ben: { name: 'Ben Bauer', email: 'ben@example.test' },
  cleo: { name: 'Cleo Costa', email: 'cleo@example.test' },
  dana: { name: 'Dana Dietz', email: 'dana@example.test' },
  emil: { name: 'Emil Ekman', email: 'emil@example.test' },
  olga: { name: 'Olga Ortiz', email: 'olga@example.test', groups: ['staff', 'vault-operators'] },
  'ana-home': { name: 'Ana Alvarez', email: 'ana-home@example.test' },
};

export const SCOPES = ['openid', 'offline_access', 'email', 'profile',
  'calendar.read', 'calendar.write'];

const EVENTS = [{ title: 'Offsite planning' }, { title: 'Dentist' }];

function privateJwk({ jwk, privateKey }) {
  return { ...privateKey.export({ format: 'jwk' }), ...jwk };
}

function findAccount(_ctx, id) {
  if (!ACCOUNTS[id]) return undefined;
  return {
    accountId: id,
    claims: async () => ({ sub: id, email_verified: true, ...ACCOUNTS[id] }),
  };
}

function configuration({ clients, records, key, accessTokenTtl, rotate }) {
  return {
    adapter: (model) => records.adapter(model),
    clients: clients.map((client) => ({
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      ...client,
    })),
    jwks: { keys: [privateJwk(key)] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: SCOPES,
    claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount,
    pkce: { required: () => true },
    rotateRefreshToken: rotate,
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: accessTokenTtl,
      AuthorizationCode: 60,
      Grant: 86400,
      IdToken: 300,
      Interaction: 600,
      RefreshToken: 86400,
      Session: 3600,
    },
  };
}

export class AuthorizationServer {
  // Whom it let in at the token endpoint and elsewhere: path, status, and of the
  // form what is no secret.
  requests = [];
  // Every token it ever gave, to look for where none may be.
  issuedTokens = new Set();
  // Those of them by what they are: 'access_token', 'refresh_token', 'id_token'.
  tokensOf = { access_token: new Set(), refresh_token: new Set(), id_token: new Set() };
  faults = new Faults();
  // What it signs ID tokens with.
  key = newKey('one');
  #records = new Records();
  #held = [];

  // `tls` is {cert, key}; `clients` are RFC 7591 metadata with client_id,
  // client_secret and redirect_uris; `accessTokenTtl` in seconds.
  static async start({ tls, clients, accessTokenTtl = 600, rotate = true }) {
    const server = new AuthorizationServer();
    let handle = (_req, res) => { res.writeHead(503).end(); };
    server.http = https.createServer(tls, (req, res) => handle(req, res));
    await new Promise((resolve) => { server.http.listen(0, '127.0.0.1', resolve); });
    server.issuer = `https://localhost:${server.http.address().port}`;
    server.provider = new Provider(server.issuer, configuration({
      clients, records: server.#records, key: server.key, accessTokenTtl, rotate,
    }));
    server.provider.use((ctx, next) => server.#watch(ctx, next));
    server.provider.use(interactionPages(server.provider));
    server.provider.use((ctx, next) => server.#calendar(ctx, next));
    const real = server.provider.callback();
    handle = (req, res) => server.faults.stand(req, res, () => real(req, res));
    return server;
  }

  get calendarUrl() { return `${this.issuer}/calendar/events`; }

  // The refresh requests that reached the real token endpoint, good and bad.
  refreshes() {
    return this.requests.filter((one) => one.grantType === 'refresh_token');
  }

  // The codes that came to the real token endpoint, and those it took.
  codes() {
    return this.requests.filter((one) => one.grantType === 'authorization_code');
  }

  redeemed() { return this.codes().filter((one) => one.status === 200); }

  // The next browser that would go back with a code stays here, on a page that says
  // so. Settles with the address it would have gone to; fails if none comes.
  holdReturn() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#held.splice(this.#held.indexOf(hold), 1);
        reject(new Error('nobody went back with a code'));
      }, 30_000);
      const hold = (location) => {
        clearTimeout(timer);
        resolve(location);
      };
      this.#held.push(hold);
    });
  }

  // The person ends the connection in the provider's own settings.
  disconnect(accountId) {
    for (const grant of this.#records.all('Grant')) {
      if (grant.accountId !== accountId) continue;
      this.#records.endGrant(grant.jti);
      this.#records.remove('Grant', grant.jti);
    }
  }

  // How many tokens of this kind are alive: "AccessToken", "RefreshToken".
  alive(model) {
    const now = Date.now() / 1000;
    return this.#records.all(model)
      .filter((one) => !one.consumed && one.exp > now).length;
  }

  async stop() {
    this.http.closeAllConnections();
    await new Promise((resolve) => { this.http.close(resolve); });
  }

  async #watch(ctx, next) {
    await next();
    this.#hold(ctx);
    const entry = { path: ctx.path, status: ctx.status };
    if (ctx.path === '/token') {
      const sent = ctx.oidc?.params ?? {};
      entry.grantType = sent.grant_type;
      entry.scope = sent.scope;
      entry.client = ctx.oidc?.client?.clientId;
      entry.error = ctx.body?.error;
      for (const field of ['access_token', 'refresh_token', 'id_token']) {
        if (!ctx.body?.[field]) continue;
        this.issuedTokens.add(ctx.body[field]);
        this.tokensOf[field].add(ctx.body[field]);
      }
    }
    this.requests.push(entry);
  }

  #hold(ctx) {
    const location = ctx.response.get('location');
    if (this.#held.length === 0 || !/[?&]code=/.test(location)) return;
    this.#held.shift()(location);
    ctx.remove('location');
    ctx.status = 200;
    ctx.type = 'html';
    ctx.body = '<!doctype html><title>Held</title><h1>Held</h1>';
  }

  // What a token is good for: the list of events, for scope calendar.read.
  async #calendar(ctx, next) {
    if (ctx.path !== '/calendar/events') return next();
    const [scheme, value] = (ctx.get('authorization') || '').split(' ');
    const token = scheme === 'Bearer' && value
      ? await this.provider.AccessToken.find(value) : undefined;
    const wanted = ctx.method === 'GET' ? 'calendar.read' : 'calendar.write';
    if (!token || token.isExpired) {
      ctx.status = 401;
      ctx.set('www-authenticate', 'Bearer error="invalid_token"');
      ctx.body = { error: 'invalid_token' };
    } else if (!token.scopes.has(wanted)) {
      ctx.status = 403;
      ctx.set('www-authenticate', `Bearer error="insufficient_scope", scope="${wanted}"`);
      ctx.body = { error: 'insufficient_scope' };
    } else {
      ctx.body = { account: token.accountId, events: EVENTS };
    }
  }
}
