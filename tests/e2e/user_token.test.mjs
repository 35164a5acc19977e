// A person named by a token that the identity provider gave them: for agents that
// are not trusted to say who they act for. By both doors.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { signJwt, tamper } from './support/jwt.mjs';
import { WebApp } from './support/web_app.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

describe('a person\'s own token', () => {
  let world;
  let app;
  let doors;
  before(async () => {
    world = await World.start({
      identityClients: [WebApp.client('assistant'), WebApp.client('elsewhere')],
      change: (c) => {
        c.tenants[0].user_token_audience = 'assistant';
        c.policies.push({
          id: 'guests', effect: 'allow', agent: 'guest', provider: 'calendar',
          scopes: ['openid', 'email', 'calendar.read'],
        });
        return c;
      },
    });
    app = new WebApp({ server: world.identity, ca: world.authority.ca, client: 'assistant' });
    doors = { gRPC: world.agent('guest'), JSON: world.jsonDoor('guest') };
  });
  after(() => world?.stop());

  // As the identity provider would say it now, but for `changes`.
  const claims = (changes = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: world.identity.issuer, aud: 'assistant', sub: 'ana', iat: now, exp: now + 300, ...changes };
  };

  test('names them, and nobody else', async () => {
    const ana = { token: await app.signIn('ana') };
    const ben = { token: await app.signIn('ben') };
    const asked = await doors.gRPC.getToken('calendar', ana, ASK);
    assert.equal(asked.outcome, 'consent_required', JSON.stringify(asked));
    const done = await world.connect(world.person(), 'ana', asked.consent_required);
    assert.match(done.url, /\/done\//, done.body);
    for (const [name, door] of Object.entries(doors)) {
      const { outcome, token } = await door.getToken('calendar', ana, ASK);
      assert.equal(outcome, 'token', name);
      const events = await world.person().visit(world.provider.calendarUrl,
        { headers: { authorization: `Bearer ${token.access_token}` } });
      assert.equal(JSON.parse(events.body).account, 'ana', name);
      const other = await door.getToken('calendar', ben, ASK);
      assert.equal(other.outcome, 'consent_required', name);
    }
  });

  test('is the same person as the one a trusted agent names', async () => {
    const before = (await world.leaves()).length;
    await doors.gRPC.getToken('calendar', { token: await app.signIn('ana') }, ASK);
    await world.bot.getToken('calendar', 'ana', ASK);
    await world.bot.getToken('calendar', 'ben', ASK);
    const seen = (await world.leaves()).slice(before);
    const own = seen.find((leaf) => leaf.actor === 'agents/guest');
    const trusted = seen.find((leaf) => leaf.actor === 'agents/bot');
    const other = seen.at(-1);
    assert.equal(own.user, trusted.user);
    assert.match(own.user, /^p-/);
    assert.notEqual(own.user, other.user);
  });

  test('can be as old as the clocks may differ', async () => {
    const token = signJwt(claims({ exp: Math.floor(Date.now() / 1000) - 5 }), { key: world.identity.key });
    assert.equal((await doors.gRPC.getToken('calendar', { token }, ASK)).outcome, 'token');
  });

  const REFUSED = [
    ['that expired', 'expired', () => {
      const past = Math.floor(Date.now() / 1000) - 120;
      return signJwt(claims({ iat: past - 300, exp: past }), { key: world.identity.key });
    }],
    ['for another application', 'audience',
      () => new WebApp({ server: world.identity, ca: world.authority.ca, client: 'elsewhere' }).signIn('ana')],
    ['of another issuer', 'issuer',
      () => signJwt(claims({ iss: world.provider.issuer }), { key: world.provider.key })],
    ['of an issuer that says it is ours', 'signature',
      () => signJwt(claims(), { key: { ...world.provider.key, kid: world.identity.key.kid } })],
    ['that names somebody else now', 'signature',
      async () => tamper(await app.signIn('ben'), { sub: 'ana' })],
    ['that nobody signed', 'algorithm',
      () => signJwt(claims(), { key: world.identity.key, header: { alg: 'none' } })],
    ['signed with what everybody knows', 'algorithm',
      () => signJwt(claims(), { key: world.identity.key, header: { alg: 'HS256' } })],
    ['from tomorrow', 'not_yet_valid', () => {
      const tomorrow = Math.floor(Date.now() / 1000) + 86_400;
      return signJwt(claims({ iat: tomorrow, nbf: tomorrow, exp: tomorrow + 60 }), { key: world.identity.key });
    }],
    ['that is none', 'malformed', () => 'ana'],
  ];
  for (const [which, problem, make] of REFUSED) {
    test(`${which} is refused by both doors`, async () => {
      const token = await make();
      for (const [name, door] of Object.entries(doors)) {
        const error = await refusalOf(door.getToken('calendar', { token }, ASK));
        assert.equal(error.code, 'UNAUTHENTICATED', name);
        assert.equal(error.reason, 'USER_TOKEN_INVALID', name);
        assert.deepEqual(error.metadata, {
          issuer: world.identity.issuer, problem, expired: String(problem === 'expired'),
        }, name);
        const leaf = (await world.leaves(1))[0];
        assert.equal(leaf.action, 'token.denied', name);
        assert.equal(leaf.reason, 'USER_TOKEN_INVALID', name);
        assert.equal(leaf.actor, 'agents/guest', name);
      }
    });
  }

  test('that was believed is looked at again when the configuration changes', async () => {
    const ana = { token: await app.signIn('ana') };
    const ask = () => doors.gRPC.getToken('calendar', ana, ASK);
    assert.equal((await ask()).outcome, 'token');
    await world.reconfigure('user_token_audience = "assistant"', 'user_token_audience = "elsewhere"');
    assert.equal((await refusalOf(ask())).metadata.problem, 'audience');
    await world.reconfigure('user_token_audience = "elsewhere"', 'user_token_audience = "assistant"');
    assert.equal((await ask()).outcome, 'token');
  });

  test('is nowhere afterwards', () => {
    assert.ok(world.identity.issuedTokens.size >= 6);
    assert.deepEqual(world.leaks(), []);
  });
});
