// What an agent may do only with a person's word, from the question to the token,
// where the person answers in a chat: a channel relays what they say, with their
// own token.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { WebApp } from './support/web_app.mjs';
import { World } from './support/world.mjs';

const SCOPES = ['openid', 'email', 'calendar.read'];
const ASK = ['calendar.read'];
const spiffe = (agent) => `spiffe://example.test/agents/${agent}`;

let world;
let chat;
let doors;
const tokens = {};

before(async () => {
  world = await World.start({
    identityClients: [WebApp.client('chat')],
    change: (c) => {
      c.tenants[0].user_token_audience = 'chat';
      c.agents.push({
        id: 'chat', name: 'Chat', may_relay_approvals: true,
        auth: { type: 'mtls', spiffe_id: spiffe('chat') },
      });
      c.agents.find(({ id }) => id === 'bot').may_relay_approvals = true;
      c.policies = [{
        id: 'ask-first', effect: 'require_approval', agent: 'bot', provider: 'calendar', scopes: SCOPES,
        approval: { reach: ['once', 'task', 'hour'], expires: '2m' },
      }];
      return c;
    },
  });
  chat = world.agent('chat');
  doors = { gRPC: world.agent('bot'), JSON: world.jsonDoor('bot') };
  const app = new WebApp({ server: world.identity, ca: world.authority.ca, client: 'chat' });
  for (const login of ['ana', 'ben', 'cleo']) tokens[login] = await app.signIn(login);
  for (const login of ['ana', 'cleo']) {
    const asked = await doors.gRPC.getToken('calendar', login, ASK);
    assert.equal(asked.outcome, 'consent_required', JSON.stringify(asked));
    await world.connect(world.person(), login, asked.consent_required);
  }
});
after(() => world?.stop());

let task = 0;
// A purpose that nobody had before, so that each test has a question of its own.
const newPurpose = () => ({
  summary: 'Plan the offsite',
  task_id: `task-${task += 1}`,
  details: [{ type: 'event.create', fields: { title: 'Offsite' } }],
});
const ask = (purpose, login = 'ana', door = doors.gRPC) =>
  door.getToken('calendar', login, ASK, { purpose });
async function asked(purpose, login = 'ana') {
  const answer = await ask(purpose, login);
  assert.equal(answer.outcome, 'approval_required', JSON.stringify(answer));
  return answer.approval_required;
}
const idOf = (question) => question.name.split('/')[1];
async function approvalOf(question, login = 'ana') {
  const { approvals } = await chat.call('ApprovalService', 'ListApprovals',
    { parent: 'users/-', user_token: tokens[login], filter: 'state = PENDING' });
  return (approvals ?? []).find(({ name }) => name.endsWith(`/${idOf(question)}`));
}
const decide = (approval, decision, more = {}, login = 'ana', channel = chat) =>
  channel.call('ApprovalService', 'DecideApproval', {
    name: approval.name, decision: `DECISION_${decision}`, user_code: approval.user_code,
    user_token: tokens[login], ...more,
  });
const approve = (approval, reach = 'REACH_ONCE', login = 'ana') =>
  decide(approval, 'APPROVE', { reach }, login);
const leaf = async (action, id) =>
  (await world.leaves()).findLast((one) => one.action === action && one.interaction === id);

describe('an approval', () => {
  test('shows a person what the agent declared, and gives one token', async () => {
    const purpose = newPurpose();
    const question = await asked(purpose);
    assert.equal(question.kind, 'KIND_APPROVAL');
    assert.match(question.url, /^https:\/\/localhost:\d+\/c\//);
    const approval = await approvalOf(question);
    assert.equal(approval.user_code, question.user_code);
    assert.equal(approval.purpose.summary, purpose.summary);
    assert.deepEqual(approval.purpose.details, purpose.details);
    assert.equal(approval.agent, 'agents/bot');
    assert.deepEqual(approval.offered, ['REACH_ONCE', 'REACH_TASK', 'REACH_ONE_HOUR']);
    const waiting = doors.gRPC.call('TokenService', 'WaitInteraction', { name: question.name });
    assert.equal((await approve(approval)).state, 'STATE_COMPLETED');
    assert.equal((await waiting).state, 'STATE_COMPLETED');
    const answer = await ask(purpose);
    assert.equal(answer.outcome, 'token', JSON.stringify(answer));
    const events = await world.person().visit(world.provider.calendarUrl,
      { headers: { authorization: `Bearer ${answer.token.access_token}` } });
    assert.equal(JSON.parse(events.body).account, 'ana');
    assert.equal((await leaf('token.granted', idOf(question))).rule, 'ask-first');
    assert.equal((await ask(purpose)).outcome, 'approval_required');
    await doors.gRPC.call('TokenService', 'CancelInteraction', { name: (await asked(purpose)).name });
  });

  // A machine that is busy with something else may be late once.
  test('wakes who waits within 100 ms of the decision', async () => {
    const delays = [];
    for (let i = 0; i < 5 && !delays.some((delay) => delay < 100); i += 1) {
      const question = await asked(newPurpose());
      const approval = await approvalOf(question);
      const waiting = Object.values(doors).map(async (door) => {
        const answer = await door.call('TokenService', 'WaitInteraction', { name: question.name });
        return { answer, time: performance.now() };
      });
      // Both wait: calls of one connection are taken in the order in which they came.
      await Promise.all(Object.values(doors).map((door) => door.call('TokenService', 'ListUsableConnections',
        door === doors.gRPC ? { subject: { user_id: 'ana' } } : { subject: { userId: 'ana' } })));
      await approve(approval);
      const decided = performance.now();
      const woken = await Promise.all(waiting);
      assert.ok(woken.every(({ answer }) => answer.state === 'STATE_COMPLETED'));
      delays.push(Math.max(...woken.map(({ time }) => time)) - decided);
    }
    assert.ok(Math.min(...delays) < 100, `${delays.join(', ')} ms`);
  });

  test('that is spent by twenty at once gives one token', async () => {
    const purpose = newPurpose();
    await approve(await approvalOf(await asked(purpose)));
    const answers = await Promise.all(Array.from({ length: 20 },
      (_, i) => ask(purpose, 'ana', Object.values(doors)[i % 2])));
    const outcomes = answers.map(({ outcome }) => outcome);
    assert.equal(outcomes.filter((one) => one === 'token').length, 1, outcomes.join());
    assert.equal(outcomes.filter((one) => one === 'approval_required').length, 19, outcomes.join());
    const [open] = answers.filter((one) => one.approval_required);
    await doors.gRPC.call('TokenService', 'CancelInteraction', { name: open.approval_required.name });
  });

  test('is decided by nobody but the person, with the code that the agent shows', async () => {
    const purpose = newPurpose();
    const question = await asked(purpose);
    const approval = await approvalOf(question);
    assert.equal(await approvalOf(question, 'ben'), undefined);
    const other = await refusalOf(decide(approval, 'APPROVE', { reach: 'REACH_ONCE' }, 'ben'));
    assert.equal(other.reason, 'RESOURCE_DENIED');
    const wrong = await refusalOf(decide({ ...approval, user_code: 'AAAA-AAAA' }, 'APPROVE', { reach: 'REACH_ONCE' }));
    assert.equal(wrong.metadata.field, 'user_code');
    const own = await refusalOf(decide(approval, 'APPROVE', { reach: 'REACH_ONCE' }, 'ana', doors.gRPC));
    assert.equal(own.reason, 'APPROVER_NOT_ALLOWED');
    assert.equal(own.metadata.problem, 'own_request');
    const stranger = await refusalOf(decide(approval, 'APPROVE', { reach: 'REACH_ONCE' }, 'ana', world.agent('guest')));
    assert.equal(stranger.reason, 'RESOURCE_DENIED');
    assert.equal((await leaf('approval.refused', idOf(question))).detail, 'own_request');
    assert.equal((await ask(purpose)).outcome, 'approval_required');
    await doors.gRPC.call('TokenService', 'CancelInteraction', { name: question.name });
  });

  test('says the same when it is told the same, and stands when it is told otherwise', async () => {
    const approval = await approvalOf(await asked(newPurpose()));
    await approve(approval);
    assert.equal((await approve(approval)).state, 'STATE_COMPLETED');
    const error = await refusalOf(decide(approval, 'REJECT'));
    assert.equal(error.reason, 'INTERACTION_USED');
  });

  test('survives the end of the process, kill -9 included', async () => {
    const purpose = newPurpose();
    await approve(await approvalOf(await asked(purpose)));
    await world.vault.kill();
    await world.vault.start();
    assert.equal((await ask(purpose)).outcome, 'token');
    assert.equal((await ask(purpose)).outcome, 'approval_required');
  });
});

test('a no holds, whatever the agent changes, and can end what it was allowed', async () => {
  const question = await asked(newPurpose(), 'cleo');
  const approval = await approvalOf(question, 'cleo');
  assert.equal((await decide(approval, 'REJECT_AND_PAUSE', {}, 'cleo')).state, 'STATE_DENIED');
  const waited = await doors.gRPC.call('TokenService', 'WaitInteraction', { name: question.name });
  assert.equal(waited.denial_reason, 'ACCESS_DENIED');
  assert.equal((await ask(newPurpose(), 'cleo')).outcome, 'consent_required');
});
