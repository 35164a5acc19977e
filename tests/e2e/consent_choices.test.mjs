// What a person chooses on the consent page: which of the optional scopes, and
// whether an agent is let in for one task alone; and what its tokens are then.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answerProvider, formsOf, linksOf } from './support/person.mjs';
import { World } from './support/world.mjs';

const READ = ['calendar.read'];
const WRITE = ['calendar.write'];
const BOTH = [...READ, ...WRITE];

let world;
before(async () => {
  world = await World.start({
    change: (settings) => {
      settings.policies[0].scopes.push('calendar.write');
      return settings;
    },
  });
});
after(() => world?.stop());

const ask = (login, { task, optional = WRITE, scopes = READ } = {}) =>
  world.bot.getToken('calendar', login, scopes, {
    optional_scopes: optional, purpose: { summary: 'Plan the offsite', task_id: task },
  });
const scopesOf = (answer) => {
  assert.equal(answer.outcome, 'token', JSON.stringify(answer));
  return [...answer.token.granted_scopes].sort();
};

// The consent page of a question, to somebody who signs in if need be.
async function open(person, login, answer) {
  assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
  const page = await person.visit(answer.consent_required.url);
  if (!linksOf(page.body).some(({ label }) => /^Sign in with /.test(label))) return page;
  return answerProvider(person, await person.follow(page, /^Sign in with /), login);
}
// Yes with these choices, and yes at the provider, if it is asked; what it is asked for.
async function allow(person, login, page, choices) {
  const next = await person.press(page, /^(Continue to |Allow$)/, choices);
  const way = linksOf(next.body).find(({ label }) => /^Go to /.test(label));
  if (!way) {
    assert.match(next.body, /<h1>Done\./);
    return { page: next, asked: [] };
  }
  const asked = new URL(way.href).searchParams.get('scope').split(' ');
  return { page: await answerProvider(person, await person.visit(way.href), login), asked };
}
const disconnect = async (login) => {
  const { connections = [] } = await world.bot.call('ConnectionService', 'ListConnections', { parent: 'users/-' });
  for (const { name, state, account_label: label } of connections) {
    if (state === 'STATE_REVOKED' || label !== `${login}@example.test`) continue;
    await world.bot.call('ConnectionService', 'RevokeConnection', { name });
  }
};

describe('an optional scope', () => {
  test('is offered unticked, beside what is needed, and left out is never asked for again', async () => {
    const person = world.person();
    const page = await open(person, 'ana', await ask('ana'));
    const [needed, optional, ...others] = page.body.match(/<input type="checkbox"[^>]*>/g);
    assert.match(needed, /checked disabled>$/);
    assert.equal(optional, '<input type="checkbox" name="optional_1" value="calendar.write">');
    assert.deepEqual(others, []);
    const { asked } = await allow(person, 'ana', page, {});
    assert.ok(asked.includes('calendar.read') && !asked.includes('calendar.write'), asked.join(' '));
    for (let i = 0; i < 5; i += 1) assert.deepEqual(scopesOf(await ask('ana')), READ);
    const leaves = (await world.leaves()).filter(({ action }) => action === 'consent.asked');
    assert.equal(leaves.length, 1);
  });

  test('that is needed by then is asked for, and is in the tokens that name it either way', async () => {
    const person = world.person();
    const page = await open(person, 'ana', await ask('ana', { scopes: BOTH, optional: [] }));
    assert.match(page.body, /do more with your Test Calendar account/);
    await allow(person, 'ana', page, {});
    assert.deepEqual(scopesOf(await ask('ana')), BOTH);
    assert.deepEqual(scopesOf(await ask('ana', { optional: [] })), READ);
    await disconnect('ana');
  });

  test('that was ticked is in the token, and the page says so', async () => {
    const person = world.person();
    const page = await open(person, 'ben', await ask('ben'));
    const { page: done, asked } = await allow(person, 'ben', page, { optional_1: 'calendar.write' });
    assert.ok(asked.includes('calendar.write'));
    assert.match(done.body, /Add, change and delete events/);
    assert.deepEqual(scopesOf(await ask('ben')), BOTH);
    assert.deepEqual(scopesOf(await ask('ben', { optional: [] })), READ);
    await disconnect('ben');
  });

  test('that the provider knows nothing of is refused, and one that was not offered is not taken', async () => {
    await assert.rejects(ask('ben', { optional: ['calendar.everything'] }), (error) => error.reason === 'SCOPE_UNKNOWN');
    const person = world.person();
    const page = await open(person, 'ben', await ask('ben', { optional: [] }));
    const { asked } = await allow(person, 'ben', page, { optional_1: 'calendar.write' });
    assert.ok(!asked.includes('calendar.write'));
    assert.deepEqual(scopesOf(await ask('ben')), READ);
    await disconnect('ben');
  });
});

describe('a task', () => {
  const TASK = 'offsite-7';
  let person;
  before(async () => {
    person = world.person();
    const page = await open(person, 'ana', await ask('ana', { task: TASK }));
    assert.match(page.body, /This task only[\s\S]*For “offsite-7”, until \d+ \w+ \d{4}, \d\d:\d\d UTC at the latest/);
    const { page: done } = await allow(person, 'ana', page, { lifetime: 'task' });
    assert.match(done.body, /“offsite-7”, until \d/);
  });
  after(() => disconnect('ana'));

  test('is all that the agent was let in for', async () => {
    for (let i = 0; i < 2; i += 1) {
      assert.deepEqual(scopesOf(await ask('ana', { task: TASK })), READ);
      assert.equal((await ask('ana', { task: 'another' })).outcome, 'consent_required');
      assert.equal((await ask('ana')).outcome, 'consent_required');
    }
    const { connections = [] } = await world.bot.call('TokenService', 'ListUsableConnections', { subject: { user_id: 'ana' } });
    assert.deepEqual(connections, [], 'without its task it may use nothing');
    assert.match((await person.visit(`${world.publicUrl}/me`)).body, /Only for its task “offsite-7”/);
  });

  test('is no choice where the agent named none', async () => {
    const page = await open(person, 'ana', await ask('ana', { optional: [], scopes: BOTH }));
    assert.doesNotMatch(page.body, /This task only/);
    assert.equal((await person.press(page, /^(Continue to |Allow$)/, { lifetime: 'task' })).status, 400);
  });

  test('gives way to access that lasts, which no task is put over after that', async () => {
    let page = await open(person, 'ana', await ask('ana'));
    await allow(person, 'ana', page, { lifetime: '30d' });
    assert.deepEqual(scopesOf(await ask('ana')), READ);
    assert.deepEqual(scopesOf(await ask('ana', { task: 'another' })), READ);
    page = await open(person, 'ana', await ask('ana', { task: TASK, scopes: BOTH, optional: [] }));
    assert.match(page.body, /has access that lasts already/);
    const values = formsOf(page.body).flatMap(() => page.body.match(/name="lifetime" value="\w+"/g));
    assert.ok(values.length > 0 && values.every((value) => !value.includes('task')), values.join());
  });
});
