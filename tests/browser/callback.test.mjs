// The way back from the provider, with something missing, swapped or doubled. The person is the right one, in the right browser, with a code that the
// provider would take: what is wrong is the one thing that each case names.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertShows, Evidence, refusedFor, WENT_WRONG } from './evidence.mjs';
import { ASK, Visitors } from './visitors.mjs';

const SESSION = '__Host-tv_sess';

let visitors;
let world;
// Ana's other question is of another agent, so that both are open at once.
let secondBot;
before(async () => {
  visitors = await Visitors.start({
    change: (settings) => {
      settings.agents.push({
        id: 'second', name: 'Second Bot', owner: 'Another team', may_assert_user: true,
        auth: { type: 'mtls', spiffe_id: 'spiffe://example.test/agents/second' },
      });
      settings.policies.push({ ...settings.policies[0], id: 'second', agent: 'second' });
      settings.providers.push({ ...settings.providers[0], id: 'mirror', display_name: 'Mirror' });
      return settings;
    },
  });
  ({ world } = visitors);
  secondBot = world.agent('second');
});
after(() => visitors?.stop());
afterEach(async () => {
  await visitors.leave();
  await visitors.disconnectAll();
});

// Ana, at the provider, about to come back with a code: {ana, asked, url, cookie}.
async function aboutToReturn(ana, asked) {
  return { ana, asked, ...await ana.fetchCode(asked) };
}

const anaReturns = async () => aboutToReturn(await visitors.known('ana'), await visitors.ask('ana'));

// Another journey of hers, in the same browser, as far as the first.
const another = async ({ ana }) =>
  aboutToReturn(ana, await visitors.ask('ana', { agent: secondBot }));

const without = (name) => ({ url }) => url.searchParams.delete(name);
const twice = (name) => ({ url }) => url.searchParams.append(name, url.searchParams.get(name));
const ofTheOther = (name) => async (journey) =>
  journey.url.searchParams.set(name, (await another(journey)).url.searchParams.get(name));

// A session of `login` that began in a browser of their own.
async function sessionOf(login) {
  const visitor = await visitors.new(login);
  await visitor.goTo('/me');
  await visitor.signIn();
  return (await visitor.vaultCookies()).find(({ name }) => name === SESSION);
}

// `open`: the question is not ended, because it is not known which one it was.
const CASES = [
  { what: 'the state is missing', change: without('state'), leaf: refusedFor('state'), open: true },
  {
    what: 'the state is empty',
    change: ({ url }) => url.searchParams.set('state', ''),
    leaf: refusedFor('state'),
    open: true,
  },
  {
    // The provider says no to a code with the PKCE verifier of another journey, which
    // ends the journey whose state it was.
    what: 'the state is that of another flow of the same browser',
    change: ofTheOther('state'),
    leaf: refusedFor('code'),
    open: true,
  },
  {
    what: 'the code is that of another flow of the same browser',
    change: ofTheOther('code'),
    leaf: refusedFor('code'),
  },
  {
    what: 'the code is that of another person’s flow',
    change: async ({ url }) => {
      const ben = await (await visitors.known('ben')).fetchCode(await visitors.ask('ben'));
      url.searchParams.set('code', ben.url.searchParams.get('code'));
    },
    leaf: refusedFor('code'),
  },
  { what: 'the code is missing', change: without('code'), leaf: refusedFor('code') },
  {
    what: 'the flow cookie is missing',
    change: ({ ana, cookie }) => ana.context.clearCookies({ name: cookie.name }),
    leaf: refusedFor('cookie'),
  },
  {
    what: 'the flow cookie is that of another flow of the same browser',
    change: async (journey) => {
      const { cookie: { value } } = await another(journey);
      await journey.ana.context.addCookies([{ ...journey.cookie, value }]);
    },
    leaf: refusedFor('cookie'),
  },
  {
    what: 'the session cookie is missing',
    change: ({ ana }) => ana.context.clearCookies({ name: SESSION }),
    leaf: refusedFor('session'),
  },
  {
    what: 'the session cookie is that of another person',
    change: async ({ ana }) => {
      await ana.context.addCookies([await sessionOf('ben')]);
      ana.login = 'ben';
    },
    leaf: refusedFor('session'),
  },
  {
    what: 'the session cookie is that of the same person in another browser',
    change: async ({ ana }) => ana.context.addCookies([await sessionOf('ana')]),
    leaf: refusedFor('session'),
  },
  { what: 'the issuer is missing', change: without('iss'), leaf: refusedFor('iss') },
  {
    what: 'the issuer is that of another flow, the one of signing in',
    change: ({ url }) => url.searchParams.set('iss', world.identity.issuer),
    leaf: refusedFor('iss'),
  },
  {
    what: 'the issuer has a slash more',
    change: ({ url }) => url.searchParams.set('iss', `${world.provider.issuer}/`),
    leaf: refusedFor('iss'),
  },
  {
    what: 'the address is that of another provider',
    change: ({ url }) => { url.pathname = '/cb/default.mirror'; },
    leaf: refusedFor('context'),
  },
  {
    what: 'the address is that of signing in',
    change: ({ url }) => { url.pathname = '/signin/default'; },
    leaf: { action: 'person.sign_in_refused', outcome: 'denied', reason: 'CONNECT_REFUSED' },
    open: true,
  },
  ...['code', 'state', 'iss'].map((name) =>
    ({ what: `the parameter ${name} comes twice`, change: twice(name), leaf: refusedFor('query'), open: true })),
  {
    what: 'a parameter of no meaning comes twice',
    change: ({ url }) => { url.search += '&x=1&x=2'; },
    leaf: refusedFor('query'),
    open: true,
  },
  {
    what: 'the query cannot be decoded',
    change: ({ url }) => { url.search += '&x=%zz'; },
    leaf: refusedFor('query'),
    open: true,
  },
];

describe('a code is not redeemed, and no account connected, when', () => {
  for (const { what, change, leaf, open = false } of CASES) {
    test(what, async () => {
      const journey = await anaReturns();
      await change(journey);
      const { ana, asked, url } = journey;
      const evidence = await Evidence.since(world);
      await ana.page.goto(url.href);

      evidence.assertRedeemed(0);
      await assertShows(ana, WENT_WRONG);
      await evidence.assertLeaf(leaf);
      if (open) await visitors.assertOpen(asked, 'ana');
      else await visitors.assertStopped(asked, 'CONNECT_REFUSED');
      assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required');
      assert.equal(world.provider.alive('RefreshToken'), 0);
    });
  }
});
