// Attacks that are turned away without a question to end still leave their leaf in the
// audit log.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertShows, Evidence, refusedFor, WENT_WRONG } from './evidence.mjs';
import { Visitors } from './visitors.mjs';

let visitors;
let world;
before(async () => {
  visitors = await Visitors.start();
  ({ world } = visitors);
});
after(() => visitors?.stop());
afterEach(() => visitors.leave());

test('our page on the way, opened by somebody who is not signed in, leaves a leaf', async () => {
  const ana = await visitors.new('ana');
  await ana.open(await visitors.ask('ana'));
  await ana.button('Continue to Test Calendar').click();
  const stranger = await visitors.new('ben');
  const evidence = await Evidence.since(world);
  await stranger.page.goto(ana.page.url());
  evidence.assertRedeemed(0);
  await assertShows(stranger, WENT_WRONG);
  await evidence.assertLeaf(refusedFor('session'));
});

for (const name of ['state', 'code']) {
  test(`the way back from signing in, with the ${name} of another trip, is refused and leaves a leaf`, async () => {
    const ana = await visitors.new('ana');
    const { url } = await ana.fetchSignInCode();
    const other = await ana.fetchSignInCode();
    url.searchParams.set(name, other.url.searchParams.get(name));
    const evidence = await Evidence.since(world);
    await ana.page.goto(url.href);
    evidence.assertSignedIn(0);
    assert.deepEqual(await evidence.leaves('person.signed_in'), []);
    assert.equal(await ana.heading(), WENT_WRONG.heading);
    await evidence.assertLeaf({
      action: 'person.sign_in_refused', outcome: 'denied', reason: 'CONNECT_REFUSED', detail: 'code',
    });
    await assertShows(ana, WENT_WRONG);
  });
}
