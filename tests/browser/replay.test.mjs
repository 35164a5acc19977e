// A way back that comes more than once: opened again, gone back to, sent twice, or two
// hundred times at once. Of all of them the provider sees one.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { send } from '../e2e/support/http.mjs';
import { Attacker, form, OTHER_SITE } from './attacker.mjs';
import { assertShows, DONE, Evidence, refusedFor, USED, WENT_WRONG } from './evidence.mjs';
import { ASK, Visitors } from './visitors.mjs';

let visitors;
let world;
let attacker;
before(async () => {
  visitors = await Visitors.start();
  ({ world } = visitors);
  attacker = await Attacker.start(world);
});
after(async () => {
  await attacker?.stop();
  await visitors?.stop();
});
afterEach(async () => {
  await visitors.leave();
  await visitors.disconnectAll();
});

// Ana, at the provider, about to come back with a code.
async function anaReturns() {
  const ana = await visitors.known('ana');
  const asked = await visitors.ask('ana');
  return { ana, asked, ...await ana.fetchCode(asked) };
}

describe('one code is redeemed, and only one, when', () => {
  test('the callback is opened again', async () => {
    const { ana, asked, url } = await anaReturns();
    const evidence = await Evidence.since(world);
    await ana.page.goto(url.href);
    await assertShows(ana, DONE);
    await ana.page.goto(url.href);

    evidence.assertRedeemed(1);
    await assertShows(ana, WENT_WRONG);
    // The cookie was of no use any more, and is gone.
    await evidence.assertLeaf(refusedFor('replayed'));
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_COMPLETED');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('the callback is opened again in another browser', async () => {
    const { ana, url } = await anaReturns();
    const evidence = await Evidence.since(world);
    await ana.page.goto(url.href);
    const ben = await visitors.known('ben');
    await ben.page.goto(url.href);

    evidence.assertRedeemed(1);
    await assertShows(ben, WENT_WRONG);
    await evidence.assertLeaf(refusedFor('replayed'));
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('a form on another site posted the callback first', async () => {
    const { ana, url } = await anaReturns();
    const evidence = await Evidence.since(world);
    attacker.pages['/'] = form(url.href, {});
    await ana.page.goto(attacker.sites[OTHER_SITE]);
    await ana.button('Win').click();

    evidence.assertRedeemed(0);
    assert.equal(ana.shown.status(), 405);
    assert.doesNotMatch(await ana.page.content(), /@example\.test/);
    // Nothing was taken from her: the callback itself still works, once.
    await evidence.assertNothingDecided();
    await ana.page.goto(url.href);
    await assertShows(ana, DONE);
    evidence.assertRedeemed(1);
    await evidence.assertLeaf({ action: 'connection.created', outcome: 'ok' });
  });

  test('the consent form is sent by a double click', async () => {
    const ana = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await ana.open(asked);
    const evidence = await Evidence.since(world);
    await ana.button('Continue to Test Calendar').dblclick();
    await ana.link(/^Go to /).click();
    await ana.answer('Allow');

    evidence.assertRedeemed(1);
    await assertShows(ana, DONE);
    await evidence.assertLeaf({ action: 'connection.created', outcome: 'ok' });
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_COMPLETED');
  });

  test('both journeys of a form that was sent twice come back', async () => {
    const ana = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await ana.open(asked);
    // The same page in a second tab, before either is sent.
    const tab = await ana.context.newPage();
    await tab.goto(asked.url);
    const evidence = await Evidence.since(world);
    const { url: first } = await ana.fetchCode(asked);
    await tab.getByLabel(/^The code that /).fill(asked.user_code);
    await tab.getByRole('button', { name: 'Continue to Test Calendar' }).click();
    await tab.getByRole('link', { name: /^Go to / }).click();
    const held = world.provider.holdReturn();
    await tab.getByRole('button', { name: 'Allow' }).click();
    const second = await held;
    await ana.page.goto(first.href);
    await assertShows(ana, DONE);
    await ana.page.goto(second);

    evidence.assertRedeemed(1);
    await assertShows(ana, WENT_WRONG);
    await evidence.assertLeaf(refusedFor('settled'));
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_COMPLETED');
  });

  test('she goes back, page by page, to where she began', async () => {
    const ana = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await ana.open(asked);
    await ana.goToProvider();
    await ana.answer('Allow');
    await assertShows(ana, DONE);
    const evidence = await Evidence.since(world);
    const shown = [];
    for (let back = await ana.page.goBack(); back; back = await ana.page.goBack()) {
      if (!back.url().startsWith(ana.vault)) continue;
      const { pathname } = new URL(back.url());
      shown.push(pathname.split('/')[1]);
      await assertShows(ana, pathname.startsWith('/c/') ? USED : WENT_WRONG);
    }

    evidence.assertRedeemed(0);
    assert.deepEqual([shown[0], shown.at(-1)], ['go', 'c']);
    assert.ok((await evidence.leaves('connect.refused')).every(({ detail }) => detail === 'replayed'));
    await evidence.assertNothingDecided();
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('200 identical callbacks come at the same time', async () => {
    const { ana, asked, url } = await anaReturns();
    const cookie = (await ana.vaultCookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const evidence = await Evidence.since(world);
    // From four addresses of this machine: one may not have as many connections.
    const answers = await Promise.all(Array.from({ length: 200 }, (_one, i) => send(url.href, {
      ca: world.authority.ca, headers: { cookie }, localAddress: `127.0.0.${1 + (i % 4)}`,
    })));

    evidence.assertRedeemed(1);
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    const others = answers.filter(({ status }) => status !== 303);
    assert.deepEqual([...new Set(others.map(({ status }) => status))], [403]);
    for (const { body } of others) assert.match(body, /<h1>Something went wrong<\/h1>/);
    await evidence.assertLeaf({ action: 'connection.created', outcome: 'ok' });
    // Strangers do not decide how long the log is: of many alike some are left out.
    const refused = await evidence.leaves('connect.refused');
    assert.ok(refused.length >= 1 && refused.length <= 30, `${refused.length} leaves`);
    for (const { detail } of refused) assert.match(detail, /^replayed/);
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_COMPLETED');
    await ana.goTo('/me');
    assert.equal(await ana.link(/^Disconnect/).count(), 1);
  });
});
