// An attacker shows our pages inside a page of theirs, to have a person press what they
// do not see. Nothing of ours renders there, whatever element asks for it, with and
// without the person's cookies.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Attacker, attribute, OTHER_SITE, SAME_SITE } from './attacker.mjs';
import { Evidence } from './evidence.mjs';
import { Visitors } from './visitors.mjs';

const ELEMENTS = {
  iframe: (url) => `<iframe src="${url}"></iframe>`,
  'sandboxed iframe': (url) => `<iframe src="${url}" sandbox="allow-forms allow-scripts allow-same-origin allow-top-navigation"></iframe>`,
  'iframe in an iframe': (url) => `<iframe srcdoc="${attribute(`<iframe src="${url}"></iframe>`)}"></iframe>`,
  object: (url) => `<object data="${url}" type="text/html"></object>`,
  embed: (url) => `<embed src="${url}" type="text/html">`,
};
const THEIRS = 'the attacker’s own words';
const OURS = /Calendar Bot|My connections|Sign in to continue|keeps the keys/;

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

for (const where of [OTHER_SITE, SAME_SITE]) {
  describe(`a page of ${where}`, () => {
    for (const [name, element] of Object.entries(ELEMENTS)) {
      test(`shows nothing of ours in an ${name}`, async () => {
        const ana = await visitors.known('ana');
        const asked = await visitors.ask('ana');
        await ana.open(asked);
        await ana.button('Continue to Test Calendar').click();
        const framed = [asked.url, ana.page.url(), `${world.publicUrl}/me`, `${world.publicUrl}/nowhere`];
        const site = attacker.sites[where];
        attacker.pages = {
          '/': [`${site}/own`, ...framed].map((url) => element(attribute(url))).join(''),
          '/own': THEIRS,
        };
        const evidence = await Evidence.since(world);

        const refused = new Map();
        ana.page.on('requestfailed', (one) => refused.set(one.url(), one.failure().errorText));
        await ana.page.goto(`${site}/`);
        await ana.page.waitForLoadState('networkidle');
        const contents = await Promise.all(ana.page.frames().map((frame) => frame.content()));

        // The element works: what may be framed is.
        assert.equal(contents.filter((html) => html.includes(THEIRS)).length, 1, contents.join('\n'));
        for (const html of contents) assert.doesNotMatch(html, OURS);
        // An object gives up a page of an error by itself.
        for (const url of framed) assert.match(refused.get(url), /ERR_BLOCKED_BY_RESPONSE|ERR_ABORTED/, url);
        assert.ok([...refused.values()].includes('net::ERR_BLOCKED_BY_RESPONSE'));
        evidence.assertRedeemed(0);
        await evidence.assertNothingDecided();
        await visitors.assertOpen(asked, 'ana');
      });
    }
  });
}
