// What people do with what they have connected, through the real daemon: they look,
// pause, take an agent out, disconnect one account and all of them, and read what
// happened; and nobody sees or changes what is another person's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { form } from './support/http.mjs';
import { answerProvider, formsOf, linksOf } from './support/person.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const SIGN_IN = /^Sign in with /;
const FORMULA = '=HYPERLINK("https://evil.test","free")';
const HEADER = ['time', 'event', 'who', 'provider', 'account', 'connection', 'scopes', 'purpose',
  'outcome', 'reason', 'token_id'];

// RFC 4180 to the letter, with every field quoted: rows of fields.
function parseCsv(text) {
  const rows = [];
  const line = /((?:"(?:[^"]|"")*",)*"(?:[^"]|"")*")\r\n/y;
  while (line.lastIndex < text.length) {
    const at = line.lastIndex;
    const found = line.exec(text);
    assert.ok(found, `no row at ${at}: ${text.slice(at, at + 200)}`);
    rows.push([...found[1].matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, field]) => field.replace(/""/g, '"')));
  }
  return rows;
}

let world;
before(async () => {
  world = await World.start({
    change: (settings) => {
      settings.agents[1].may_assert_user = true;
      settings.policies[0].agent = '*';
      return settings;
    },
  });
});
after(() => world?.stop());

const at = (path) => `${world.publicUrl}${path}`;
const ask = (login, agent = world.bot, purpose = FORMULA) =>
  agent.getToken('calendar', login, ASK, { purpose: { summary: purpose } });

// Somebody who is signed in, with an account connected unless `connected` says no.
async function someone(login, { connected = true } = {}) {
  const person = world.person();
  const answer = connected ? await ask(login) : {};
  if (answer.outcome === 'consent_required') {
    await world.connect(person, login, answer.consent_required);
  } else {
    const page = await person.visit(at('/me'));
    await answerProvider(person, await person.follow(page, SIGN_IN), login);
  }
  return { person, id: connected && (await ask(login)).token.connection.split('/').at(-1) };
}

// Everything a connection has for who may see it: [method, path].
const addressesOf = (id) => [
  ['GET', `/me/${id}`], ['GET', `/me/${id}/disconnect`], ['GET', `/me/${id}/activity.csv`],
  ['GET', `/me/stopped?c=${id}`], ['POST', `/me/${id}`], ['POST', `/me/${id}/disconnect`],
];
const csrfFor = (page, action) => Object.fromEntries(
  formsOf(page.body).find((one) => one.action === action)?.fields ?? []).csrf;
// As a browser sends a form of our own page.
const own = (fields) => form(fields, { origin: world.publicUrl, 'sec-fetch-site': 'same-origin' });

describe('a person', () => {
  let ana;
  before(async () => { ana = await someone('ana'); });

  test('sees each account, who may use it, when it was used and until when', async () => {
    const page = await ana.person.visit(at('/me'));
    for (const words of [/<bdi>Test Calendar<\/bdi>/, /ana@example\.test/, /Active</, /<bdi>Calendar Bot<\/bdi>/,
      /See your events/, /Used just now|Used \d+ min ago/, /Ends on \d+ \w+ \d{4}/]) {
      assert.match(page.body, words);
    }
    const places = linksOf(page.body.split('</nav>')[0]).map(({ href, label }) => [href, label]);
    assert.deepEqual(places, [['/me', 'My connections'], ['/approvals', 'Approvals'], ['/me/activity', 'Activity']]);
  });

  test('pauses it: no agent gets a key until it is resumed', async () => {
    let page = await ana.person.press(await ana.person.visit(at('/me')), 'Pause');
    assert.match(page.body, /No agent gets a new key while it is paused/);
    await assert.rejects(ask('ana'), (error) => error.reason === 'CONNECTION_PAUSED');
    page = await ana.person.press(page, 'Resume');
    assert.doesNotMatch(page.body, /paused/i);
    assert.equal((await ask('ana')).outcome, 'token');
  });

  test('takes one agent out, and leaves the other in', async () => {
    const guest = world.agent('guest');
    const answer = await ask('ana', guest);
    assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
    let page = await ana.person.visit(answer.consent_required.url);
    page = await ana.person.press(page, 'Allow');
    assert.match(page.body, /Done\. Guest Bot can/);
    assert.equal((await ask('ana', guest)).outcome, 'token');
    page = await ana.person.visit(at(`/me/${ana.id}`));
    const guests = formsOf(page.body).findIndex(({ fields }) =>
      fields.some(([name, value]) => name === 'agent' && value === 'guest'));
    const [remove] = page.body.match(/<form[\s\S]*?<\/form>/g).slice(guests, guests + 1);
    page = await ana.person.press({ ...page, body: remove }, 'Remove');
    const agents = page.body.split('id="agents"')[1].split('</section>')[0];
    assert.match(agents, /Calendar Bot/);
    assert.doesNotMatch(agents, /Guest Bot/);
    assert.equal((await ask('ana', guest)).outcome, 'consent_required');
    assert.equal((await ask('ana')).outcome, 'token');
  });

  test('reads what happened, on a page and as a table that no spreadsheet runs', async () => {
    const page = await ana.person.visit(at('/me/activity'));
    for (const words of ['Account connected', 'Got a key', 'Settings changed', 'Said yes']) {
      assert.ok(page.body.includes(words), words);
    }
    for (const path of ['/me/activity.csv', `/me/${ana.id}/activity.csv`]) {
      const table = await ana.person.visit(at(path));
      assert.equal(table.status, 200);
      assert.equal(table.headers['content-type'], 'text/csv; charset=utf-8');
      assert.equal(table.headers['content-disposition'], 'attachment; filename="activity.csv"');
      assert.equal(table.headers['cache-control'], 'no-store');
      assert.equal(table.headers['x-content-type-options'], 'nosniff');
      assert.match(table.headers['content-security-policy'], /default-src 'none'/);
      const [header, ...rows] = parseCsv(table.body);
      assert.deepEqual(header, HEADER);
      const events = rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
      const times = events.map(({ time }) => time);
      assert.deepEqual(times, [...times].sort().reverse(), 'the newest first');
      const got = events.find(({ event }) => event === 'token.granted');
      assert.equal(got.who, 'agents/bot');
      assert.equal(got.account, 'ana@example.test');
      assert.equal(got.connection, ana.id);
      assert.equal(got.purpose, `'${FORMULA}`);
      assert.match(got.token_id, /^t-/);
      for (const field of rows.flat()) assert.doesNotMatch(field, /^[=+\-@\t\r]/);
      if (path !== '/me/activity.csv') {
        assert.deepEqual([...new Set(events.map(({ connection }) => connection))], [ana.id]);
      }
    }
  });

  test('turns the pages of a long list, each event once', async () => {
    for (let i = 0; i < 60; i += 1) await ask('ana');
    const times = [];
    let page = await ana.person.visit(at(`/me/${ana.id}`));
    for (let pages = 0; ; pages += 1) {
      assert.ok(pages < 20, 'the list has no end');
      const events = page.body.match(/<ol class="events">[\s\S]*?<\/ol>/)[0].match(/<strong>/g);
      assert.ok(events.length <= 50);
      times.push(...events);
      if (!linksOf(page.body).some(({ label }) => label === 'Older')) break;
      page = await ana.person.follow(page, /^Older$/);
    }
    const [, ...rows] = parseCsv((await ana.person.visit(at(`/me/${ana.id}/activity.csv`))).body);
    assert.equal(times.length, rows.length);
    assert.ok(rows.length > 60);
  });

  test('is told before disconnecting what will happen, and may keep it', async () => {
    let page = await ana.person.follow(await ana.person.visit(at('/me')), /^Disconnect$/);
    assert.match(page.body, /Test Calendar will be told now\./);
    assert.match(page.body, /Copies already handed out may work until \d+ \w+ \d{4}, \d\d:\d\d UTC\./);
    page = await ana.person.follow(page, /^Keep$/);
    assert.match(page.body, /<h1>My connections<\/h1>/);
    assert.equal((await ask('ana')).outcome, 'token');
  });

  test('disconnects it, and is told what the provider said', async () => {
    const tokens = world.provider.alive('RefreshToken');
    let page = await ana.person.visit(at(`/me/${ana.id}/disconnect`));
    page = await ana.person.press(page, 'Disconnect');
    assert.match(page.body, /<h1>Your Test Calendar account is disconnected<\/h1>/);
    assert.match(page.body, /Test Calendar was told, and ended it too\./);
    assert.match(page.body, /may work until \d/);
    assert.equal(world.provider.alive('RefreshToken'), tokens - 1);
    assert.equal((await ask('ana')).outcome, 'consent_required');
    page = await ana.person.visit(page.url);
    assert.match(page.body, /ended it too/, 'a reload shows the same');
    assert.match((await ana.person.visit(at('/me'))).body, /No account is connected/);
    // What happened is still hers to read.
    page = await ana.person.visit(at(`/me/${ana.id}`));
    assert.match(page.body, /Disconnected</);
    assert.match(page.body, /Account disconnected/);
  });

  test('stops everything, in two steps, though a provider does not answer', async () => {
    ana = await someone('ana');
    let page = await ana.person.follow(await ana.person.visit(at('/me')), /^Stop everything$/);
    assert.match(page.body, /<li>ana@example\.test at Test Calendar<\/li>/);
    assert.equal((await ask('ana')).outcome, 'token', 'the first step ends nothing');
    // Until the page is there: the vault may be telling of another one just now.
    world.provider.faults.order('/token/revocation', 'unavailable', { times: 9 });
    page = await ana.person.press(page, 'Stop everything');
    world.provider.faults.clear();
    assert.match(page.body, /<h1>Everything is stopped<\/h1>/);
    assert.match(page.body, /Test Calendar did not answer, and still lists it\. We go on telling it/);
    assert.equal((await ask('ana')).outcome, 'consent_required');
    assert.match((await ana.person.visit(page.url)).body, /Everything is stopped/);
    assert.match((await ana.person.visit(at('/me'))).body, /No account is connected/);
  });

  test('reconnects what the provider ended, from that page', async () => {
    ana = await someone('ana');
    world.provider.disconnect('ana');
    const { token_id: id } = (await ask('ana')).token;
    await world.bot.call('TokenService', 'ReportTokenRejected', { token_id: id, http_status: 401 });
    assert.equal((await ask('ana')).outcome, 'consent_required');
    let page = await ana.person.visit(at('/me'));
    assert.match(page.body, /Needs reconnecting</);
    page = await ana.person.press(page, 'Reconnect');
    assert.match(page.body, /<h1>Reconnect your Test Calendar account for Calendar Bot\?<\/h1>/);
    page = await ana.person.press(page, 'Continue to Test Calendar');
    page = await answerProvider(ana.person, await ana.person.follow(page, /^Go to /), 'ana');
    assert.match(page.url, /\/done\//, page.body);
    assert.match((await ana.person.visit(at('/me'))).body, />Active</);
  });
});

describe('another person', () => {
  let ana;
  let ben;
  before(async () => {
    ana = await someone('ana');
    ben = await someone('ben', { connected: false });
  });

  test('finds none of what is not theirs, and changes nothing', async () => {
    const leaves = () => world.leaves().then((all) => all.filter(({ connection }) => connection === ana.id).length);
    const before = await leaves();
    for (const [method, path] of addressesOf(ana.id)) {
      const action = path.split('?')[0];
      // With a token of their own that is right, as of a page that they could have had.
      const csrf = method === 'POST' && action.endsWith('disconnect') ? '' : csrfFor(await ben.person.visit(at('/me')), '/signout');
      const page = await ben.person.visit(at(path),
        method === 'GET' ? {} : own({ csrf, decision: 'pause', agent: 'bot' }));
      assert.equal(page.status, method === 'GET' ? 404 : 403, `${method} ${path}`);
      assert.doesNotMatch(page.body, /ana@|Calendar Bot/);
    }
    assert.equal(await leaves(), before);
    assert.equal((await ask('ana')).outcome, 'token');
  });

  test('gets the same answer for what is not there at all', async () => {
    for (const [method, path] of addressesOf('01hzzzzzzzzzzzzzzzzzzzzzzz')) {
      if (method !== 'GET') continue;
      const theirs = await ben.person.visit(at(path));
      const hers = await ben.person.visit(at(path.replace('01hzzzzzzzzzzzzzzzzzzzzzzz', ana.id)));
      assert.deepEqual([theirs.status, theirs.body], [hers.status, hers.body], path);
    }
  });

  test('has nothing of it in their own list, nor in their table', async () => {
    for (const path of ['/me', '/me/activity', '/me/activity.csv']) {
      const page = await ben.person.visit(at(path));
      assert.equal(page.status, 200);
      assert.doesNotMatch(page.body, new RegExp(`ana@|${ana.id}`), path);
    }
  });

  test('is asked to sign in first', async () => {
    const nobody = world.person();
    for (const [method, path] of addressesOf(ana.id).concat([['GET', '/me/activity'], ['GET', '/me/activity.csv'], ['GET', '/me/stop']])) {
      const page = await nobody.visit(at(path), method === 'GET' ? {} : own({ decision: 'pause' }));
      assert.match(page.body, /<h1>Sign in to continue<\/h1>/, `${method} ${path}`);
      assert.doesNotMatch(page.headers['content-type'], /csv/);
    }
  });
});

describe('a form that is not of our page', () => {
  let ana;
  before(async () => { ana = await someone('ana'); });

  // What would be sent, and to which form of which page its token belongs.
  const forms = () => [
    ['/me', { decision: 'pause', connection: ana.id }],
    [`/me/${ana.id}`, { decision: 'remove_agent', agent: 'bot' }],
    [`/me/${ana.id}/disconnect`, {}],
    ['/me/stop', {}],
  ];

  test('changes nothing, with the token of another form, from another origin, or with none', async () => {
    const away = csrfFor(await ana.person.visit(at('/me')), '/signout');
    for (const [path, fields] of forms()) {
      const page = await ana.person.visit(at(path));
      const right = csrfFor(page, path);
      assert.ok(right, path);
      const tries = [
        own({ ...fields, csrf: away }), own({ ...fields, csrf: '' }), own(fields),
        form({ ...fields, csrf: right }, { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }),
        form({ ...fields, csrf: right }, { origin: world.publicUrl, 'sec-fetch-site': 'same-site' }),
      ];
      for (const attempt of tries) {
        assert.equal((await ana.person.visit(at(path), attempt)).status, 403, path);
      }
    }
    assert.equal((await ask('ana')).outcome, 'token');
  });

  test('is what the others are not: the same fields with the right token are taken', async () => {
    const page = await ana.person.visit(at('/me/stop'));
    const done = await ana.person.visit(at('/me/stop'), own({ csrf: csrfFor(page, '/me/stop') }));
    assert.match(done.body, /Everything is stopped/);
    assert.equal((await ask('ana')).outcome, 'consent_required');
  });
});
