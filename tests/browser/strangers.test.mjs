// Whoever gets hold of an address of somebody else's journey: the link, our page on
// the way, the provider's page, the way back with the code in it. Three kinds of
// strangers open each of them; none may end up with the other's account, nor the other
// with theirs.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  assertShows, CONSENT, DONE, Evidence, MISMATCH, OTHER_PERSON, refusedFor, SIGN_IN_PAGE, STOPPED, WENT_WRONG,
} from './evidence.mjs';
import { Visitors } from './visitors.mjs';

let visitors;
let world;
before(async () => {
  visitors = await Visitors.start();
  ({ world } = visitors);
});
after(() => visitors?.stop());
afterEach(async () => {
  await visitors.leave();
  await visitors.disconnectAll();
});

// How far ana has come when the stranger gets the address, and what it is.
const ADDRESSES = {
  'the link': async (ana, asked) => {
    await ana.open(asked);
    return asked.url;
  },
  'our page on the way': async (ana, asked) => {
    await ana.open(asked);
    await ana.button('Continue to Test Calendar').click();
    return ana.page.url();
  },
  'the provider’s page': async (ana, asked) => {
    await ana.open(asked);
    await ana.button('Continue to Test Calendar').click();
    return ana.link(/^Go to /).getAttribute('href');
  },
  'the way back, with the code': async (ana, asked) => (await ana.fetchCode(asked)).url.href,
};

// At the provider a stranger signs in as themselves, and allows it.
const AS_THEMSELVES = 'the provider’s page';

// What becomes of it: the page, the leaf (or none), and whether ana may still go on.
const STRANGERS = [
  {
    who: 'another person',
    login: 'ben',
    signedIn: true,
    meets: {
      'the link': { page: OTHER_PERSON, leaf: MISMATCH, open: false },
      'our page on the way': { page: WENT_WRONG, leaf: refusedFor('session'), open: false },
      'the provider’s page': { page: WENT_WRONG, leaf: refusedFor('cookie'), open: false },
      'the way back, with the code': { page: WENT_WRONG, leaf: refusedFor('cookie'), open: false },
    },
  },
  {
    who: 'the same person in another browser',
    login: 'ana',
    signedIn: true,
    meets: {
      // It is her link, wherever she opens it.
      'the link': { page: CONSENT, open: true },
      'our page on the way': { page: WENT_WRONG, leaf: refusedFor('session'), open: false },
      'the provider’s page': { page: WENT_WRONG, leaf: refusedFor('cookie'), open: false },
      'the way back, with the code': { page: WENT_WRONG, leaf: refusedFor('cookie'), open: false },
    },
  },
  {
    who: 'somebody who is not signed in',
    login: 'ben',
    signedIn: false,
    meets: {
      'the link': { page: SIGN_IN_PAGE, open: true },
      'our page on the way': { page: WENT_WRONG, open: true },
      'the provider’s page': { page: WENT_WRONG, leaf: refusedFor('cookie'), open: false },
      'the way back, with the code': { page: WENT_WRONG, leaf: refusedFor('cookie'), open: false },
    },
  },
];

// Ana goes on from where she was, or cannot.
async function goOn(ana, asked, open) {
  const evidence = await Evidence.since(world);
  await ana.page.goto(asked.url);
  if (!open) {
    await assertShows(ana, STOPPED);
    evidence.assertRedeemed(0);
    return;
  }
  await ana.goToProvider();
  await ana.answer('Allow');
  await assertShows(ana, DONE);
  evidence.assertRedeemed(1);
}

for (const { who, login, signedIn, meets } of STRANGERS) {
  describe(who, () => {
    for (const [what, { page, leaf, open }] of Object.entries(meets)) {
      test(`redeems no code with ${what}, and ${open ? 'takes nothing from' : 'ends the question of'} the one who was asked`, async () => {
        // First, so that hers is another session than the one that begins below.
        const ana = await visitors.known('ana');
        const stranger = await visitors.new(login);
        if (signedIn) {
          await stranger.goTo('/me');
          await stranger.signIn();
        }
        const asked = await visitors.ask('ana');
        const address = await ADDRESSES[what](ana, asked);
        const cookies = await stranger.vaultCookies();
        const evidence = await Evidence.since(world);
        await stranger.page.goto(address);
        if (what === AS_THEMSELVES) await stranger.answer('Allow');

        evidence.assertRedeemed(0);
        await assertShows(stranger, page);
        if (leaf) await evidence.assertLeaf({ ...leaf, interaction: asked.name.split('/').at(-1) });
        else await evidence.assertNothingDecided();
        // An address makes nobody anybody.
        assert.deepEqual(await stranger.vaultCookies(), cookies);
        if (open) await visitors.assertOpen(asked, 'ana');
        else await visitors.assertStopped(asked, leaf.reason);
        await goOn(ana, asked, open);
      });
    }
  });
}
