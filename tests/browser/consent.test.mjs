// The pages of people in Chromium, with JavaScript off: what a person clicks, and
// what the browser holds against us: headers, cookies, the Content-Security-Policy.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchBrowser, newPerson } from '../e2e/support/browser.mjs';
import { World } from '../e2e/support/world.mjs';

const ASK = ['calendar.read'];
const SESSION = '__Host-tv_sess';
const PATIENCE = 20_000;

// Of every page. Permissions-Policy is long: it must switch off what counts.
const HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self'; " +
    "script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
    "base-uri 'none'; require-trusted-types-for 'script'; report-to csp",
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
};
const SWITCHED_OFF = ['camera', 'clipboard-read', 'display-capture', 'geolocation', 'microphone',
  'payment', 'publickey-credentials-get', 'usb'];

let world;
let browser;
let people = [];
// What the browser of someone who signed in keeps, by login.
const kept = new Map();

before(async () => {
  world = await World.start();
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await world?.stop();
});
afterEach(async () => {
  for (const { context } of people) await context.close();
  people = [];
});

// A person at a browser, and what it saw of the vault: `answers` in the order in
// which they came, `complaints` the browser's own errors.
// `login` is who is signed in already, if anybody was before.
async function someone(login) {
  const context = await newPerson(browser,
    { javaScriptEnabled: false, storageState: kept.get(login) });
  context.setDefaultTimeout(PATIENCE);
  const person = { context, page: await context.newPage(), complaints: [], seen: [] };
  context.on('console', (message) => {
    // Browsers ask every site for an icon, and there is none.
    if (message.type() !== 'error' || message.location().url.endsWith('/favicon.ico')) return;
    person.complaints.push(message.text());
  });
  context.on('response', (response) => {
    if (!response.url().startsWith(`${world.publicUrl}/`)) return;
    person.seen.push(response.headersArray().then((headers) => ({
      url: response.url(), status: response.status(), headers,
    })));
  });
  people.push(person);
  return person;
}

const heading = (page) => page.locator('h1').innerText();
const button = (page, name) => page.getByRole('button', { name, exact: true });
const link = (page, name) => page.getByRole('link', { name });

async function newLink(login) {
  const answer = await world.bot.getToken('calendar', login, ASK,
    { purpose: { summary: 'Plan the offsite' } });
  assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
  return answer.consent_required;
}

// From wherever the sign-in page is shown, to what comes after it.
async function signIn({ page }, login) {
  await link(page, /^Sign in with /).click();
  await page.getByLabel('Name').fill(login);
  await button(page, 'Sign in').click();
  await button(page, 'Allow').or(page.locator('main.card')).first().waitFor();
  // An identity provider asks once whether the vault may know who this is.
  if (await button(page, 'Allow').count()) await button(page, 'Allow').click();
  await page.waitForURL((url) => url.href.startsWith(`${world.publicUrl}/`));
}

async function openLink(person, asked, login) {
  await person.page.goto(asked.url);
  if (await heading(person.page) === 'Sign in to continue') {
    await signIn(person, login);
    kept.set(login, await person.context.storageState());
  }
  return person.page;
}

// From the consent page, by way of the interstitial one, and back with `answer`.
async function answerAtProvider({ page }, login, answer) {
  await button(page, 'Continue to Test Calendar').click();
  assert.match(await heading(page), /^You are going to localhost/);
  await link(page, /^Go to /).click();
  const name = page.getByLabel('Name');
  await name.or(button(page, 'Allow')).first().waitFor();
  if (await name.count()) {
    await name.fill(login);
    await button(page, 'Sign in').click();
  }
  await button(page, answer).click();
  await page.waitForURL((url) => url.href.startsWith(`${world.publicUrl}/`));
}

async function connect(person, login) {
  const asked = await newLink(login);
  await openLink(person, asked, login);
  await answerAtProvider(person, login, 'Allow');
  return asked;
}

async function disconnectAll(login) {
  const { connections = [] } = await world.bot.call('TokenService', 'ListUsableConnections',
    { subject: { user_id: login } });
  for (const { name } of connections) {
    await world.bot.call('ConnectionService', 'RevokeConnection', { name });
  }
}

const stateOf = ({ name }) => world.bot.call('TokenService', 'WaitInteraction', { name });

describe('a person in Chromium without JavaScript', () => {
  afterEach(() => disconnectAll('ana'));

  test('connects an account, and sees what was agreed', async () => {
    const person = await someone();
    const { page } = person;
    const asked = await newLink('ana');
    await page.goto(asked.url);
    assert.equal(await heading(page), 'Sign in to continue');
    await signIn(person, 'ana');
    assert.equal(await heading(page), 'Let Calendar Bot use your Test Calendar account?');
    assert.equal(await page.locator('.code-value').innerText(), asked.user_code);
    const words = await page.locator('main').innerText();
    for (const said of ['Productivity team', 'spiffe://example.test/agents/bot',
      'Plan the offsite', 'Nobody checked them']) {
      assert.ok(words.includes(said), `${said} is missing: ${words}`);
    }
    await answerAtProvider(person, 'ana', 'Allow');
    assert.match(await heading(page), /^Done\. Calendar Bot can /);
    assert.match(await page.locator('main').innerText(), /ana@example\.test/);
    assert.equal((await stateOf(asked)).state, 'STATE_COMPLETED');
    assert.deepEqual(person.complaints, []);
  });

  test('says no', async () => {
    const person = await someone('ana');
    const asked = await newLink('ana');
    const page = await openLink(person, asked, 'ana');
    await button(page, 'Don’t allow').click();
    assert.equal(await heading(page), 'Calendar Bot was not let in');
    assert.equal((await stateOf(asked)).denial_reason, 'ACCESS_DENIED');
    assert.deepEqual(person.complaints, []);
  });

  test('decides nothing by pressing Enter', async () => {
    const person = await someone('ana');
    const asked = await newLink('ana');
    const page = await openLink(person, asked, 'ana');
    await page.getByRole('radio').first().focus();
    const answer = page.waitForResponse((one) => one.request().method() === 'POST');
    await page.keyboard.press('Enter');
    assert.equal((await answer).status(), 400);
    await page.getByRole('alert').waitFor();
    assert.equal((await newLink('ana')).name, asked.name);
  });

  test('says no at the provider', async () => {
    const person = await someone('ana');
    const asked = await newLink('ana');
    await openLink(person, asked, 'ana');
    await answerAtProvider(person, 'ana', 'Deny');
    assert.equal(await heading(person.page), 'Test Calendar was told no');
    assert.equal((await stateOf(asked)).denial_reason, 'PROVIDER_DENIED');
  });

  test('undoes it on the last page', async () => {
    const person = await someone('ana');
    await connect(person, 'ana');
    await button(person.page, 'Undo').click();
    assert.match(await heading(person.page), /no longer uses your Test Calendar account$/);
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required');
    assert.equal(world.provider.alive('RefreshToken'), 0);
    assert.deepEqual(person.complaints, []);
  });

  test('lists what is connected, and disconnects it', async () => {
    const person = await someone('ana');
    const { page } = person;
    await connect(person, 'ana');
    await link(page, /\/me$/).click();
    assert.equal(await heading(page), 'My connections');
    assert.match(await page.locator('main').innerText(), /ana@example\.test[\s\S]*Calendar Bot/);
    await button(page, 'Disconnect Test Calendar').click();
    assert.equal(await heading(page), 'Your Test Calendar account is disconnected');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'consent_required');
    await page.goto(`${world.publicUrl}/me`);
    assert.match(await page.locator('main').innerText(), /No account is connected/);
    assert.deepEqual(person.complaints, []);
  });

  test('signs out, and is asked who they are again', async () => {
    const person = await someone();
    const { page, context } = person;
    await page.goto(`${world.publicUrl}/me`);
    await signIn(person, 'ana');
    assert.equal(await heading(page), 'My connections');
    const [session] = (await context.cookies()).filter(({ name }) => name === SESSION);
    await button(page, 'Sign out').click();
    assert.equal(await heading(page), 'You are signed out');
    assert.ok((await context.cookies()).every(({ name }) => name !== SESSION));
    // Also for whoever kept a copy of the cookie.
    await context.addCookies([session]);
    await page.goto(`${world.publicUrl}/me`);
    assert.equal(await heading(page), 'Sign in to continue');
    assert.deepEqual(person.complaints, []);
  });

  test('opens a used link in vain', async () => {
    const person = await someone('ana');
    const asked = await connect(person, 'ana');
    const answer = await person.page.goto(asked.url);
    assert.equal(answer.status(), 410);
    assert.equal(await heading(person.page), 'This link was used already');
  });

  test('opens an expired link in vain', async () => {
    const person = await someone('ana');
    const asked = await newLink('ana');
    world.setRow('interaction', asked.name.split('/').at(-1), 'expire_time = create_time');
    const answer = await person.page.goto(asked.url);
    assert.equal(answer.status(), 410);
    assert.equal(await heading(person.page), 'This link is too old');
    assert.equal((await stateOf(asked)).state, 'STATE_EXPIRED');
    assert.equal(world.provider.alive('RefreshToken'), 0);
  });

  test('opens the link of another in vain, and the other may not use it either', async () => {
    const ben = await someone();
    const asked = await newLink('ana');
    await openLink(ben, asked, 'ben');
    assert.equal(await heading(ben.page), 'This link was made for someone else');
    assert.doesNotMatch(await ben.page.content(), /Calendar Bot|ana@/);
    const ana = await someone();
    const answer = await ana.page.goto(asked.url);
    assert.equal(answer.status(), 410);
    assert.equal((await stateOf(asked)).denial_reason, 'FAILED_USER_MISMATCH');
  });

  test('meets a provider that is down, and may try again', async () => {
    const person = await someone('ana');
    const { page } = person;
    const asked = await newLink('ana');
    await openLink(person, asked, 'ana');
    world.provider.faults.order('/token', 'unavailable', { times: 3 });
    await answerAtProvider(person, 'ana', 'Allow');
    assert.equal(await heading(page), 'Test Calendar is not answering');
    world.provider.faults.clear();
    await link(page, 'Try again').click();
    assert.equal(await heading(page), 'Let Calendar Bot use your Test Calendar account?');
    assert.equal(page.url(), asked.url);
  });
});

describe('a person who comes back with another account', () => {
  let person;
  let asked;

  // Ana's grant is gone; she is asked to reconnect, and signs in as "ana-home".
  beforeEach(async () => {
    await connect(await someone(), 'ana');
    world.provider.disconnect('ana');
    const answer = await world.bot.getToken('calendar', 'ana', ASK, { min_ttl: { seconds: 590 } });
    assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
    asked = answer.consent_required;
    assert.equal(asked.kind, 'KIND_RECONNECT');
    person = await someone();
    await openLink(person, asked, 'ana');
    await answerAtProvider(person, 'ana-home', 'Allow');
    assert.equal(await heading(person.page), 'This is another Test Calendar account');
    assert.match(await person.page.locator('main').innerText(),
      /ana@example\.test[\s\S]*ana-home@example\.test/);
  });
  afterEach(() => disconnectAll('ana'));

  test('is asked which one, and nothing has changed till then', async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(answer.outcome, 'consent_required');
    await person.page.reload();
    assert.equal(await heading(person.page), 'This is another Test Calendar account');
    assert.deepEqual(person.complaints, []);
    await button(person.page, 'Stay with ana@example.test').click();
    await person.page.waitForURL(asked.url);
  });

  test('may stay with the one that was asked for', async () => {
    await button(person.page, 'Stay with ana@example.test').click();
    assert.equal(await heading(person.page), 'Reconnect your Test Calendar account for Calendar Bot?');
    // What was connected by mistake is gone at the provider too.
    assert.equal(world.provider.alive('RefreshToken'), 0);
    // Signs out at the provider, and keeps what the vault set.
    await person.context.clearCookies({ name: /^(?!__Host-tv)/ });
    await answerAtProvider(person, 'ana', 'Allow');
    assert.match(await heading(person.page), /^Done\. Calendar Bot can /);
    const token = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(token.token?.account_label, 'ana@example.test', JSON.stringify(token));
  });

  test('may use the other one instead', async () => {
    await button(person.page, 'Use ana-home@example.test instead').click();
    assert.match(await heading(person.page), /^Done\. Calendar Bot can /);
    assert.equal((await stateOf(asked)).state, 'STATE_COMPLETED');
    const token = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(token.token?.account_label, 'ana-home@example.test', JSON.stringify(token));
    assert.deepEqual(person.complaints, []);
  });
});

describe('a browser', () => {
  afterEach(() => disconnectAll('ana'));

  test('shows no page of ours inside another', async () => {
    const person = await someone('ana');
    const { page, context } = person;
    const asked = await newLink('ana');
    await openLink(person, asked, 'ana');
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
    const person = await someone();
    const { page } = person;
    await connect(person, 'ana');
    await page.goto(`${world.publicUrl}/me`);
    await page.goto(`${world.publicUrl}/c/nothing-of-ours`);
    await page.goto(`${world.publicUrl}/nowhere`);
    await page.goto(`${world.publicUrl}/cb/default.calendar?code=1&state=2`);
    const pages = (await Promise.all(person.seen))
      .filter(({ headers }) => !headers.some(({ name, value }) =>
        name.toLowerCase() === 'content-type' && value.startsWith('text/css')));
    const kinds = new Set(pages.map(({ url }) => new URL(url).pathname.split('/')[1]));
    for (const kind of ['c', 'signin', 'go', 'cb', 'done', 'me', 'nowhere']) {
      assert.ok(kinds.has(kind), `${kind} was not visited: ${[...kinds]}`);
    }
    assert.ok(pages.some(({ status }) => status === 303));
    assert.ok(pages.some(({ status }) => status === 403));
    assert.ok(pages.some(({ status }) => status === 404));
    for (const { url, headers } of pages) {
      const valuesOf = (wanted) => headers.filter(({ name }) => name.toLowerCase() === wanted)
        .map(({ value }) => value);
      const expected = {
        ...HEADERS, 'reporting-endpoints': `csp="${world.publicUrl}/csp-report"`,
      };
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(valuesOf(name), [value], `${name} of ${url}`);
      }
      const [policy = ''] = valuesOf('permissions-policy');
      for (const feature of SWITCHED_OFF) {
        assert.ok(policy.includes(`${feature}=()`), `${feature} of ${url}`);
      }
    }
  });

  test('keeps cookies that only the vault can read and set', async () => {
    const person = await someone();
    await person.page.goto((await newLink('ana')).url);
    assert.deepEqual((await person.context.cookies()).map(({ name }) => name), []);
    await signIn(person, 'ana');
    await answerAtProvider(person, 'ana', 'Allow');
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
