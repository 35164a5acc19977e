// The provider with its ledger, the daemon, people and agents: everything that a
// run needs, and the taking down of it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from '../e2e/support/agent.mjs';
import { CertificateAuthority } from '../e2e/support/certificates.mjs';
import { writeConfiguration } from '../e2e/support/configuration.mjs';
import { linksOf, Person } from '../e2e/support/person.mjs';
import { freePort, Vault } from '../e2e/support/vault.mjs';
import { AuditLeaves } from './audit_leaves.mjs';
import { ChangedFiles } from './changed_files.mjs';
import { IN_DOUBT } from './judge.mjs';
import { microseconds } from './ledger.mjs';
import { pause } from './moments.mjs';
import { ProviderProcess } from './provider_process.mjs';

const PROVIDER = 'calendar';
const SPIFFE = 'spiffe://example.test/agents/bot';
export const NARROW = ['calendar.read'];
// How long the daemon waits for the provider, in ms.
export const PATIENCE = 2000;
export const WIDE = ['calendar.read', 'email'];
// How long an agent waits for a token, in ms.
const AGENTS_PATIENCE = 6000;

export class Rig {
  agents = [];
  granted = new Set();
  tokenHashes = new Set();
  stopped = false;
  #counts = { kills: 0, calls: 0 };
  #deaths = [];
  #eventsRead = 0;

  // `people` are the accounts' names; `ttl` of access tokens in seconds.
  static async start({ people, seed, ttl, agents = 4 }) {
    const rig = new Rig();
    rig.people = people;
    rig.dir = mkdtempSync(join(tmpdir(), 'tokenvault-faults-'));
    try {
      await rig.#build(seed, ttl, agents);
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  async #build(seed, ttl, agents) {
    this.authority = new CertificateAuthority(join(this.dir, 'tls'));
    const tls = this.authority.server('server');
    this.ports = { grpc: await freePort(), http: await freePort() };
    const publicUrl = `https://localhost:${this.ports.http}`;
    this.provider = new ProviderProcess();
    this.issuer = await this.provider.ask('start', {
      tls: { cert: tls.cert, key: tls.key },
      ledgerFile: join(this.dir, 'ledger.jsonl'),
      seed,
      ttl,
      clients: {
        'vault-login': { secret: 'login-secret', redirectUri: `${publicUrl}/signin/default`, signIn: true },
        'vault-calendar': { secret: 'calendar-secret', redirectUri: `${publicUrl}/cb/default.${PROVIDER}` },
      },
    });
    // What is searched for tokens: nothing but the vault's own is in there.
    this.vaultDir = join(this.dir, 'vault');
    mkdirSync(this.vaultDir, { mode: 0o700 });
    this.files = new ChangedFiles(this.vaultDir);
    this.leaves = new AuditLeaves(join(this.vaultDir, 'vault.db'));
    const config = writeConfiguration(this.vaultDir, {
      ports: this.ports,
      tls,
      caFile: this.authority.caFile,
      tenants: [{
        id: 'default', issuer: this.issuer, clientId: 'vault-login', clientSecret: 'login-secret',
      }],
      agents: [{
        id: 'bot', name: 'Calendar Bot', may_assert_user: true, may_manage_connections: true,
        auth: { type: 'mtls', spiffe_id: SPIFFE },
      }],
      providers: [{
        id: PROVIDER, preset: 'demo', display_name: 'Ledger', issuer: this.issuer,
        client_id: 'vault-calendar', clientSecret: 'calendar-secret',
        // What an answer means that does not say how long its token lives.
        expires: { default: `${ttl}s` },
      }],
      policies: [{
        id: 'all', effect: 'allow', agent: 'bot', provider: PROVIDER,
        scopes: ['openid', 'email', 'calendar.read'],
      }],
      sections: { egress: { timeout: `${PATIENCE}ms` }, server: { log_level: 'info' } },
    });
    this.vault = new Vault({ config, adminSocket: join(this.vaultDir, 'admin.sock') });
    await this.vault.init();
    this.identity = this.authority.client('bot', SPIFFE);
    this.#renewAgents(agents);
    this.http = new https.Agent({ keepAlive: true, ca: this.authority.ca, maxSockets: 8 });
    await this.vault.start();
  }

  // A channel remembers for a second that nobody was there: each life of the daemon
  // gets new ones.
  #renewAgents(count) {
    for (const agent of this.agents) agent.close();
    this.agents = Array.from({ length: count }, () => this.newAgent());
  }

  // With a connection of its own.
  newAgent() {
    return new Agent({
      address: `127.0.0.1:${this.ports.grpc}`, ca: this.authority.ca, ...this.identity,
    });
  }

  // A token for this person, remembered for the audit; the answer as it is.
  async getToken(agent, account, scopes, more, deadline = AGENTS_PATIENCE) {
    const answer = await agent.call('TokenService', 'GetScopedToken',
      { provider: `providers/${PROVIDER}`, subject: { user_id: account }, scopes, ...more }, { deadline });
    if (answer.outcome === 'token') this.granted.add(answer.token.token_id);
    return answer;
  }

  // From nothing, or from a connection that is over, to one that works. Whether the
  // person had to do anything.
  async connect(account) {
    const asked = await this.#patiently(async () => {
      const answer = await this.getToken(this.agents[0], account, WIDE);
      return answer.outcome === 'token' ? 'connected' : answer.consent_required;
    });
    if (asked === 'connected') return false;
    const person = new Person({ ca: this.authority.ca, headers: { 'x-person': account } });
    let page = await person.visit(asked.url);
    if (linksOf(page.body).some(({ label }) => /^Sign in with /.test(label))) {
      page = await person.follow(page, /^Sign in with /);
    }
    page = await person.press(page, /^Continue to /);
    page = await person.follow(page, /^Go to /);
    if (!/\/done\//.test(page.url)) throw new Error(`${account} is not connected: ${page.url} ${page.body}`);
    return true;
  }

  // `work` for each of `items`, a few at a time.
  async each(items, work, atATime = 8) {
    const rest = [...items.entries()];
    const results = [];
    await Promise.all(Array.from({ length: atATime }, async () => {
      for (let next = rest.shift(); next; next = rest.shift()) {
        results[next[0]] = await work(next[1]);
      }
    }));
    return results;
  }

  async #patiently(work, patience = 30_000) {
    for (const until = Date.now() + patience; ;) {
      try {
        return await work();
      } catch (error) {
        if (Date.now() > until) throw error;
        await pause(100);
      }
    }
  }

  // What the provider says of an access token: "" or what is wrong with it.
  async problemOf(token) {
    const answer = await new Promise((resolve, reject) => {
      const request = https.get(`${this.issuer}/calendar/events`,
        { agent: this.http, headers: { authorization: `Bearer ${token}` } }, (res) => {
          let body = '';
          res.setEncoding('utf8').on('data', (part) => { body += part; });
          res.on('end', () => resolve({ status: res.statusCode, body })).on('error', reject);
        });
      request.on('error', reject);
    });
    return answer.status === 200 ? '' : JSON.parse(answer.body).error;
  }

  // Ends a connection, as an application's back end does.
  async revoke(account) {
    const { name } = (await this.connections()).get(account);
    return this.agents[0].call('ConnectionService', 'RevokeConnection', { name });
  }

  // By account: {name, state, reason}, as the vault lists them.
  async connections() {
    const found = new Map();
    let token = '';
    do {
      const page = await this.agents[0].call('ConnectionService', 'ListConnections',
        { parent: 'users/-', page_size: 500, page_token: token });
      for (const one of page.connections ?? []) {
        found.set(one.account_label.split('@')[0], { name: one.name, state: one.state, reason: one.state_reason });
      }
      token = page.next_page_token ?? '';
    } while (token !== '');
    return found;
  }

  // Whether every connection works: asks for each until it has a token that the
  // provider takes, or a plain no, or `patience` is over.
  async probe(accounts = this.people, patience = 15_000) {
    const until = Date.now() + patience;
    const asked = await this.each(accounts, async (account) => {
      for (;;) {
        let reason;
        try {
          const answer = await this.getToken(this.agents[1 % this.agents.length], account, NARROW);
          if (answer.outcome === 'consent_required') return { account, reason: answer.consent_required.kind };
          reason = await this.problemOf(answer.token.access_token);
          if (reason === '') return { account, works: true };
        } catch (error) {
          reason = error.reason ?? error.message;
        }
        if (Date.now() > until) return { account, reason };
        await pause(50);
      }
    });
    const broken = asked.filter(({ works }) => !works);
    const listed = broken.length > 0 ? await this.connections() : undefined;
    return asked.map(({ account, works = false, reason = '' }) => {
      if (works) return { account, works, inDoubt: false };
      const said = listed.get(account)?.reason;
      return { account, works, inDoubt: IN_DOUBT.includes(said), reason: said || reason };
    });
  }

  // The ledger's events since the last look.
  async newEvents() {
    const events = await this.provider.ask('eventsFrom', this.#eventsRead);
    this.#eventsRead += events.length;
    for (const event of events) {
      if (event.what === 'issued') this.tokenHashes.add(event.token);
      if (['used', 'replayed', 'refused'].includes(event.what)) this.#counts.calls += 1;
    }
    return events;
  }

  // What is new in every place in which a token may not be, or `all` of it, as pairs
  // of a name and a text. The log is given out once.
  * places({ all = false } = {}) {
    const { log } = this.vault;
    this.vault.log = '';
    yield ['log', log];
    if (all) this.files.forget();
    yield* this.files.look();
  }

  // {kills, calls}: of the daemon and to the token endpoint, since the last look.
  newCounts() {
    const counts = this.#counts;
    this.#counts = { kills: 0, calls: 0 };
    return counts;
  }

  // Ends this life of the daemon.
  async kill() {
    const from = microseconds();
    this.vault.signal('SIGKILL');
    const to = microseconds();
    await this.vault.kill();
    this.#died(from, to);
  }

  #died(from, to) {
    this.#deaths.push({ from, to });
    this.#counts.kills += 1;
  }

  // Whether the daemon ended by itself within `patience` ms. That is seen `late`
  // microseconds late at most.
  async dies(patience, late) {
    let timer;
    const over = new Promise((resolve) => { timer = setTimeout(() => resolve(null), patience); });
    const ended = await Promise.race([this.vault.ended, over]);
    clearTimeout(timer);
    if (ended === null) return false;
    const to = microseconds();
    await this.vault.kill();
    this.#died(to - late, to);
    return true;
  }

  get dead() { return this.#deaths.length > 0 && this.#deaths.at(-1).next === undefined; }

  // A new life, with what the environment says in it, started by `launcher`.
  async restart(env = {}, launcher = []) {
    // strace fails a call by making it another, which the filter would not let pass.
    const filter = launcher.length > 0 ? { TOKENVAULT_SERVER_SECCOMP: 'log' } : {};
    Object.assign(this.vault, { env: { ...filter, ...env }, launcher });
    this.#renewAgents(this.agents.length);
    const from = microseconds();
    if (this.dead) this.#deaths.at(-1).next = from;
    try {
      await this.vault.start();
    } catch (error) {
      this.#died(from, microseconds());
      throw error;
    }
  }

  // {from, to, next}, since the last look: the daemon ended between the first two,
  // and its next life began at the third.
  newDeaths() {
    const deaths = this.#deaths;
    this.#deaths = [];
    return deaths;
  }

  async stop() {
    this.stopped = true;
    for (const agent of this.agents) agent.close();
    this.http?.destroy();
    await this.vault?.stop();
    await this.provider?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
