// What an agent may do only with a person's word, where the person answers on a page.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Attacker, form, OTHER_SITE } from './attacker.mjs';
import { sql } from '../e2e/support/rows.mjs';
import { assertShows, Evidence, OTHER_PERSON } from './evidence.mjs';
import { ASK, SIGN_IN, Visitors } from './visitors.mjs';

const QUESTION = { status: 200, heading: 'Approve this for Calendar Bot?' };
const APPROVED = { status: 200, heading: 'Calendar Bot has a yes' };
const REJECTED = { status: 200, heading: 'Calendar Bot was told no' };
const EXPIRED = { status: 200, heading: 'Nobody answered Calendar Bot in time' };

const rule = (more = {}) => ({
  id: 'ask-first', effect: 'require_approval', agent: 'bot', provider: 'calendar',
  scopes: ['openid', 'email', ...ASK],
  approval: { reach: ['once', 'task', 'hour'], expires: '5m', ...more },
});

let visitors;
let world;
before(async () => {
  visitors = await Visitors.start({ change: (c) => Object.assign(c, { policies: [rule()] }) });
  ({ world } = visitors);
  await (await visitors.new('ana')).connect();
});
after(() => visitors?.stop());
const open = [];
afterEach(async () => {
  await visitors.leave();
  for (const name of open.splice(0)) {
    await world.bot.call('TokenService', 'CancelInteraction', { name }).catch(() => {});
  }
});

let task = 0;
// A purpose of its own, so that it is a question of its own.
const newPurpose = () => ({
  summary: 'Invite the team',
  task_id: `task-${task += 1}`,
  details: [{ type: 'event.create', fields: { title: 'Offsite planning', guests: `li, pat and ${task}` } }],
});
const get = (purpose) => world.bot.getToken('calendar', 'ana', ASK, { purpose });
async function ask(purpose = newPurpose()) {
  const answer = await get(purpose);
  assert.equal(answer.outcome, 'approval_required', JSON.stringify(answer));
  open.push(answer.approval_required.name);
  return { ...answer.approval_required, purpose };
}
const outcomeOf = async (asked) => (await get(asked.purpose)).outcome;
// A no holds for ten minutes; these tests are faster.
const forgetTheNo = (asked) =>
  world.setRow('approval', asked.name.split('/').at(-1), 'end_time = create_time');

for (const scripts of [true, false]) {
  describe(`a person ${scripts ? 'with' : 'without'} JavaScript`, () => {
    const someone = (login = 'ana') => visitors.known(login, { javaScriptEnabled: scripts });

    test('sees what was declared, approves it once, and that is one token', async () => {
      const asked = await ask();
      const ana = await someone();
      await ana.open(asked);
      await assertShows(ana, QUESTION);
      const words = await ana.text();
      for (const said of ['event.create', 'Offsite planning', 'Invite the team', 'Nobody checked them',
        'ana@example.test', 'See your events', 'ask-first', 'It waits for an answer until']) {
        assert.ok(words.includes(said), `${said} is missing: ${words}`);
      }
      assert.equal(await ana.page.locator('.code-value').innerText(), asked.user_code);
      const waiting = world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
      await ana.press('Approve');
      await assertShows(ana, APPROVED);
      assert.equal((await waiting).state, 'STATE_COMPLETED');
      assert.equal(await outcomeOf(asked), 'token');
      assert.equal(await outcomeOf(asked), 'approval_required');
      await ana.page.reload();
      assert.match(await ana.text(), /The yes was used, or its time is over/);
      assert.deepEqual(ana.complaints, []);
      await visitors.world.bot.call('TokenService', 'CancelInteraction', { name: (await ask(asked.purpose)).name });
    });

    test('rejects it', async () => {
      const asked = await ask();
      const ana = await someone();
      await ana.open(asked);
      await ana.press('Reject');
      await assertShows(ana, REJECTED);
      const refusal = await get(asked.purpose).catch((error) => error);
      assert.equal(refusal.reason, 'APPROVAL_DENIED');
      forgetTheNo(asked);
    });
  });
}

test('a yes without its guard decides nothing', async () => {
  const asked = await ask();
  const ana = await visitors.known('ana');
  await ana.page.goto(asked.url);
  for (const code of ['', 'WRNG-CODE']) {
    await ana.page.getByLabel(/^The code that/).fill(code);
    await ana.press('Approve');
    assert.equal(ana.shown.status(), 400);
    assert.match(await ana.page.getByRole('alert').innerText(), /^Nothing was decided\./);
  }
  assert.equal(await outcomeOf(asked), 'approval_required');
});

test('Enter decides nothing', async () => {
  const asked = await ask();
  const ana = await visitors.known('ana');
  await ana.open(asked);
  await ana.page.getByLabel(/^The code that/).press('Enter');
  assert.equal(await ana.page.getByRole('alert').innerText(), 'Approve or reject.');
  assert.equal(await outcomeOf(asked), 'approval_required');
});

test('a yes for the hour is good for more than one token', async () => {
  const asked = await ask();
  const ana = await visitors.known('ana');
  await ana.open(asked);
  await ana.page.getByLabel(/^One hour/).check();
  await ana.press('Approve');
  await assertShows(ana, APPROVED);
  assert.match(await ana.text(), /can use the yes until/);
  for (let i = 0; i < 3; i += 1) assert.equal(await outcomeOf(asked), 'token');
});

test('more time puts the deadline off, three times', async () => {
  const asked = await ask();
  const id = asked.name.split('/').at(-1);
  const ana = await visitors.known('ana');
  await ana.open(asked);
  const deadline = () => Number(sql(world.dir, `SELECT expire_time FROM interaction WHERE id = '${id}'`)[0]);
  for (let i = 0; i < 3; i += 1) {
    const before = deadline();
    await ana.press('More time');
    await assertShows(ana, QUESTION);
    assert.ok(deadline() > before, `${i}`);
  }
  assert.equal(await ana.button('More time').count(), 0);
});

test('pausing the agent takes its consent away', async () => {
  const asked = await ask();
  const ana = await visitors.known('ana');
  await ana.open(asked);
  await ana.press('Reject and pause Calendar Bot');
  await assertShows(ana, REJECTED);
  forgetTheNo(asked);
  await ana.open(await visitors.ask('ana'));
  // The account is connected still: a yes of hers is enough.
  await ana.press('Allow');
  assert.match(await ana.heading(), /^Done\./);
  assert.equal(await outcomeOf(asked), 'approval_required');
  await world.bot.call('TokenService', 'CancelInteraction', { name: (await ask(asked.purpose)).name });
});

describe('the list', () => {
  test('has what waits and what was decided, and leads there', async () => {
    // What was asked in the last minute, by other tests, makes this one of many.
    sql(world.dir, 'UPDATE approval SET create_time = create_time - 120 * 1000000');
    const asked = await ask();
    const ana = await visitors.known('ana');
    await ana.goTo('/approvals');
    assert.equal(await ana.heading(), 'Approvals');
    assert.equal(await ana.link('Approvals (1)').count(), 1);
    const line = ana.page.getByRole('listitem').filter({ hasText: /^Calendar Bot.*Waiting until/s });
    assert.equal(await line.count(), 1);
    await line.getByRole('link').click();
    assert.equal(ana.page.url(), asked.url);
    await ana.typeCode();
    await ana.press('Approve');
    await ana.link('All approvals').click();
    assert.match(await ana.text(), /Nothing waits for you\./);
    assert.match(await ana.page.getByRole('listitem').first().innerText(), /Approved just now/);
  });

  test('shows others nothing', async () => {
    await ask();
    const ben = await visitors.new('ben');
    await ben.goTo('/approvals');
    if (await ben.heading() === SIGN_IN) await ben.signIn();
    await ben.goTo('/approvals');
    assert.match(await ben.text(), /Nothing waits for you\./);
    assert.equal(await ben.page.getByRole('listitem').count(), 0);
  });
});

describe('nobody else', () => {
  test('answers it: the link of another shows nothing, leaves a leaf, and stays good', async () => {
    const asked = await ask();
    const ben = await visitors.new('ben');
    const evidence = await Evidence.since(world);
    await ben.open(asked);
    await assertShows(ben, OTHER_PERSON);
    assert.doesNotMatch(await ben.text(), /it was ended/);
    await evidence.assertLeaf({ action: 'approval.refused', outcome: 'denied', reason: 'RESOURCE_DENIED' });
    assert.equal(await outcomeOf(asked), 'approval_required');
    const ana = await visitors.known('ana');
    await ana.open(asked);
    await assertShows(ana, QUESTION);
  });

  test('sees it without signing in', async () => {
    const asked = await ask();
    const stranger = await visitors.new('ana');
    await stranger.page.goto(asked.url);
    await assertShows(stranger, { status: 200, heading: SIGN_IN });
    assert.doesNotMatch(await stranger.page.content(), /Offsite|event\.create|ask-first/);
  });

  test('has her browser answer it', async () => {
    const attacker = await Attacker.start(world);
    try {
      const asked = await ask();
      const ana = await visitors.known('ana');
      await ana.open(asked);
      const csrf = await ana.page.locator('form[data-guarded] input[name=csrf]').inputValue();
      for (const fields of [{}, { csrf: `${csrf}x` }]) {
        attacker.pages = { '/': form(asked.url, { decision: 'approve', reach: 'hour', guard: 'seen', ...fields }) };
        await ana.page.goto(attacker.sites[OTHER_SITE]);
        await ana.page.getByRole('button').first().click();
        await ana.page.waitForURL(asked.url);
        assert.ok([200, 303, 403].includes(ana.shown.status()));
      }
      assert.equal(await outcomeOf(asked), 'approval_required');
    } finally {
      await attacker.stop();
    }
  });

  test('answers it with a sign-in of long ago', async () => {
    const asked = await ask();
    const ana = await visitors.known('ana');
    await ana.open(asked);
    sql(world.dir, 'UPDATE web_session SET auth_time = auth_time - 16 * 60 * 1000000');
    const evidence = await Evidence.since(world);
    await ana.press('Approve');
    assert.equal(ana.shown.status(), 403);
    assert.match(await ana.text(), /You signed in some time ago/);
    assert.equal(await ana.button('Approve').count(), 0);
    await evidence.assertLeaf({ action: 'approval.refused', reason: 'APPROVER_NOT_ALLOWED', detail: 'stale_sign_in' });
    await ana.link('Sign in again').click();
    await ana.signInThere();
    await ana.page.waitForURL(asked.url);
    await ana.typeCode();
    await ana.press('Approve');
    await assertShows(ana, APPROVED);
    await visitors.keep(ana);
  });
});

describe('two answers', () => {
  test('the first one stands', async () => {
    const asked = await ask();
    const ana = await visitors.known('ana');
    await ana.open(asked);
    const tab = await ana.context.newPage();
    await tab.goto(asked.url);
    const evidence = await Evidence.since(world);
    await tab.getByRole('button', { name: 'Reject', exact: true }).click();
    await ana.press('Approve');
    await assertShows(ana, REJECTED);
    await evidence.assertLeaf({ action: 'approval.denied', outcome: 'denied' });
    assert.deepEqual(await evidence.leaves('approval.given'), []);
    forgetTheNo(asked);
  });

  test('one that comes after the deadline decides nothing', async () => {
    const asked = await ask();
    const ana = await visitors.known('ana');
    await ana.open(asked);
    world.setRow('interaction', asked.name.split('/').at(-1), 'expire_time = create_time');
    await ana.press('Approve');
    await assertShows(ana, EXPIRED);
    assert.equal(await outcomeOf(asked), 'approval_required');
    open.push((await ask(asked.purpose)).name);
  });
});
