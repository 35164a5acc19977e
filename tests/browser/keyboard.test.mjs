// A whole journey by keyboard alone: Tab and Shift+Tab, Space, Enter and the arrows. At
// every stop one sees where one is, and the stops come in the order of the page.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ASK, SIGN_IN, Visitors } from './visitors.mjs';

// More stops than any page has.
const MOST = 30;
// Where a person who is signed in may go from every page.
const PLACES = ['My connections', 'Approvals', 'Activity'];

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

// Where the keyboard is: what it is called, where on the page, and whether it is seen.
const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const looks = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } = getComputedStyle(element);
    return { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor };
  };
  const focusedLooks = looks(one);
  const box = one.getBoundingClientRect();
  const label = one.labels?.[0]?.innerText ?? one.innerText;
  const ground = getComputedStyle(one.closest('.card') ?? document.body).backgroundColor;
  one.blur();
  const plain = looks(one);
  one.focus({ focusVisible: true, preventScroll: true });
  return {
    name: label.split('\n')[0].trim(),
    type: one.type ?? one.tagName.toLowerCase(),
    checked: one.checked ?? null,
    top: box.top + scrollY,
    inView: box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth,
    differs: JSON.stringify(focusedLooks) !== JSON.stringify(plain),
    outline: focusedLooks.outlineStyle !== 'none' && Number.parseFloat(focusedLooks.outlineWidth) >= 2 &&
      focusedLooks.outlineColor !== ground,
  };
});

function assertSeen(stop) {
  assert.ok(stop.inView, `${stop.name} has the focus and is out of view`);
  assert.ok(stop.differs && stop.outline, `${stop.name} has the focus and does not show it`);
}

// Every stop of the page that is shown, from its top. After the last the keyboard is at
// none of them, or at the first again.
async function stopsOf(page) {
  const stops = [];
  for (let i = 0; i < MOST; i += 1) {
    await page.keyboard.press('Tab');
    const stop = await focused(page);
    if (!stop || (stop.name === stops[0]?.name && stop.top === stops[0].top)) break;
    assertSeen(stop);
    stops.push(stop);
  }
  assert.ok(stops.length < MOST, 'the keyboard goes in circles');
  const tops = stops.map(({ top }) => Math.round(top));
  // Two that are beside one another may differ by a pixel.
  for (let i = 1; i < tops.length; i += 1) {
    assert.ok(tops[i] >= tops[i - 1] - 1, `${stops[i].name} is above ${stops[i - 1].name}`);
  }
  return stops.map(({ name }) => name);
}

// Tab, or what `key` says, until the keyboard is at `name`.
async function reach(page, name, key = 'Tab') {
  const passed = [];
  for (let i = 0; i < MOST; i += 1) {
    await page.keyboard.press(key);
    const stop = await focused(page);
    if (stop && (name instanceof RegExp ? name.test(stop.name) : stop.name === name)) {
      assertSeen(stop);
      // The buttons of a question wait until the page has been looked at.
      await page.waitForFunction(() => document.activeElement.ariaDisabled !== 'true');
      return stop;
    }
    passed.push(stop?.name);
  }
  throw new Error(`no way to ${name} by ${key}: ${passed}`);
}

// Presses `key` there, and waits for the page that comes of it.
async function press(page, name, key = 'Enter') {
  await reach(page, name);
  await Promise.all([page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame()), page.keyboard.press(key)]);
  await page.locator('h1').waitFor();
}

describe('a person who has a keyboard and nothing else', () => {
  // Scripts are on, as in a browser that was not told otherwise.
  const open = async (asked) => {
    const ana = await visitors.new('ana', { javaScriptEnabled: true, viewport: { width: 1280, height: 720 } });
    await ana.page.goto(asked.url);
    return ana;
  };

  // Another server's pages, by keyboard too. They are not ours to look at.
  const atTheirs = async ({ page }, answer) => {
    const press = async (name, key) => {
      for (let i = 0; i < MOST; i += 1) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => document.activeElement.innerText || document.activeElement.name);
        if (at === name) return key ? page.keyboard.press(key) : undefined;
      }
      throw new Error(`no way to ${name}`);
    };
    if (await page.getByLabel('Name').count()) {
      await press('login');
      await page.keyboard.type('ana');
      await page.keyboard.press('Enter');
    }
    await page.getByRole('button', { name: answer }).waitFor();
    await press(answer, 'Enter');
  };

  test('signs in, allows, connects, and disconnects again', async () => {
    const asked = await visitors.ask('ana');
    const ana = await open(asked);
    const { page } = ana;
    const onOurs = () => page.waitForURL((url) => url.href.startsWith(`${ana.vault}/`));

    assert.equal(await ana.heading(), SIGN_IN);
    assert.deepEqual(await stopsOf(page), ['Sign in with localhost']);
    await press(page, /^Sign in with/);
    await atTheirs(ana, 'Allow');
    await onOurs();

    assert.equal(await ana.heading(), 'Let Calendar Bot use your Test Calendar account?');
    assert.equal(await focused(page), null, 'the focus starts on nothing, least of all on an answer');
    // A group of choices is one stop.
    const stops = [...PLACES, '30 days', 'Continue to Test Calendar', 'Don’t allow', `localhost:${world.ports.http}/me`, 'Technical details'];
    assert.deepEqual(await stopsOf(page), stops);
    await reach(page, '30 days');
    await page.keyboard.press('ArrowDown');
    assert.deepEqual([(await focused(page)).name, (await focused(page)).checked], ['Until I stop it', true]);
    assertSeen(await focused(page));
    await reach(page, 'Technical details');
    await page.keyboard.press('Space');
    assert.equal(await page.locator('details').getAttribute('open'), '');
    await reach(page, 'Continue to Test Calendar', 'Shift+Tab');
    await page.keyboard.press('Space');
    await page.waitForURL(/\/go\//);

    assert.match(await ana.heading(), /^You are going to /);
    assert.deepEqual(await stopsOf(page), [...PLACES, 'Go to localhost']);
    await press(page, 'Go to localhost');
    await atTheirs(ana, 'Allow');
    await onOurs();

    assert.match(await ana.heading(), /^Done\. Calendar Bot can /);
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
    assert.deepEqual(await stopsOf(page), [...PLACES, 'Undo', `localhost:${world.ports.http}/me`]);
    await press(page, /\/me$/);

    assert.equal(await ana.heading(), 'My connections');
    assert.deepEqual(await stopsOf(page),
      [...PLACES, 'Details', 'Pause', 'Disconnect', 'Stop everything', 'Sign out']);
    await press(page, 'Disconnect');
    assert.equal(await ana.heading(), 'Disconnect your Test Calendar account?');
    assert.deepEqual(await stopsOf(page), [...PLACES, 'Disconnect', 'Keep']);
    await press(page, 'Disconnect', 'Space');
    assert.equal(await ana.heading(), 'Your Test Calendar account is disconnected');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required');
  });

  test('says no', async () => {
    const asked = await visitors.ask('ana');
    const ana = await visitors.known('ana', { javaScriptEnabled: true });
    await ana.open(asked);
    await press(ana.page, 'Don’t allow');
    assert.equal(await ana.heading(), 'Calendar Bot was not let in');
    assert.equal((await visitors.stateOf(asked)).denial_reason, 'ACCESS_DENIED');
  });

  test('would not miss a stop that does not show', async () => {
    const ana = await visitors.new('ana', { javaScriptEnabled: true, bypassCSP: true });
    await ana.goTo('/me');
    await ana.page.addStyleTag({ content: ':focus-visible { outline: none !important; }' });
    await assert.rejects(stopsOf(ana.page), /does not show it/);
  });
});
