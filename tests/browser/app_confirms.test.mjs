// An application that says itself who its people are: nobody signs in at the vault,
// every address may be in the wrong hands, and still nothing is connected but for the
// person who was meant, in the browser that was sent off.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { refusalOf } from '../e2e/support/agent.mjs';
import { ConfirmingApp } from '../e2e/support/confirming_app.mjs';
import { signJwt } from '../e2e/support/jwt.mjs';
import {
  assertShows, CONSENT, Evidence, MISMATCH, refusedFor, STOPPED, WENT_WRONG,
} from './evidence.mjs';
import { ASK, Visitors } from './visitors.mjs';

const CONNECTED = { status: 200, heading: 'Connected' };
const HELD = { status: 200, heading: 'Held' };

let visitors;
let world;
let app;
before(async () => {
  visitors = await Visitors.start({
    change: async (settings, starting) => {
      app = await ConfirmingApp.start({ tls: starting.authority.server('app') });
      settings.tenants[0].user_token_audience = 'assistant';
      for (const agent of settings.agents) {
        Object.assign(agent, {
          may_manage_connections: true, may_confirm_people: true, return_uris: [`${app.url}/back`],
        });
      }
      return settings;
    },
  });
  ({ world } = visitors);
  app.agent = world.bot;
  app.tokenOf = (login) => {
    const now = Math.floor(Date.now() / 1000);
    return signJwt({ iss: world.identity.issuer, aud: 'assistant', sub: login, iat: now, exp: now + 300 },
      { key: world.identity.key });
  };
});
after(async () => {
  await visitors?.stop();
  await app?.stop();
});
afterEach(async () => {
  app.careful = true;
  await visitors.leave();
  await visitors.disconnectAll();
});

// Signed in at the application; nobody, as `login` null.
async function visitor(login) {
  const one = await visitors.new(login ?? 'ben');
  if (login) await one.page.goto(`${app.url}/signin?as=${login}`);
  return one;
}
// At the link, sent there by the application.
async function begin(one) {
  await one.page.goto(`${app.url}/connect`);
  await assertShows(one, CONSENT);
  return app.asked;
}
// To the way back to the vault, which the browser was not sent.
async function fetchCode(one) {
  await one.goToProvider();
  const held = world.provider.holdReturn();
  return new URL(await one.answer('Allow', { held }));
}
// To the way back to the application, which was not used.
async function fetchConnectCode(one) {
  const url = await fetchCode(one);
  const held = app.holdReturn();
  await one.page.goto(url.href);
  await assertShows(one, HELD);
  return held;
}
const idOf = ({ name }) => name.split('/').at(-1);

describe('an application confirms its own people', () => {
  test('and a person who comes back is connected, without a sign-in at the vault', async () => {
    const ana = await visitor('ana');
    const asked = await begin(ana);
    assert.match(await ana.text(), /At the end, Calendar Bot checks that it is you/);
    const evidence = await Evidence.since(world);
    const url = await fetchCode(ana);
    evidence.assertRedeemed(0);
    await ana.page.goto(url.href);
    await assertShows(ana, CONNECTED);
    evidence.assertRedeemed(1);
    evidence.assertSignedIn(0);
    await evidence.assertLeaf({ action: 'connect.confirmed', actor: 'agents/bot', interaction: idOf(asked) });
    await evidence.assertLeaf({ action: 'connection.created', outcome: 'ok' });
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
    assert.equal((await world.bot.getToken('calendar', 'ben', ASK)).outcome, 'consent_required');
    // A session of nobody is none: it opens no page of hers.
    await ana.goTo('/me');
    assert.equal(await ana.heading(), 'Sign in to continue');
  });

  test('and a no leads back to it, here and at the provider', async () => {
    const ana = await visitor('ana');
    await begin(ana);
    await ana.press('Don’t allow');
    await ana.link(/^Back to Calendar Bot/).click();
    assert.equal(await ana.heading(), 'Nothing connected');
    const asked = await begin(ana);
    await ana.goToProvider();
    await ana.answer('Deny', { home: app.url });
    assert.equal(await ana.heading(), 'Nothing connected');
    assert.equal((await visitors.stateOf(asked)).denial_reason, 'PROVIDER_DENIED');
  });
});

// Which address a stranger got, how far ana had come, and what it leads to: for
// another person, for ana in another browser and for nobody alike.
const ADDRESSES = {
  'the link': {
    get: async (_ana, asked) => asked.url,
    page: WENT_WRONG, leaf: refusedFor('browser'), open: false,
  },
  'our page on the way': {
    get: async (ana) => {
      await ana.typeCode();
      await ana.press('Continue to Test Calendar');
      return ana.page.url();
    },
    page: WENT_WRONG, leaf: refusedFor('cookie'), open: true,
  },
  'the provider’s page': {
    get: async (ana) => {
      await ana.typeCode();
      await ana.press('Continue to Test Calendar');
      return ana.link(/^Go to /).getAttribute('href');
    },
    atProvider: true, page: WENT_WRONG, leaf: refusedFor('cookie'), open: false,
  },
  'the way back to the vault': {
    get: async (ana) => (await fetchCode(ana)).href,
    page: WENT_WRONG, leaf: refusedFor('cookie'), open: false,
  },
  'the way back to the application': {
    get: async (ana) => (await fetchConnectCode(ana)).href,
    app: true, open: true,
  },
};
const STRANGERS = { 'another person': 'ben', 'the same person in another browser': 'ana', 'nobody': null };

for (const [who, login] of Object.entries(STRANGERS)) {
  describe(`${who} with`, () => {
    for (const [what, { get, page, leaf, open, atProvider, app: atApp }] of Object.entries(ADDRESSES)) {
      test(`${what} has no code redeemed`, async () => {
        const ana = await visitor('ana');
        const stranger = await visitor(login);
        const asked = await begin(ana);
        const address = await get(ana, asked);
        const evidence = await Evidence.since(world);
        await stranger.page.goto(address);
        if (atProvider) await stranger.answer('Allow', { account: 'ben' });

        evidence.assertRedeemed(0);
        if (atApp) {
          assert.equal(await stranger.heading(), login ? 'Not sent by us' : 'Sign in first');
          await evidence.assertNothingDecided();
          await ana.page.goto(address);
          await assertShows(ana, CONNECTED);
          return;
        }
        await assertShows(stranger, page);
        await evidence.assertLeaf(leaf);
        if (!open) await visitors.assertStopped(asked, leaf.reason);
        await ana.page.goto(asked.url);
        await assertShows(ana, open ? CONSENT : STOPPED);
      });
    }
  });
}

describe('an application that takes any way back', () => {
  test('connects nothing for another person, and ends the question', async () => {
    app.careful = false;
    const ana = await visitor('ana');
    const asked = await begin(ana);
    const back = await fetchConnectCode(ana);
    const ben = await visitor('ben');
    const evidence = await Evidence.since(world);
    await ben.page.goto(back.href);
    assert.equal(await ben.heading(), 'Not connected: CONNECT_REFUSED');
    await evidence.assertLeaf({ ...MISMATCH, actor: 'agents/bot', interaction: idOf(asked) });
    await ana.page.goto(back.href);
    assert.equal(await ana.heading(), 'Not connected: CONNECT_REFUSED');
    evidence.assertRedeemed(0);
    await visitors.assertStopped(asked, 'FAILED_USER_MISMATCH');
  });

  test('gives ana no account of somebody who got hold of her link, and opened it too', async () => {
    app.careful = false;
    const ana = await visitor('ana');
    const asked = await begin(ana);
    const mallory = await visitor('ben');
    const evidence = await Evidence.since(world);
    await mallory.page.goto(asked.url);
    await assertShows(mallory, WENT_WRONG);
    await evidence.assertLeaf(refusedFor('browser'));
    evidence.assertRedeemed(0);
  });
});

describe('a connect code', () => {
  test('is good once, of two hundred who come with it', async () => {
    const ana = await visitor('ana');
    const asked = await begin(ana);
    const back = await fetchConnectCode(ana);
    const evidence = await Evidence.since(world);
    const answers = await Promise.allSettled(Array.from({ length: 200 }, () =>
      app.complete(asked.name, back.searchParams.get('connect_code'), 'ana')));
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    evidence.assertRedeemed(1);
    await evidence.assertLeaf({ action: 'connection.created', outcome: 'ok' });
  });

  test('is no use to another agent, with a bare name, or changed', async () => {
    const ana = await visitor('ana');
    const asked = await begin(ana);
    const code = (await fetchConnectCode(ana)).searchParams.get('connect_code');
    const evidence = await Evidence.since(world);
    const tries = [
      [() => app.complete(asked.name, code, 'ana', world.agent('guest')), 'RESOURCE_DENIED'],
      [() => app.complete(asked.name, `${code.slice(0, -1)}_`, 'ana'), 'CONNECT_REFUSED'],
      [() => app.complete('interactions/01m8jqjpbwj74yr1phfqzmp4jk', code, 'ana'), 'RESOURCE_DENIED'],
      [() => world.bot.call('ConnectionService', 'CompleteConnect',
        { name: asked.name, connect_code: code, user_token: 'ana' }), 'USER_TOKEN_INVALID'],
      [() => world.bot.call('ConnectionService', 'CompleteConnect',
        { name: asked.name, connect_code: code }), 'FIELD_INVALID'],
    ];
    for (const [attempt, reason] of tries) assert.equal((await refusalOf(attempt())).reason, reason);
    evidence.assertRedeemed(0);
    await app.complete(asked.name, code, 'ana');
    evidence.assertRedeemed(1);
  });

  test('is asked for by no agent that may not, and by no session without a way back', async () => {
    const ask = (more) => refusalOf(world.bot.call('ConnectionService', 'CreateConnectSession', {
      parent: 'users/-', subject: { user_id: 'ana' }, providers: ['providers/calendar'], scopes: ASK,
      agent: 'agents/bot', app_confirms: true, ...more,
    }));
    assert.deepEqual((await ask({})).metadata, { field: 'return_uri' });
    assert.deepEqual((await ask({ return_uri: 'https://evil.example.test/' })).metadata, { field: 'return_uri' });
    assert.deepEqual((await ask({ parent: 'users/u-1', return_uri: `${app.url}/back` })).metadata, { field: 'parent' });
  });
});
