// The pages of people in Chromium, with JavaScript off: what a person clicks, and
// what the browser holds against us: headers, cookies, the Content-Security-Policy.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { assertPageHeaders, valuesOf } from './page_headers.mjs';
import { ASK, Visitors } from './visitors.mjs';

const SESSION = '__Host-tv_sess';

let visitors;
let world;

before(async () => {
  visitors = await Visitors.start();
  ({ world } = visitors);
});
after(() => visitors?.stop());
afterEach(async () => {
  await visitors.leave();
  await visitors.disconnect('ana');
});

describe('a person in Chromium without JavaScript', () => {
  test('connects an account, and sees what was agreed', async () => {
    const person = await visitors.new('ana');
    const { page } = person;
    const asked = await visitors.ask('ana');
    await page.goto(asked.url);
    assert.equal(await person.heading(), 'Sign in to continue');
    await person.signIn();
    assert.equal(await person.heading(), 'Let Calendar Bot use your Test Calendar account?');
    assert.equal(await page.locator('.code-value').innerText(), asked.user_code);
    const words = await person.text();
    for (const said of ['Productivity team', 'spiffe://example.test/agents/bot',
      'Plan the offsite', 'Nobody checked them']) {
      assert.ok(words.includes(said), `${said} is missing: ${words}`);
    }
    await person.goToProvider();
    await person.answer('Allow');
    assert.match(await person.heading(), /^Done\. Calendar Bot can /);
    assert.match(await person.text(), /ana@example\.test/);
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_COMPLETED');
    assert.deepEqual(person.complaints, []);
  });

  test('allows nothing without the code', async () => {
    const person = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await person.page.goto(asked.url);
    for (const code of ['', 'WRNG-CODE']) {
      await person.page.getByLabel('The code that Calendar Bot shows').fill(code);
      await person.press('Continue to Test Calendar');
      assert.equal(person.shown.status(), 400);
      assert.match(await person.page.getByRole('alert').innerText(), /^Nothing was decided\./);
    }
    await visitors.assertOpen(asked, 'ana');
  });

  test('says no', async () => {
    const person = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await person.open(asked);
    await person.press('Don’t allow');
    assert.equal(await person.heading(), 'Calendar Bot was not let in');
    assert.equal((await visitors.stateOf(asked)).denial_reason, 'ACCESS_DENIED');
    assert.deepEqual(person.complaints, []);
  });

  test('decides nothing by pressing Enter', async () => {
    const person = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await person.open(asked);
    const { page } = person;
    await page.getByRole('radio').first().focus();
    const answer = page.waitForResponse((one) => one.request().method() === 'POST');
    await page.keyboard.press('Enter');
    assert.equal((await answer).status(), 400);
    await page.getByRole('alert').waitFor();
    assert.equal((await visitors.ask('ana')).name, asked.name);
  });

  test('says no at the provider', async () => {
    const person = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    await person.open(asked);
    await person.goToProvider();
    await person.answer('Deny');
    assert.equal(await person.heading(), 'Test Calendar was told no');
    assert.equal((await visitors.stateOf(asked)).denial_reason, 'PROVIDER_DENIED');
  });

  test('undoes it on the last page', async () => {
    const person = await visitors.known('ana');
    await person.connect();
    await person.press('Undo');
    assert.match(await person.heading(), /no longer uses your Test Calendar account$/);
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required');
    assert.equal(world.provider.alive('RefreshToken'), 0);
    assert.deepEqual(person.complaints, []);
  });

  test('lists what is connected, and disconnects it', async () => {
    const person = await visitors.known('ana');
    await person.connect();
    await person.link(/\/me$/).click();
    assert.equal(await person.heading(), 'My connections');
    assert.match(await person.text(), /ana@example\.test[\s\S]*Calendar Bot/);
    await person.link(/^Disconnect/).click();
    assert.equal(await person.heading(), 'Disconnect your Test Calendar account?');
    await person.link('Keep').click();
    assert.equal(await person.heading(), 'My connections');
    await person.link(/^Disconnect/).click();
    assert.match(await person.text(), /may work until \d/);
    await person.press('Disconnect');
    assert.equal(await person.heading(), 'Your Test Calendar account is disconnected');
    await person.page.reload();
    assert.equal(await person.heading(), 'Your Test Calendar account is disconnected');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required');
    await person.goTo('/me');
    assert.match(await person.text(), /No account is connected/);
    assert.deepEqual(person.complaints, []);
  });

  test('signs out, and is asked who they are again', async () => {
    const person = await visitors.new('ana');
    const { page, context } = person;
    await person.goTo('/me');
    await person.signIn();
    assert.equal(await person.heading(), 'My connections');
    const [session] = (await context.cookies()).filter(({ name }) => name === SESSION);
    await person.press('Sign out');
    assert.equal(await person.heading(), 'You are signed out');
    assert.ok((await context.cookies()).every(({ name }) => name !== SESSION));
    // Also for whoever kept a copy of the cookie.
    await context.addCookies([session]);
    await person.goTo('/me');
    assert.equal(await person.heading(), 'Sign in to continue');
    assert.deepEqual(person.complaints, []);
  });

  test('opens a used link in vain', async () => {
    const person = await visitors.known('ana');
    const asked = await person.connect();
    const answer = await person.page.goto(asked.url);
    assert.equal(answer.status(), 410);
    assert.equal(await person.heading(), 'This link was used already');
  });

  test('opens an expired link in vain', async () => {
    const person = await visitors.known('ana');
    const asked = await visitors.ask('ana');
    world.setRow('interaction', asked.name.split('/').at(-1), 'expire_time = create_time');
    const answer = await person.page.goto(asked.url);
    assert.equal(answer.status(), 410);
    assert.equal(await person.heading(), 'This link is too old');
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_EXPIRED');
    assert.equal(world.provider.alive('RefreshToken'), 0);
  });

  test('opens the link of another in vain, and the other may not use it either', async () => {
    const ben = await visitors.new('ben');
    const asked = await visitors.ask('ana');
    await ben.open(asked);
    assert.equal(await ben.heading(), 'This link was made for someone else');
    assert.doesNotMatch(await ben.page.content(), /Calendar Bot|ana@/);
    const ana = await visitors.new('ana');
    const answer = await ana.page.goto(asked.url);
    assert.equal(answer.status(), 410);
    assert.equal((await visitors.stateOf(asked)).denial_reason, 'FAILED_USER_MISMATCH');
  });

  test('meets a provider that is down, and may try again', async () => {
    const person = await visitors.known('ana');
    const { page } = person;
    const asked = await visitors.ask('ana');
    await person.open(asked);
    world.provider.faults.order('/token', 'unavailable', { times: 3 });
    await person.goToProvider();
    await person.answer('Allow');
    assert.equal(await person.heading(), 'Test Calendar is not answering');
    world.provider.faults.clear();
    await person.link('Try again').click();
    assert.equal(await person.heading(), 'Let Calendar Bot use your Test Calendar account?');
    assert.equal(page.url(), asked.url);
  });
});

describe('a person who comes back with another account', () => {
  let person;
  let asked;

  // Ana's grant is gone; she is asked to reconnect, and signs in as "ana-home".
  beforeEach(async () => {
    await (await visitors.new('ana')).connect();
    world.provider.disconnect('ana');
    const answer = await world.bot.getToken('calendar', 'ana', ASK, { min_ttl: { seconds: 590 } });
    assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
    asked = answer.consent_required;
    assert.equal(asked.kind, 'KIND_RECONNECT');
    person = await visitors.new('ana');
    await person.open(asked);
    await person.goToProvider();
    await person.answer('Allow', { account: 'ana-home' });
    assert.equal(await person.heading(), 'This is another Test Calendar account');
    assert.match(await person.text(),
      /ana@example\.test[\s\S]*ana-home@example\.test/);
  });

  test('is asked which one, and nothing has changed till then', async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(answer.outcome, 'consent_required');
    await person.page.reload();
    assert.equal(await person.heading(), 'This is another Test Calendar account');
    assert.deepEqual(person.complaints, []);
    await person.press('Stay with ana@example.test');
    await person.page.waitForURL(asked.url);
  });

  test('may stay with the one that was asked for', async () => {
    await person.press('Stay with ana@example.test');
    assert.equal(await person.heading(), 'Reconnect your Test Calendar account for Calendar Bot?');
    // What was connected by mistake is gone at the provider too.
    assert.equal(world.provider.alive('RefreshToken'), 0);
    // Signs out at the provider, and keeps what the vault set.
    await person.context.clearCookies({ name: /^(?!__Host-tv)/ });
    await person.goToProvider();
    await person.answer('Allow');
    assert.match(await person.heading(), /^Done\. Calendar Bot can /);
    const token = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(token.token?.account_label, 'ana@example.test', JSON.stringify(token));
  });

  test('may use the other one instead', async () => {
    await person.press('Use ana-home@example.test instead');
    assert.match(await person.heading(), /^Done\. Calendar Bot can /);
    assert.equal((await visitors.stateOf(asked)).state, 'STATE_COMPLETED');
    const token = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(token.token?.account_label, 'ana-home@example.test', JSON.stringify(token));
    assert.deepEqual(person.complaints, []);
  });
});

describe('a browser', () => {
  test('shows no page of ours inside another', async () => {
    const person = await visitors.known('ana');
    const { page, context } = person;
    const asked = await visitors.ask('ana');
    await person.open(asked);
    // On our own origin, where cookies go along: elsewhere they would not.
    const host = world.publicUrl;
    await context.route(`${host}/inner`, (route) =>
      route.fulfill({ contentType: 'text/html', body: 'inner page' }));
    await context.route(`${host}/outer`, (route) => route.fulfill({
      contentType: 'text/html',
      body: `<iframe name="ours" src="${asked.url}"></iframe>
<iframe name="plain" src="${host}/inner"></iframe>`,
    }));
    const blocked = page.waitForEvent('requestfailed', (one) => one.url() === asked.url);
    await page.goto(`${host}/outer`);
    const plain = await page.frame('plain').content();
    assert.match(plain, /inner page/);
    const ours = page.frame('ours');
    assert.doesNotMatch(await ours.content(), /Continue to|Sign in/);
    assert.ok(!ours.url().startsWith(world.publicUrl), ours.url());
    assert.equal((await blocked).failure().errorText, 'net::ERR_BLOCKED_BY_RESPONSE');
  });

  test('gets the same headers with every page', async () => {
    const person = await visitors.new('ana');
    await person.connect();
    await person.goTo('/me');
    await person.goTo('/c/nothing-of-ours');
    await person.goTo('/nowhere');
    await person.goTo('/cb/default.calendar?code=1&state=2');
    const pages = (await Promise.all(person.seen))
      .filter((answer) => !valuesOf(answer, 'content-type')[0]?.startsWith('text/css'));
    const kinds = new Set(pages.map(({ url }) => new URL(url).pathname.split('/')[1]));
    for (const kind of ['c', 'signin', 'go', 'cb', 'done', 'me', 'nowhere']) {
      assert.ok(kinds.has(kind), `${kind} was not visited: ${[...kinds]}`);
    }
    assert.ok(pages.some(({ status }) => status === 303));
    assert.ok(pages.some(({ status }) => status === 403));
    assert.ok(pages.some(({ status }) => status === 404));
    for (const one of pages) assertPageHeaders(one, world.publicUrl);
  });

  test('keeps cookies that only the vault can read and set', async () => {
    const person = await visitors.new('ana');
    await person.page.goto((await visitors.ask('ana')).url);
    assert.deepEqual((await person.context.cookies()).map(({ name }) => name), []);
    await person.signIn();
    await person.goToProvider();
    await person.answer('Allow');
    const answers = await Promise.all(person.seen);
    const set = answers.flatMap(({ url, headers }) =>
      headers.filter(({ name }) => name.toLowerCase() === 'set-cookie')
        .flatMap(({ value }) => value.split('\n')).map((value) => ({ url, value })));
    assert.ok(set.length >= 4, JSON.stringify(set));
    for (const { url, value } of set) {
      const [pair, ...flags] = value.split('; ');
      assert.match(pair, /^__Host-/, url);
      for (const flag of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']) {
        assert.ok(flags.includes(flag), `${flag} of ${pair.split('=')[0]} from ${url}`);
      }
      assert.ok(flags.every((flag) => !/^Domain=/i.test(flag)), url);
    }
    // Before anyone signed in there is the trip's own cookie, and that only.
    const signedIn = set.findIndex(({ value }) => value.startsWith(`${SESSION}=`));
    assert.equal(signedIn, 1, JSON.stringify(set.map(({ value }) => value.split('=')[0])));
    assert.match(new URL(set[0].url).pathname, /^\/signin\/default\/start$/);
    const left = (await person.context.cookies())
      .filter(({ name }) => name.startsWith('__Host-'));
    assert.deepEqual(left.map(({ name }) => name), [SESSION]);
    assert.equal(left[0].sameSite, 'Lax');
    assert.ok(left[0].secure && left[0].httpOnly);
  });
});
