// What a machine can check of WCAG 2.2 AA, with every page, in the light and in the
// dark, on a phone and on a desk; and a picture of each, for people to look at.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { examine, TARGET_SIZE } from '../e2e/support/axe.mjs';
import { PAGES, show, startVisitors, templatesOf } from './pages.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const SCREENSHOTS = process.env.TOKENVAULT_SCREENSHOTS ?? join(ROOT, 'build/screenshots');
const WIDTHS = { narrow: 320, wide: 1280 };
const FORMS = ['light', 'dark'].flatMap((colours) =>
  Object.entries(WIDTHS).map(([name, width]) => ({ colours, name, width })));

let visitors;
before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  visitors = await startVisitors();
});
after(() => visitors?.stop());

const ruleIn = (results, id) => results.find((one) => one.id === id);

function assertNoViolation({ violations }) {
  const found = violations.map(({ id, nodes }) =>
    `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`);
  assert.deepEqual(found, []);
}

// It did run: on each thing that one can press, if there are any.
async function assertTargetsWereMeasured(page, results) {
  const targets = await page.locator('a:visible, button:visible, input:visible, summary:visible').count();
  const measured = ['passes', 'incomplete', 'violations'].map((kind) => ruleIn(results[kind], TARGET_SIZE));
  if (targets === 0) {
    assert.ok(ruleIn(results.inapplicable, TARGET_SIZE), 'target-size did not run');
    return;
  }
  const nodes = measured.reduce((sum, one) => sum + (one?.nodes.length ?? 0), 0);
  assert.ok(nodes > 0, `target-size saw none of ${targets} targets`);
}

async function assertNothingSticksOut(page) {
  const { wide, seen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= seen, `${wide} pixels wide, of which ${seen} are seen`);
}

test('every template of server/web is a page of the table', () => {
  const templates = readdirSync(join(ROOT, 'server/web'))
    .filter((name) => name.endsWith('.mustache') && name !== 'layout.mustache')
    .map((name) => name.replace('.mustache', ''));
  assert.deepEqual(templatesOf(PAGES), templates.sort());
});

for (const one of PAGES) {
  describe(`the page "${one.name}"`, () => {
    let visitor;
    before(async () => { visitor = await show(one, visitors, { javaScriptEnabled: true }); });
    after(() => one.leave?.(visitors));

    for (const { colours, name, width } of FORMS) {
      test(`is for everybody, ${colours} and ${width} pixels wide`, async () => {
        const { page } = visitor;
        await page.emulateMedia({ colorScheme: colours });
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({
          path: join(SCREENSHOTS, `${one.name}--${colours}--${name}.png`), fullPage: true,
        });
        const results = await examine(page);
        assertNoViolation(results);
        await assertTargetsWereMeasured(page, results);
        await assertNothingSticksOut(page);
      });
    }
  });
}
