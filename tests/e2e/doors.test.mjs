// gRPC and the JSON door are two ways into one vault: the same request gets the
// same answer, the same refusal, and the same line in the audit log.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { JsonDoor, refusalOf } from './support/agent.mjs';
import { send } from './support/http.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
// What is another one each time, of however equal requests.
const OWN = ['time', 'expires', 'token_id', 'request_id', 'interaction', 'commitment'];
const isJson = (door) => door instanceof JsonDoor;

function common(leaf, own) {
  return Object.fromEntries(Object.entries(leaf).filter(([name]) => ![...OWN, ...own].includes(name)));
}

describe('both doors', () => {
  let world;
  let doors;
  let connection;
  before(async () => {
    world = await World.start();
    doors = { gRPC: world.bot, JSON: world.jsonDoor('bot') };
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    await world.connect(world.person(), 'ana', asked);
    connection = (await world.bot.getToken('calendar', 'ana', ASK)).token.connection;
    // Ben's question is there, so that both doors find it.
    await world.bot.getToken('calendar', 'ben', ASK);
  });
  after(() => world?.stop());

  // `act` at each door, and the leaves that it left there: the same, but for what
  // is each one's own.
  async function atBoth(act, own = []) {
    const seen = {};
    for (const [name, door] of Object.entries(doors)) {
      const before = (await world.leaves()).length;
      const answer = await act(door);
      seen[name] = { answer, leaves: (await world.leaves()).slice(before).map((leaf) => common(leaf, own)) };
    }
    assert.deepEqual(seen.JSON.leaves, seen.gRPC.leaves);
    return seen;
  }

  test('give the same token, and write the same line', async () => {
    const { gRPC, JSON: json } = await atBoth((door) => door.getToken('calendar', 'ana', ASK,
      { purpose: { summary: 'Plan the offsite', task_id: 'task-7' } }));
    assert.equal(gRPC.answer.token.access_token, json.answer.token.access_token);
    for (const field of ['token_type', 'token_id', 'granted_scopes', 'scope_enforcement', 'connection',
      'account_label']) {
      assert.deepEqual(json.answer.token[field], gRPC.answer.token[field], field);
    }
    const [leaf, ...more] = gRPC.leaves;
    assert.deepEqual(more, []);
    const { user, ...rest } = leaf;
    assert.match(user, /^p-/);
    assert.deepEqual(rest, {
      action: 'token.granted',
      actor: 'agents/bot',
      connection: connection.split('/').at(-1),
      outcome: 'ok',
      provider: 'calendar',
      purpose: 'Plan the offsite; task task-7',
      rule: 'calendars',
      scopes: ASK,
      tenant: 'default',
    });
  });

  test('give the same link, and write the same line', async () => {
    const { gRPC, JSON: json } = await atBoth((door) => door.getToken('calendar', 'ben', ASK));
    for (const field of ['name', 'url', 'user_code', 'kind', 'state', 'message', 'missing_scopes']) {
      assert.deepEqual(json.answer.consent_required[field], gRPC.answer.consent_required[field], field);
    }
    assert.deepEqual(gRPC.leaves.map((leaf) => [leaf.action, leaf.reason]),
      [['token.denied', 'CONSENT_REQUIRED']]);
  });

  // In each, what a door does and the kinds of leaves that this leaves.
  const DONE = {
    'a pause and its end': [['connection.changed', 'connection.changed'], async (door) => {
      for (const paused of [true, false]) {
        await door.call('ConnectionService', 'UpdateConnection', {
          connection: { name: connection, paused },
          update_mask: isJson(door) ? 'paused' : { paths: ['paused'] },
        });
      }
    }],
    'a token that the API rejects': [['token.granted', 'token.rejected'], async (door) => {
      const { token } = await door.getToken('calendar', 'ana', ASK);
      const { advice } = await door.call('TokenService', 'ReportTokenRejected',
        { token_id: token.token_id, http_status: 403, www_authenticate: 'Bearer' });
      assert.ok(advice);
    }],
    'a question that is taken back': [['token.denied', 'consent.cancelled', 'consent.asked',
      'token.denied'], async (door) => {
      const { consent_required: asked } = await world.bot.getToken('calendar', 'ben', ASK);
      const { state } = await door.call('TokenService', 'CancelInteraction', { name: asked.name });
      assert.equal(state, 'STATE_CANCELLED');
      await door.getToken('calendar', 'ben', ASK);
    }],
    'a session for connecting': [['consent.asked'], async (door) => {
      // Another person for each: the same one would find the question of before.
      const { url } = await door.call('ConnectionService', 'CreateConnectSession', {
        parent: `users/u-${(isJson(door) ? 'a' : 'b').repeat(32)}`,
        providers: ['providers/calendar'],
        scopes: ASK,
        agent: 'agents/bot',
      });
      assert.match(url, /\/c\//);
    }, ['user']],
  };
  for (const [what, [kinds, act, own]] of Object.entries(DONE)) {
    test(`write the same lines of ${what}`, async () => {
      // So that a token is in memory, whatever was done before.
      await world.bot.getToken('calendar', 'ana', ASK);
      const { gRPC } = await atBoth(act, own);
      assert.deepEqual(gRPC.leaves.map((leaf) => leaf.action).sort(), kinds.sort());
    });
  }

  const get = (changes) => ['TokenService', 'GetScopedToken', {
    provider: 'providers/calendar', subject: { user_id: 'ana' }, scopes: ASK, ...changes,
  }];
  // Requests, the reason they are refused with, and the kind of leaf that says so.
  const REFUSED = {
    'an unknown scope': [get({ scopes: ['calendar.reed'] }), 'SCOPE_UNKNOWN', 'token.denied'],
    'what policy denies': [get({ scopes: ['calendar.write'] }), 'POLICY_DENIED', 'token.denied'],
    'an unknown provider': [get({ provider: 'providers/calender' }), 'RESOURCE_DENIED', 'token.denied'],
    'a name that is none': [get({ provider: 'calendar' }), 'FIELD_INVALID', 'token.denied'],
    'no scopes': [get({ scopes: [] }), 'FIELD_INVALID', 'token.denied'],
    'too many scopes': [get({ scopes: Array.from({ length: 33 }, (_one, i) => `s${i}`) }), 'FIELD_INVALID',
      'token.denied'],
    'nobody': [get({ subject: {} }), 'FIELD_INVALID', 'token.denied'],
    'somebody with a control character': [get({ subject: { user_id: 'a\u0007na' } }), 'FIELD_INVALID',
      'token.denied'],
    'a token that is none': [get({ subject: { user_token: 'x.y.z' } }), 'USER_TOKEN_INVALID', 'token.denied'],
    'another person\'s connection': [get({ connection: `users/u-${'a'.repeat(32)}/connections/1` }),
      'RESOURCE_DENIED', 'token.denied'],
    'a resource': [get({ resource: 'https://api.example.test/' }), 'FIELD_INVALID', 'token.denied'],
    'a foreign way back': [get({ return_uri: 'https://evil.example.test/' }), 'FIELD_INVALID', 'token.denied'],
    'a request_id that is none': [get({ request_id: '7' }), 'FIELD_INVALID', 'token.denied'],
    'a summary of a novel': [get({ purpose: { summary: 'x'.repeat(201) } }), 'FIELD_INVALID', 'token.denied'],
    'to wait for nothing': [['TokenService', 'WaitInteraction', { name: `interactions/${'0'.repeat(26)}` }],
      'RESOURCE_DENIED'],
    'to cancel nothing': [['TokenService', 'CancelInteraction', { name: `interactions/${'0'.repeat(26)}` }],
      'RESOURCE_DENIED'],
    'to report nothing': [['TokenService', 'ReportTokenRejected', { token_id: '', http_status: 401 }],
      'FIELD_INVALID'],
    'to report an odd status': [['TokenService', 'ReportTokenRejected',
      { token_id: `t-${'a'.repeat(24)}`, http_status: 500 }], 'FIELD_INVALID'],
    'an unknown connection': [['ConnectionService', 'GetConnection',
      { name: `users/u-${'a'.repeat(32)}/connections/${'0'.repeat(26)}` }], 'RESOURCE_DENIED'],
    'an odd filter': [['ConnectionService', 'ListConnections', { parent: 'users/-', filter: 'age > 7' }],
      'FIELD_INVALID'],
    'an odd page': [['ConnectionService', 'ListConnections', { parent: 'users/-', page_token: '?' }],
      'FIELD_INVALID'],
    'an old etag': [['ConnectionService', 'RevokeConnection', () => ({ name: connection, etag: 'old' })], 'ETAG_MISMATCH'],
  };
  for (const [what, [[service, method, request], reason, kind]] of Object.entries(REFUSED)) {
    test(`refuse the same way: ${what}`, async () => {
      const { gRPC, JSON: json } = await atBoth((door) => refusalOf(door.call(service, method,
        typeof request === 'function' ? request() : request)));
      assert.equal(gRPC.answer.reason, reason);
      for (const field of ['code', 'reason', 'metadata', 'sentence']) {
        assert.deepEqual(json.answer[field], gRPC.answer[field], field);
      }
      assert.deepEqual(Object.keys(json.answer.details), Object.keys(gRPC.answer.details));
      if (kind) assert.deepEqual(gRPC.leaves.map((leaf) => [leaf.action, leaf.reason]), [[kind, reason]]);
    });
  }

  test('refuse too much of a request, and leave no line of it', async () => {
    const before = await world.leaves();
    const large = { ...get({ purpose: { summary: 'x'.repeat(64 * 1024) } })[2], request_id: randomUUID() };
    const over = await refusalOf(doors.gRPC.call('TokenService', 'GetScopedToken', large));
    assert.equal(over.code, 'RESOURCE_EXHAUSTED');
    const { JSON: door } = doors;
    const post = (options) => send(`${door.url}/tokenvault.v1.TokenService/GetScopedToken`, {
      method: 'POST', ca: door.ca, cert: door.cert, key: door.key, ...options,
    });
    const json = { 'content-type': 'application/json' };
    assert.equal((await post({ headers: json, body: JSON.stringify(large) })).status, 413);
    const many = Object.fromEntries(Array.from({ length: 300 }, (_one, i) => [`x-more-${i}`, 'y'.repeat(64)]));
    assert.equal((await post({ headers: { ...json, ...many }, body: '{}' })).status, 431);
    assert.equal((await post({ headers: { ...json, 'x-long': 'y'.repeat(20_000) }, body: '{}' })).status, 431);
    doors.gRPC.metadata = { 'x-long': 'y'.repeat(20_000) };
    const head = await refusalOf(doors.gRPC.getToken('calendar', 'ana', ASK));
    doors.gRPC.metadata = {};
    assert.equal(head.code, 'RESOURCE_EXHAUSTED');
    assert.deepEqual(await world.leaves(), before);
    assert.equal((await doors.gRPC.getToken('calendar', 'ana', ASK)).outcome, 'token');
    assert.equal((await doors.JSON.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });
});
