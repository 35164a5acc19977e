// A page of another site does not take the session out of a person's browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Attacker, form, OTHER_SITE } from './attacker.mjs';
import { Visitors } from './visitors.mjs';

let visitors;
let attacker;
before(async () => {
  visitors = await Visitors.start();
  attacker = await Attacker.start(visitors.world);
});
after(async () => {
  await attacker?.stop();
  await visitors?.stop();
});

test('a form from another site does not sign a person out', async () => {
  const ana = await visitors.new('ana');
  await ana.goTo('/me');
  await ana.signIn();
  const cookies = await ana.vaultCookies();
  attacker.pages['/'] = form(`${ana.vault}/signout`, {});
  await ana.page.goto(attacker.sites[OTHER_SITE]);
  await ana.button('Win').click();
  await ana.page.locator('h1').waitFor();
  assert.deepEqual(await ana.vaultCookies(), cookies);
  await ana.goTo('/me');
  assert.equal(await ana.heading(), 'My connections');
});
