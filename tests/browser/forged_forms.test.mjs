// An attacker's page sends a form that looks like ours, from the browser of a person who
// is signed in. Nothing is decided by it: not by its first click, and not by a window
// that it opens.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Attacker, form, OTHER_SITE, SAME_SITE } from './attacker.mjs';
import { Evidence } from './evidence.mjs';
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

const csrfOn = (visitor, action) =>
  visitor.page.locator(`form[action="${action}"] input[name=csrf]`).first().inputValue();
const pathOf = (url) => new URL(url).pathname;

// What the attacker would have her send. Each leaves ana at a place where her own form
// of that kind is, and returns {action, fields}.
const FORMS = {
  'that allows': {
    page: '/c',
    prepare: async (ana) => {
      const asked = await visitors.ask('ana');
      await ana.open(asked);
      return { action: asked.url, fields: { decision: 'allow', lifetime: '30d', guard: 'seen' } };
    },
    unchanged: async () => assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required'),
  },
  'that disconnects': {
    page: '/me',
    prepare: async (ana) => {
      await ana.connect();
      await ana.goTo('/me');
      await ana.link(/^Disconnect/).click();
      return { action: ana.page.url(), fields: {} };
    },
    unchanged: async () => assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token'),
  },
  'that undoes': {
    page: '/done',
    prepare: async (ana) => {
      await ana.connect();
      return { action: ana.page.url(), fields: { decision: 'undo' } };
    },
    unchanged: async () => assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token'),
  },
};

// Without her cookies there is nobody to decide; with them, the browser says where the
// form comes from.
const SENT = {
  [OTHER_SITE]: async () => {},
  [SAME_SITE]: async (evidence, page) => evidence.assertLeaf({
    action: 'connect.refused', outcome: 'denied', reason: 'CONNECT_REFUSED', detail: `origin of a form for ${page}`,
  }),
};

for (const where of [OTHER_SITE, SAME_SITE]) {
  for (const [what, { page, prepare, unchanged }] of Object.entries(FORMS)) {
    describe(`a form ${what}, from ${where}`, () => {
      for (const [how, target] of [['in the same window', '_self'], ['in a window that it opens', 'ours']]) {
        test(`decides nothing ${how}`, async () => {
          const ana = await visitors.known('ana');
          const { action, fields } = await prepare(ana);
          // Even with a token that is right.
          fields.csrf = await csrfOn(ana, pathOf(action));
          attacker.pages = { '/': form(action, fields, { target }) };
          const evidence = await Evidence.since(world);
          await ana.page.goto(attacker.sites[where]);
          const posted = ana.context.waitForEvent('request',
            (one) => one.method() === 'POST' && one.url() === action);
          const opened = target === '_self' ? ana.page : ana.context.waitForEvent('page');
          await ana.button('Win').click();
          const sent = await (await posted).allHeaders();
          await (await opened).locator('h1').first().waitFor();

          assert.equal(sent['sec-fetch-site'], where === OTHER_SITE ? 'cross-site' : 'same-site');
          assert.equal('cookie' in sent, where === SAME_SITE);
          evidence.assertRedeemed(0);
          await evidence.assertNothingDecided();
          await SENT[where](evidence, page);
          await unchanged();
        });
      }
    });
  }
}

describe('a form of our own page', () => {
  for (const [what, { page, prepare, unchanged }] of Object.entries(FORMS)) {
    test(`${what} with another person’s token decides nothing`, async () => {
      const ben = await visitors.known('ben');
      await ben.goTo('/me');
      if (await ben.link(/^Sign in with /).count()) await ben.signIn();
      const csrf = await csrfOn(ben, '/signout');
      const ana = await visitors.known('ana');
      const { action } = await prepare(ana);
      await ana.page.locator(`form[action="${pathOf(action)}"] input[name=csrf]`).first()
        .evaluate((input, value) => { input.value = value; }, csrf);
      const evidence = await Evidence.since(world);
      await ana.button(/^(Continue to|Disconnect|Undo)/).click();

      assert.equal(await ana.heading(), 'Something went wrong');
      assert.equal(ana.shown.status(), 403);
      evidence.assertRedeemed(0);
      await evidence.assertNothingDecided();
      await evidence.assertLeaf({
        action: 'connect.refused', outcome: 'denied', reason: 'CONNECT_REFUSED', detail: `csrf of a form for ${page}`,
      });
      await unchanged();
    });
  }
});
