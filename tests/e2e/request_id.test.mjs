// What a caller named its request, the audit log names it too: whoever looks for
// one request in two logs finds it in both.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Agent, refusalOf } from './support/agent.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

describe('a request_id stands in the audit leaf of', () => {
  let world;
  let operator;
  before(async () => {
    world = await World.start();
    operator = world.opened(new Agent({ address: `unix:${world.vault.adminSocket}` }));
  });
  after(() => world?.stop());

  // The leaves as operators look for them.
  async function leaves() {
    const tail = await world.vault.cli('audit', 'tail', '-n', '500', '--format', 'json');
    assert.equal(tail.code, 0, tail.stderr);
    return tail.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(JSON.parse(line).leaf));
  }

  // Calls with a new id; returns the kinds of the leaves that have it.
  async function traced(call) {
    const id = randomUUID();
    const answer = await call(id);
    const kinds = (await leaves()).filter((leaf) => leaf.request_id === id).map((leaf) => leaf.action);
    return { answer, kinds };
  }
  const get = (user) => (id) => world.bot.getToken('calendar', user, ASK, { request_id: id });

  test('a question', async () => {
    const { answer, kinds } = await traced(get('ana'));
    assert.equal(answer.outcome, 'consent_required');
    assert.deepEqual(kinds, ['consent.asked', 'token.denied']);
    await world.connect(world.person(), 'ana', answer.consent_required);
  });

  test('a token', async () => {
    const { answer, kinds } = await traced(get('ana'));
    assert.equal(answer.outcome, 'token');
    assert.deepEqual(kinds, ['token.granted']);
  });

  test('a token by the JSON door', async () => {
    const { kinds } = await traced((id) => world.jsonDoor('bot').getToken('calendar', 'ana', ASK, { requestId: id }));
    assert.deepEqual(kinds, ['token.granted']);
  });

  test('a refusal', async () => {
    const { answer, kinds } = await traced((id) => refusalOf(
      world.bot.getToken('calendar', 'ana', ['calendar.write'], { request_id: id })));
    assert.equal(answer.reason, 'POLICY_DENIED');
    assert.deepEqual(kinds, ['token.denied']);
  });

  test('a rotation of the master key', async () => {
    const { answer, kinds } = await traced(async (id) => {
      const started = await operator.call('AdminService', 'RotateMasterKey', { request_id: id });
      let operation = started;
      const patience = Date.now() + 20_000;
      while (!operation.done && Date.now() < patience) {
        operation = await operator.call('AdminService', 'GetOperation', { name: started.name });
      }
      return operation;
    });
    assert.deepEqual([answer.done, answer.error_reason ?? ''], [true, '']);
    for (const kind of ['key.rotation_started', 'key.rotated']) assert.ok(kinds.includes(kind), kinds.join());
  });

  test('a question that is withdrawn', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ben', ASK);
    const { answer, kinds } = await traced((id) => world.bot.call('TokenService', 'CancelInteraction',
      { name: asked.name, request_id: id }));
    assert.equal(answer.state, 'STATE_CANCELLED');
    assert.deepEqual(kinds, ['consent.cancelled']);
  });

  test('a revocation', async () => {
    const { token } = await world.bot.getToken('calendar', 'ana', ASK);
    const { kinds } = await traced((id) => world.bot.call('ConnectionService', 'RevokeConnection',
      { name: token.connection, request_id: id }));
    assert.deepEqual(kinds, ['connection.revoked']);
  });

  test('nothing when it is no UUID', async () => {
    for (const id of ['1', 'x'.repeat(36), `${randomUUID()}\n`]) {
      const error = await refusalOf(get('ana')(id));
      assert.equal(error.reason, 'FIELD_INVALID', id);
      assert.equal(error.metadata.field, 'request_id', id);
    }
  });
});
