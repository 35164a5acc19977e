// A provider that answers with something that is not OAuth: while a person
// connects, and when a token is refreshed. Nothing is lost, and everybody is told
// what they can act upon.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const headingOf = ({ body }) => /<h1[^>]*>([^<]*)<\/h1>/.exec(body)?.[1];

describe('a provider that answers a code with', () => {
  let world;
  let person;
  let asked;
  before(async () => {
    world = await World.start();
    person = world.person();
    ({ consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK));
  });
  after(() => world?.stop());

  for (const [fault, reason] of [['html', 'PROVIDER_ANSWER_INVALID'], ['huge', 'PROVIDER_ANSWER_INVALID'],
    ['empty', 'PROVIDER_ANSWER_INVALID'], ['broken_json', 'PROVIDER_ANSWER_INVALID'],
    ['no_token', 'PROVIDER_ANSWER_INVALID'], ['no_answer', 'PROVIDER_UNREACHABLE'], ['lost_answer', 'PROVIDER_UNREACHABLE'],
    ['unavailable', 'PROVIDER_UNREACHABLE'], ['throttled', 'PROVIDER_RATE_LIMITED'],
    ['invalid_client', 'PROVIDER_MISCONFIGURED'], ['refusal_in_ok', 'PROVIDER_REFUSED']]) {
    test(`${fault}: the person can try again, and the reason is on record`, async () => {
      const before = (await world.leaves()).length;
      world.provider.faults.order('/token', fault);
      const page = await world.connect(person, 'ana', asked);
      assert.equal(page.status, 502);
      assert.equal(headingOf(page), reason === 'PROVIDER_MISCONFIGURED' ?
        'Test Calendar refuses this service' : 'Test Calendar is not answering');
      const { consent_required: still } = await world.bot.getToken('calendar', 'ana', ASK);
      assert.equal(still.name, asked.name);
      assert.equal(still.state, 'STATE_PENDING');
      const retry = await person.follow(page, /try again/i);
      assert.match(headingOf(retry), /^Let Calendar Bot use your Test Calendar account\?$/);
      const leaf = (await world.leaves()).slice(before).find((one) => one.reason === reason);
      assert.ok(leaf, JSON.stringify((await world.leaves()).slice(before)));
      assert.equal(leaf.interaction, asked.name.split('/')[1]);
    });
  }

  test('success, in which it says that the code is gone: the question is over, and the reason is on record', async () => {
    world.provider.faults.order('/token', 'error_in_ok');
    const page = await world.connect(person, 'ana', asked);
    assert.equal(page.status, 403);
    assert.equal(headingOf(page), 'Something went wrong');
    const leaf = (await world.leaves(1))[0];
    assert.deepEqual([leaf.action, leaf.reason, leaf.detail, leaf.interaction],
      ['connect.refused', 'CONNECT_REFUSED', 'code', asked.name.split('/')[1]]);
    const settled = await world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
    assert.deepEqual([settled.state, settled.denial_reason], ['STATE_REFUSED', 'CONNECT_REFUSED']);
    const again = await world.bot.getToken('calendar', 'ana', ASK);
    assert.notEqual(again.consent_required.name, asked.name);
  });
});

describe('a provider that answers a refresh with', () => {
  let world;
  before(async () => {
    world = await World.start();
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    await world.connect(world.person(), 'ana', asked);
  });
  after(() => world?.stop());

  // A new life has no token in memory, so the next request is a refresh.
  const forget = async () => {
    await world.vault.stop();
    await world.vault.start();
    world.bot.close();
  };
  const ask = () => world.bot.getToken('calendar', 'ana', ASK);
  const state = async () => JSON.parse(
    (await world.vault.cli('connection', 'list', '--format', 'json')).stdout).connections[0];

  for (const [fault, reason, metadata] of [
    ['empty', 'PROVIDER_ANSWER_INVALID', { problem: 'empty' }],
    ['broken_json', 'PROVIDER_ANSWER_INVALID', { problem: 'not_json' }],
    ['no_token', 'PROVIDER_ANSWER_INVALID', { problem: 'no_token' }],
    ['refusal_in_ok', 'PROVIDER_REFUSED', { code: 'invalid_scope' }],
    ['no_answer', 'PROVIDER_UNREACHABLE', { maybe_sent: 'true' }],
  ]) {
    test(`${fault}: it is said and on record, and works once it heals`, async () => {
      await forget();
      const before = (await world.leaves()).length;
      world.provider.faults.order('/token', fault, { times: 1000 });
      const error = await refusalOf(ask());
      assert.equal(error.reason, reason);
      assert.equal(error.metadata.provider, 'calendar');
      for (const [name, value] of Object.entries(metadata)) assert.equal(error.metadata[name], value, name);
      const failed = (await world.leaves()).slice(before).find((leaf) => leaf.action === 'refresh.failed');
      assert.equal(failed?.reason, reason);
      assert.equal((await state()).state, 'STATE_ACTIVE');
      world.provider.faults.clear();
      await forget();
      assert.equal((await ask()).outcome, 'token');
      assert.equal((await state()).stateReason ?? '', '');
      assert.ok(world.provider.refreshes().every((one) => !one.error));
    });
  }

  test('success, in which it says that the grant is gone: the person reconnects', async () => {
    await forget();
    world.provider.faults.order('/token', 'error_in_ok', { times: 1000 });
    const answer = await ask();
    world.provider.faults.clear();
    assert.equal(answer.consent_required?.kind, 'KIND_RECONNECT', JSON.stringify(answer));
    assert.equal((await state()).stateReason, 'GRANT_GONE');
    const done = await world.connect(world.person(), 'ana', answer.consent_required);
    assert.match(done.url, /\/done\//, done.body);
    assert.equal((await ask()).outcome, 'token');
  });
});
