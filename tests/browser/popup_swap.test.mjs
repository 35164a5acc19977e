// Double-clickjacking: an attacker has a person double-click, and between the two clicks
// puts our page under the pointer. A frame is of no use for that, so nothing forbids it but
// the page itself: for a moment after it came into view, its buttons are inert.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Attacker, attribute, OTHER_SITE } from './attacker.mjs';
import { Evidence } from './evidence.mjs';
import { ASK, Visitors } from './visitors.mjs';

// What there is between the clicks of a double click, in ms.
const DOUBLE_CLICK = 300;
// A busy machine may be too slow to click that fast.
const TRIES = 10;
const WRITE = ['calendar.write'];
const VIEWPORT = { width: 1280, height: 1600 };

let visitors;
let world;
let attacker;
before(async () => {
  visitors = await Visitors.start({
    // With an account, its agent needs a person's word to write.
    change: (c) => {
      c.policies.push({
        id: 'ask-first', effect: 'require_approval', agent: 'bot', provider: 'calendar', scopes: WRITE,
      });
      return c;
    },
  });
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

// With scripts: without them a page cannot know how long it has been looked at.
const someone = () => visitors.known('ana', { javaScriptEnabled: true, viewport: VIEWPORT });

// A window that covers the page behind it. At the first press it goes away, and the page
// behind it has become ours.
const bait = (url) => ({
  '/': '<h1>Prizes</h1><button onclick="open(`/bait`, `bait`, `popup,width=1280,height=1600`)">Win</button>',
  '/bait': `<h1>Double-click here</h1>
<script>addEventListener('mousedown', () => { opener.location = ${JSON.stringify(url)}; close(); });</script>`,
});

// Where the button is that the attacker is after. They know: they have the same page.
async function placeOf(asked, label) {
  const ana = await someone();
  await ana.open(asked);
  const box = await ana.button(label).boundingBox();
  await ana.context.close();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

// One double click across the swap. `after` is how long after our page was on its way the
// second click ended; `posts` what the browser sent by it.
async function doubleClick(ana, asked, { x, y }) {
  attacker.pages = bait(asked.url);
  const { page, context } = ana;
  const posts = [];
  context.on('request', (one) => { if (one.method() === 'POST') posts.push(one.url()); });
  await page.goto(attacker.sites[OTHER_SITE]);
  const opened = context.waitForEvent('page');
  await ana.button('Win').click();
  const popup = await opened;
  await popup.waitForLoadState();
  let swapped;
  page.on('response', (one) => { if (one.url() === asked.url) swapped ??= performance.now(); });
  const shown = page.waitForURL(asked.url, { waitUntil: 'domcontentloaded' });
  await popup.mouse.move(x, y);
  await popup.mouse.down().catch(() => {});
  await shown;
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.up();
  const after = performance.now() - swapped;
  // What a click begins has begun once the page has painted twice.
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }))
    .catch(() => {});
  return { after, posts };
}

const askToApprove = async () => {
  const answer = await world.bot.getToken('calendar', 'ana', WRITE, { purpose: { summary: 'Plan the offsite' } });
  assert.equal(answer.outcome, 'approval_required', JSON.stringify(answer));
  return answer.approval_required;
};
const CONSENT = {
  heading: 'Let Calendar Bot use your Test Calendar account?',
  ask: () => visitors.ask('ana'),
  askAgain: () => visitors.ask('ana'),
};
const APPROVAL = {
  heading: 'Approve this for Calendar Bot?',
  ask: async () => {
    await (await someone()).connect({ scopes: [...ASK, ...WRITE] });
    return askToApprove();
  },
  askAgain: askToApprove,
};

for (const [label, { heading, ask, askAgain }] of [
  ['Continue to Test Calendar', CONSENT], ['Don’t allow', CONSENT],
  ['Approve', APPROVAL], ['Reject', APPROVAL], ['Reject and pause Calendar Bot', APPROVAL],
]) {
  describe(`a double click that ends on "${label}" of a page that was swapped in`, () => {
    test('decides nothing', async () => {
      const asked = await ask();
      const place = await placeOf(asked, label);
      for (let i = 0; i < TRIES; i += 1) {
        const ana = await someone();
        const evidence = await Evidence.since(world);
        const { after, posts } = await doubleClick(ana, asked, place);
        if (after > DOUBLE_CLICK) {
          await visitors.leave();
          continue;
        }
        assert.deepEqual(posts, [], `sent ${Math.round(after)} ms after the page was there`);
        evidence.assertRedeemed(0);
        await evidence.assertNothingDecided();
        assert.equal((await askAgain()).name, asked.name, 'another question');
        assert.equal(await ana.heading(), heading);
        return;
      }
      assert.fail(`none of ${TRIES} double clicks was as fast as a person's`);
    });
  });
}

test('a person who looks at the page first is let through', async () => {
  const asked = await visitors.ask('ana');
  const ana = await someone();
  await ana.open(asked);
  // As a person does whose first click did nothing.
  const left = ana.page.waitForURL(/\/go\//).then(() => true);
  for (let gone = false; !gone;) {
    await ana.button('Continue to Test Calendar').click();
    gone = await Promise.race([left, ana.page.evaluate(() => new Promise((done) => {
      requestAnimationFrame(() => requestAnimationFrame(() => done(false)));
    })).catch(() => false)]);
  }
  assert.match(await ana.heading(), /^You are going to /);
});
