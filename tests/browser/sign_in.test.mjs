// The way back from the identity provider, with something missing, swapped, doubled
// or in the wrong browser. Nobody is signed in by it: neither the person, nor anybody
// else as them.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertShows, Evidence, WENT_WRONG } from './evidence.mjs';
import { Visitors } from './visitors.mjs';

let visitors;
let world;
before(async () => {
  visitors = await Visitors.start();
  ({ world } = visitors);
});
after(() => visitors?.stop());
afterEach(() => visitors.leave());

// Somebody at the identity provider, about to come back with a code.
const aboutToReturn = async (visitor) => ({ visitor, ...await visitor.fetchSignInCode() });

const without = (name) => ({ url }) => url.searchParams.delete(name);
const twice = (name) => ({ url }) => url.searchParams.append(name, url.searchParams.get(name));

const CASES = [
  { what: 'the state is missing', change: without('state'), check: 'state' },
  { what: 'the code is missing', change: without('code'), check: 'code' },
  {
    what: 'the trip’s cookie is missing',
    change: ({ visitor, cookie }) => visitor.context.clearCookies({ name: cookie.name }),
    check: 'cookie',
  },
  {
    what: 'the trip’s cookie is that of another trip of the same browser',
    change: async ({ visitor, cookie }) => {
      const { cookie: { value } } = await aboutToReturn(visitor);
      await visitor.context.addCookies([{ ...cookie, value }]);
    },
    check: 'cookie',
  },
  { what: 'the issuer is missing', change: without('iss'), check: 'iss' },
  {
    what: 'the issuer is another authorization server',
    change: ({ url }) => url.searchParams.set('iss', world.provider.issuer),
    check: 'iss',
  },
  { what: 'the parameter code comes twice', change: twice('code'), check: 'query' },
  { what: 'the parameter state comes twice', change: twice('state'), check: 'query' },
];

const assertNobody = async (visitor) => {
  assert.ok((await visitor.vaultCookies()).every(({ name }) => name !== '__Host-tv_sess'));
  await visitor.goTo('/me');
  assert.equal(await visitor.heading(), 'Sign in to continue');
};

describe('nobody is signed in when', () => {
  for (const { what, change, check } of CASES) {
    test(what, async () => {
      const trip = await aboutToReturn(await visitors.new('ana'));
      await change(trip);
      const evidence = await Evidence.since(world);
      await trip.visitor.page.goto(trip.url.href);

      evidence.assertSignedIn(0);
      await assertShows(trip.visitor, WENT_WRONG);
      await evidence.assertLeaf({
        action: 'person.sign_in_refused', outcome: 'denied', reason: 'CONNECT_REFUSED', detail: check,
      });
      assert.deepEqual(await evidence.leaves('person.signed_in'), []);
      await assertNobody(trip.visitor);
    });
  }

  test('the way back of one person is opened by another, who would be signed in as them', async () => {
    const { url } = await aboutToReturn(await visitors.new('ben'));
    const ana = await visitors.new('ana');
    const evidence = await Evidence.since(world);
    await ana.page.goto(url.href);

    evidence.assertSignedIn(0);
    await assertShows(ana, WENT_WRONG);
    await evidence.assertLeaf({ action: 'person.sign_in_refused', reason: 'CONNECT_REFUSED', detail: 'cookie' });
    await assertNobody(ana);
  });
});

test('the way back signs a person in once, however often it is opened', async () => {
  const { visitor: ana, url } = await aboutToReturn(await visitors.new('ana'));
  const evidence = await Evidence.since(world);
  await ana.page.goto(url.href);
  await assertShows(ana, { status: 200, heading: 'My connections' });
  const [session] = await ana.vaultCookies();
  await ana.page.goto(url.href);

  evidence.assertSignedIn(1);
  await assertShows(ana, WENT_WRONG);
  await evidence.assertLeaf({ action: 'person.sign_in_refused', reason: 'CONNECT_REFUSED', detail: 'replayed' });
  await evidence.assertLeaf({ action: 'person.signed_in', outcome: 'ok' });
  assert.deepEqual((await ana.vaultCookies()).map(({ value }) => value), [session.value]);
});
