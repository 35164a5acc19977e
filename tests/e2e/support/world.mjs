// A whole small world for a journey: an identity provider, a third-party provider
// with a calendar, the vault between them, people and agents.
//
//   const world = await World.start({ accessTokenTtl: 10 });
//   const answer = await world.bot.getToken('calendar', 'ana', ['calendar.read']);
//   ...
//   await world.stop();
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, JsonDoor } from './agent.mjs';
import { AuthorizationServer } from './authorization_server.mjs';
import { CertificateAuthority } from './certificates.mjs';
import { writeConfiguration } from './configuration.mjs';
import { answerProvider, linksOf, Person } from './person.mjs';
import { freePort, Vault } from './vault.mjs';

const TENANT = 'default';
const PROVIDER = 'calendar';
const SIGN_IN = /^Sign in with /;
// The longest page of a list.
const MOST = 500;
const leavesOf = (events) => events.map((event) => JSON.parse(event.leaf));
const spiffe = (agent) => `spiffe://example.test/agents/${agent}`;

export class World {
  #agents = [];

  // `accessTokenTtl` in seconds, at the third party. `tenantIds` are those that the
  // vault may come back to from both servers. `identityClients` are other
  // applications at the identity provider. `secrets` are the vault's own, as their
  // client. `change` gets the configuration before
  // it is written, and the world, and may return another.
  static async start({
    accessTokenTtl = 600, rotate = true, identityClients = [], tenantIds = [TENANT],
    secrets = { login: 'login-secret', calendar: 'calendar-secret' }, change = (c) => c,
  } = {}) {
    const world = new World();
    world.dir = mkdtempSync(join(tmpdir(), 'tokenvault-e2e-'));
    try {
      await world.#build({ accessTokenTtl, rotate, identityClients, tenantIds, secrets, change });
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #build({ accessTokenTtl, rotate, identityClients, tenantIds, secrets, change }) {
    this.authority = new CertificateAuthority(join(this.dir, 'tls'));
    const { authority } = this;
    const tls = authority.server('server');
    this.ports = { grpc: await freePort(), http: await freePort() };
    this.publicUrl = `https://localhost:${this.ports.http}`;
    this.identity = await AuthorizationServer.start({
      tls,
      clients: [{
        client_id: 'vault-login',
        client_secret: secrets.login,
        redirect_uris: tenantIds.map((id) => `${this.publicUrl}/signin/${id}`),
      }, ...identityClients],
    });
    this.provider = await AuthorizationServer.start({
      tls,
      accessTokenTtl,
      rotate,
      clients: [{
        client_id: 'vault-calendar',
        client_secret: secrets.calendar,
        redirect_uris: tenantIds.map((id) => `${this.publicUrl}/cb/${id}.${PROVIDER}`),
      }],
    });
    this.settings = await change({
      ports: this.ports,
      tls,
      caFile: authority.caFile,
      tenants: [{
        id: TENANT, issuer: this.identity.issuer, clientId: 'vault-login', clientSecret: secrets.login,
      }],
      agents: [
        {
          id: 'bot', name: 'Calendar Bot', owner: 'Productivity team', may_assert_user: true,
          may_manage_connections: true, auth: { type: 'mtls', spiffe_id: spiffe('bot') },
        },
        // Trusted with less: it must bring the person's own token.
        {
          id: 'guest', name: 'Guest Bot', owner: 'Another team',
          auth: { type: 'mtls', spiffe_id: spiffe('guest') },
        },
      ],
      providers: [{
        id: PROVIDER, preset: 'demo', display_name: 'Test Calendar', issuer: this.provider.issuer,
        client_id: 'vault-calendar', clientSecret: secrets.calendar,
      }],
      policies: [{
        id: 'calendars', effect: 'allow', agent: 'bot', provider: PROVIDER,
        scopes: ['openid', 'email', 'calendar.read'],
      }],
    }, this);
    const config = writeConfiguration(this.dir, this.settings);
    this.vault = new Vault({ config, adminSocket: join(this.dir, 'admin.sock') });
    await this.vault.init();
    await this.vault.start();
    this.bot = this.agent('bot');
  }

  // An agent with a certificate for this SPIFFE name, known to the vault or not.
  agent(name, uri = spiffe(name)) {
    const identity = this.authority.client(name, uri);
    return this.opened(
      new Agent({ address: `127.0.0.1:${this.ports.grpc}`, ca: this.authority.ca, ...identity }));
  }

  // Closes `agent` when the world ends.
  opened(agent) {
    this.#agents.push(agent);
    return agent;
  }

  jsonDoor(name) {
    const identity = this.authority.client(`${name}-json`, spiffe(name));
    return new JsonDoor({ url: this.publicUrl, ca: this.authority.ca, ...identity });
  }

  // One person, from the link of an interaction to the last page: signs in as
  // `login` if need be, says yes to the vault and to the provider. `options` as
  // for answerProvider.
  async connect(person, login, interaction, options = {}) {
    let page = await person.visit(interaction.url);
    if (linksOf(page.body).some(({ label }) => SIGN_IN.test(label))) {
      page = await answerProvider(person, await person.follow(page, SIGN_IN), login);
    }
    page = await person.press(page, /^Continue to /);
    page = await person.follow(page, /^Go to /);
    return answerProvider(person, page, login, options);
  }

  person() { return new Person({ ca: this.authority.ca }); }

  // The leaves of the audit log, oldest first: all, or the newest `count`.
  async leaves(count) {
    const operator = new Agent({ address: `unix:${this.vault.adminSocket}` });
    const read = async (request) => {
      const page = await operator.call('AdminService', 'ListAuditEvents', request);
      return { events: page.events ?? [], next: page.next_page_token, end: page.looked_at === page.newest };
    };
    try {
      if (count) return leavesOf((await read({ page_size: count, from_end: true })).events);
      const all = [];
      for (let page = await read({ page_size: MOST }); ; page = await read({ page_size: MOST, page_token: page.next })) {
        all.push(...page.events);
        if (page.end) return leavesOf(all);
      }
    } finally {
      operator.close();
    }
  }

  // Which secrets the vault was given by others are where they may not be: in its
  // log, or in plain text in its files.
  leaks() {
    const secrets = [...this.identity.issuedTokens, ...this.provider.issuedTokens];
    const places = { log: this.vault.log };
    for (const file of readdirSync(this.dir)) {
      if (/^vault\.db/.test(file)) places[file] = readFileSync(join(this.dir, file), 'latin1');
    }
    return Object.entries(places).flatMap(([place, content]) =>
      secrets.filter((secret) => content.includes(secret)).map(() => place));
  }

  // Puts `to` for `from` in the configuration, and has the daemon read it again.
  async reconfigure(from, to) {
    const text = readFileSync(this.vault.config, 'utf8');
    if (!text.includes(from)) throw new Error(`no ${from} in the configuration`);
    writeFileSync(this.vault.config, text.replace(from, to));
    await this.vault.logs('config.reloaded', () => this.vault.signal('SIGHUP'));
  }

  // Changes a row behind the vault's back: for what only time could do.
  setRow(table, id, change) {
    const changed = execFileSync('sqlite3', ['-cmd', '.timeout 5000', join(this.dir, 'vault.db'),
      `UPDATE ${table} SET ${change} WHERE id = '${id}'; SELECT changes();`], { encoding: 'utf8' });
    if (changed.trim() !== '1') throw new Error(`no ${table} ${id}`);
  }

  async stop() {
    for (const agent of this.#agents) agent.close();
    await this.vault?.stop();
    await this.identity?.stop();
    await this.provider?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
