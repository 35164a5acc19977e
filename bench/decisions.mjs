// B22: see bench/decisions.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { signJwt } from '../tests/e2e/support/jwt.mjs';
import { World } from '../tests/e2e/support/world.mjs';

const PEOPLE = ['ana', 'ben', 'cleo', 'dana', 'emil', 'olga'];
const ASK = ['calendar.read'];
// Of each, how many decisions of each person: five a minute is all they are asked.
const WAITERS = [[1, 3], [100, 2]];
const MOST_MS = 100;
// What a call needs to be waiting, with room.
const SETTLE_MS = 300;

const world = await World.start({
  change: (c) => {
    c.tenants[0].user_token_audience = 'chat';
    c.agents.push({
      id: 'chat', name: 'Chat', may_relay_approvals: true,
      auth: { type: 'mtls', spiffe_id: 'spiffe://example.test/agents/chat' },
    });
    c.policies = [{
      id: 'ask-first', effect: 'require_approval', agent: 'bot', provider: 'calendar', scopes: ['openid', 'email', ...ASK],
    }];
    return c;
  },
});

const tokenOf = (login) => {
  const now = Math.floor(Date.now() / 1000);
  return signJwt({ iss: world.identity.issuer, aud: 'chat', sub: login, iat: now, exp: now + 600 },
    { key: world.identity.key });
};
let task = 0;
const ask = async (login) => (await world.bot.getToken('calendar', login, ASK,
  { purpose: { summary: 'Plan the offsite', task_id: `task-${task += 1}` } })).approval_required;
async function pendingOf(chat, login) {
  const { approvals } = await chat.call('ApprovalService', 'ListApprovals',
    { parent: 'users/-', user_token: tokenOf(login), filter: 'state = PENDING' });
  assert.equal(approvals.length, 1);
  return approvals[0];
}

// How long after a decision was sent its own answer came, and what each waiting call heard.
async function decide(chat, login, waiters) {
  const question = await ask(login);
  const approval = await pendingOf(chat, login);
  const heard = [];
  const waiting = Array.from({ length: waiters }, async () => {
    const { state } = await world.bot.call('TokenService', 'WaitInteraction', { name: question.name });
    heard.push(performance.now());
    assert.equal(state, 'STATE_COMPLETED');
  });
  await pause(SETTLE_MS);
  assert.deepEqual(heard, [], 'a call did not wait');
  const sent = performance.now();
  await chat.call('ApprovalService', 'DecideApproval', {
    name: approval.name, decision: 'DECISION_APPROVE', reach: 'REACH_ONCE',
    user_code: approval.user_code, user_token: tokenOf(login),
  });
  const answered = performance.now() - sent;
  await Promise.all(waiting);
  return { answered, heard: heard.map((at) => at - sent) };
}

const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const at = (numbers, share) => sorted(numbers)[Math.ceil(share * numbers.length) - 1];
const ms = (number) => number.toFixed(1);

let late = false;
try {
  const chat = world.agent('chat');
  for (const login of PEOPLE) {
    const { consent_required: asked } = await world.bot.getToken('calendar', login, ASK);
    await world.connect(world.person(), login, asked);
  }
  console.log('B22, from when a decision was sent, in ms:');
  console.log('| calls that wait | decisions | its own answer p50 / most | heard by all p50 / p99 / most | heard by its own answer, p50 |');
  console.log('|---|---|---|---|---|');
  for (const [waiters, rounds] of WAITERS) {
    const answered = [];
    const heard = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const login of PEOPLE) {
        const one = await decide(chat, login, waiters);
        answered.push(one.answered);
        heard.push(...one.heard);
      }
    }
    const most = Math.max(...heard);
    late ||= most > MOST_MS;
    console.log(`| ${waiters} | ${answered.length} | ${ms(at(answered, 0.5))} / ${ms(Math.max(...answered))} |`,
      `${ms(at(heard, 0.5))} / ${ms(at(heard, 0.99))} / ${ms(most)} |`,
      `${(at(heard, 0.5) / at(answered, 0.5)).toFixed(2)} |`);
  }
  console.log(`at most ${MOST_MS} ms: ${late ? 'missed' : 'met'}`);
} finally {
  await world.stop();
}
process.exitCode = late ? 1 : 0;
