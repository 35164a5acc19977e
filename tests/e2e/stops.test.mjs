// An operator stops tokens: everything, an agent, a person, an account or a
// provider; at both doors, while many callers ask, and over every kind of restart.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { refusalOf } from './support/agent.mjs';
import { ACCOUNTS } from './support/authorization_server.mjs';
import { answerProvider } from './support/person.mjs';
import { WebApp } from './support/web_app.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const CALLERS = 64;

describe('what an operator stopped', () => {
  let world;
  let app;
  let connection;
  let doors;
  let kinds;
  before(async () => {
    ACCOUNTS.cleo = { name: 'Cleo Castro', email: 'cleo@example.test' };
    world = await World.start({
      identityClients: [WebApp.client('assistant')],
      change: (c) => {
        c.tenants[0].user_token_audience = 'assistant';
        return c;
      },
    });
    app = new WebApp({ server: world.identity, ca: world.authority.ca, client: 'assistant' });
    for (const name of ['ana', 'ben']) {
      const { consent_required: asked } = await world.bot.getToken('calendar', name, ASK);
      const done = await world.connect(world.person(), name, asked);
      assert.match(done.url, /\/done\//, done.body);
    }
    connection = (await world.bot.getToken('calendar', 'ana', ASK)).token.connection;
    const user = connection.split('/').slice(0, 2).join('/');
    const json = world.jsonDoor('bot');
    const token = await app.signIn('ana');
    doors = {
      'gRPC, an id': (more) => world.bot.getToken('calendar', 'ana', ASK, more),
      'gRPC, her own token': (more) => world.bot.getToken('calendar', { token }, ASK, more),
      'gRPC, the account by name': (more) => world.bot.getToken('calendar', 'ana', ASK, { connection, ...more }),
      'JSON, an id': (more) => json.getToken('calendar', 'ana', ASK, more),
      'JSON, her own token': (more) => json.getToken('calendar', { token }, ASK, more),
    };
    kinds = {
      vault: { stop: ['lock', '--yes'], lift: ['unlock'] },
      agent: { stop: ['agent', 'disable', 'bot'], lift: ['agent', 'enable', 'bot'] },
      user: { stop: ['quarantine', 'add', '--user', 'ana'], lift: ['quarantine', 'lift', '--user', user], others: true },
      connection: {
        stop: ['quarantine', 'add', '--connection', connection], lift: ['quarantine', 'lift', '--connection', connection],
        others: true,
      },
      provider: { stop: ['quarantine', 'add', '--provider', 'calendar'], lift: ['quarantine', 'lift', '--provider', 'calendar'] },
    };
  });
  after(() => world?.stop());

  async function cli(...args) {
    const { code, stdout, stderr } = await world.vault.cli(...args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }
  const stop = async (kind, ...more) => JSON.parse(await cli(...kinds[kind].stop, '--why', 'a drill', '--format', 'json', ...more));
  const usable = async (user) => (await world.bot.call('TokenService', 'ListUsableConnections',
    { subject: { user_id: user } })).connections?.length ?? 0;

  for (const kind of ['vault', 'agent', 'user', 'connection', 'provider']) {
    test(`is stopped at once for ${CALLERS} callers: ${kind}`, async () => {
      const got = [];
      const refused = [];
      let acknowledged = false;
      const each = Object.values(doors);
      const callers = Array.from({ length: CALLERS }, async (_one, i) => {
        for (;;) {
          const late = acknowledged;
          const request_id = randomUUID();
          try {
            const { outcome } = await each[i % each.length]({ request_id });
            assert.equal(outcome, 'token');
            assert.equal(late, false, 'a token that was asked for after the stop');
            got.push(request_id);
          } catch (error) {
            if (!error.reason) throw error;
            refused.push(error);
            if (late) return;
          }
        }
      });
      const all = Promise.all(callers);
      while (got.length < 2 * CALLERS) await Promise.race([all, setImmediate()]);
      try {
        await stop(kind);
      } finally {
        acknowledged = true;
        await all;
      }
      for (const { reason, metadata, code } of refused) {
        assert.deepEqual([code, reason, metadata.what], ['PERMISSION_DENIED', 'ISSUANCE_STOPPED', kind]);
      }

      // In the log's order: whoever got a token has its leaf before that of the stop.
      const leaves = await world.leaves();
      const at = leaves.findLastIndex(({ action }) => action === 'issuance.stopped');
      const granted = new Map(leaves.flatMap((leaf, i) => (
        leaf.action === 'token.granted' && leaf.request_id ? [[leaf.request_id, i]] : [])));
      for (const id of got) assert.ok(granted.get(id) < at, `${id} has leaf ${granted.get(id)}, the stop ${at}`);
      // One that was granted behind it was withheld, and has a leaf that says so.
      const withheld = new Set(leaves.flatMap((leaf) => (
        leaf.action === 'token.denied' && leaf.token_id ? [leaf.request_id] : [])));
      for (const [id, i] of granted) if (i > at) assert.ok(withheld.has(id), id);
      for (const id of got) assert.ok(!withheld.has(id), id);

      for (const [door, get] of Object.entries(doors)) {
        assert.equal((await refusalOf(get())).reason, 'ISSUANCE_STOPPED', door);
      }
      assert.equal(await usable('ana'), 0);
      // Who is not meant goes on.
      if (kinds[kind].others) {
        assert.equal((await world.bot.getToken('calendar', 'ben', ASK)).outcome, 'token');
        assert.equal(await usable('ben'), 1);
      }
      await cli(...kinds[kind].lift);
      for (const [door, get] of Object.entries(doors)) assert.equal((await get()).outcome, 'token', door);
      assert.equal(await usable('ana'), 1);
    });

    test(`survives a restart and kill -9: ${kind}`, async () => {
      await stop(kind);
      for (const end of ['stop', 'kill']) {
        await world.vault[end]();
        await world.vault.start();
        const { reason, metadata } = await refusalOf(world.bot.getToken('calendar', 'ana', ASK));
        assert.deepEqual([reason, metadata.what], ['ISSUANCE_STOPPED', kind], end);
      }
      await world.vault.kill();
      await world.vault.start();
      await cli(...kinds[kind].lift);
      await world.vault.kill();
      await world.vault.start();
      assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
    });
  }

  test('tells which tokens live on, also after a restart', async () => {
    const { token } = await world.bot.getToken('calendar', 'ana', ASK);
    const { token: other } = await world.bot.getToken('calendar', 'ben', ASK);
    await world.vault.kill();
    await world.vault.start();
    const { stop: said, live } = await stop('user');
    assert.equal(said.why, 'a drill');
    assert.equal(live.complete, true);
    const found = live.tokens.find(({ tokenId }) => tokenId === token.token_id);
    assert.deepEqual([found.agent, found.provider, found.connection, found.scopes],
      ['agents/bot', 'providers/calendar', connection, ASK]);
    // Not before the end that the agent was told, and a minute after it at most.
    const late = Date.parse(found.expireTime) - Number(token.expire_time.seconds) * 1000;
    assert.ok(late >= -1000 && late <= 60_000, `${late} ms`);
    assert.ok(!live.tokens.some(({ tokenId }) => tokenId === other.token_id), 'of Ben');
    assert.ok(live.tokens.every(({ connection: of }) => of === connection));
    assert.equal(Number(live.count), live.tokens.length);
    assert.equal(live.lastExpireTime, live.tokens[0].expireTime);
    await cli(...kinds.user.lift);

    const { live: everybody } = await stop('vault');
    for (const { token_id } of [token, other]) {
      assert.ok(everybody.tokens.some(({ tokenId }) => tokenId === token_id));
    }
    // And they do: a stop ends nothing at the provider.
    const answer = await world.person().visit(world.provider.calendarUrl,
      { headers: { authorization: `Bearer ${token.access_token}` } });
    assert.equal(JSON.parse(answer.body).account, 'ana');
    assert.match(await cli('lock', '--yes'), /Stopped already, .*\nStill alive: \d+ access tokens? /);
    await cli('unlock');
  });

  test('is seen by who looks', async () => {
    await stop('vault');
    await stop('agent');
    assert.match(await cli('status'), /State +locked\n[^]*Stopped +everything \(just now: a drill\) +agent bot \(/);
    assert.match(await cli('agent', 'list'), /bot +Calendar Bot +disabled/);
    assert.match(await cli('quarantine', 'list'), /everything[^\n]*a drill\nagent bot[^\n]*a drill/);
    const metrics = await world.person().visit(`${world.publicUrl}/metrics`);
    assert.match(metrics.body, /tokenvault_stops\{kind="vault"\} 1/);
    assert.match(metrics.body, /tokenvault_stops\{kind="user"\} 0/);
    assert.equal((await world.person().visit(`${world.publicUrl}/readyz`)).status, 200);
    await cli('agent', 'enable', 'bot');
    await cli('unlock');
    assert.equal((await world.vault.cli('unlock')).code, 4);
    assert.match(await cli('quarantine', 'list'), /nothing is stopped/);
  });

  test('takes no new grant, and keeps the question open', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'cleo', ASK);
    const person = world.person();
    const signIn = await person.visit(asked.url);
    const page = await answerProvider(person, await person.follow(signIn, /^Sign in with /), 'cleo');
    const away = await person.follow(await person.press(page, /^Continue to /), /^Go to /);
    const before = world.provider.issuedTokens.length;
    await stop('vault');
    // The code that they come back with is not used.
    const back = await answerProvider(person, away, 'cleo');
    assert.equal(back.status, 503, back.body);
    assert.match(back.body, /Stopped for now/);
    assert.equal(world.provider.issuedTokens.length, before);
    // Nor does a yes take them there.
    const again = await person.press(await person.visit(asked.url), /^Continue to /);
    assert.equal(again.status, 503, again.body);
    await cli('unlock');
    const done = await world.connect(person, 'cleo', asked);
    assert.match(done.url, /\/done\//, done.body);
    assert.equal((await world.bot.getToken('calendar', 'cleo', ASK)).outcome, 'token');
  });

  test('holds while the vault is sealed', async () => {
    await cli('seal', '--yes');
    await stop('agent');
    await cli('unseal');
    assert.equal((await refusalOf(world.bot.getToken('calendar', 'ana', ASK))).reason, 'ISSUANCE_STOPPED');
    await cli('agent', 'enable', 'bot');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });
});
