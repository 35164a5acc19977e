// The product's main job, end to end: the real daemon over mTLS, a real
// authorization server on both sides, and people with browsers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answerProvider } from './support/person.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

// From the link in an answer to our consent page, signed in as `login`.
async function openLink(person, url, login) {
  const start = await person.visit(url);
  const link = /href="([^"]*\/signin\/[^"]*\/start[^"]*)"/.exec(start.body);
  if (!link) return start;
  const target = new URL(link[1].replace(/&amp;/g, '&'), start.url).href;
  return answerProvider(person, await person.visit(target), login);
}

// Past our interstitial to the provider's own page.
async function goOn(person, page) {
  const link = [...page.body.matchAll(/href="(https:[^"]*)"/g)]
    .map(([, href]) => href.replace(/&amp;/g, '&')).find((href) => href.includes('state='));
  assert.ok(link, `no way on from ${page.url}: ${page.body}`);
  return person.visit(link);
}

export async function connect(world, person, url, login, options = {}) {
  const consent = await openLink(person, url, login);
  const interstitial = await person.press(consent, 'Continue to Test Calendar');
  const provider = await goOn(person, interstitial);
  return answerProvider(person, provider, login, options);
}

async function refused(promise, code, reason) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.reason, reason, error.message);
    assert.equal(error.code, code);
    return true;
  });
}

describe('an agent and a person', () => {
  let world;
  let person;
  let token;
  before(async () => {
    world = await World.start({ accessTokenTtl: 600 });
    person = world.person();
  });
  after(() => world?.stop());

  test('get a link before anything is connected', async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK,
      { purpose: { summary: 'Plan the offsite' } });
    assert.equal(answer.outcome, 'consent_required');
    const asked = answer.consent_required;
    assert.match(asked.url, new RegExp(`^${world.publicUrl}/c/`));
    assert.match(asked.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
    assert.equal(asked.state, 'STATE_PENDING');
    const again = await world.bot.getToken('calendar', 'ana', ASK,
      { purpose: { summary: 'Plan the offsite' } });
    assert.equal(again.consent_required.url, asked.url);
  });

  test('connect in a browser, and the agent hears of it', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    const waiting = world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
    const done = await connect(world, person, asked.url, 'ana');
    assert.equal(done.status, 200, done.body);
    assert.match(done.url, /\/done\//);
    assert.match(done.body, /Done/);
    assert.equal((await waiting).state, 'STATE_COMPLETED');
  });

  test('use a narrowed token at the provider', async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(answer.outcome, 'token', JSON.stringify(answer));
    token = answer.token;
    assert.deepEqual(token.granted_scopes, ASK);
    assert.equal(token.scope_enforcement, 'SCOPE_ENFORCEMENT_PROVIDER');
    assert.equal(token.account_label, 'ana@example.test');
    const calendar = await person.visit(world.provider.calendarUrl,
      { headers: { authorization: `Bearer ${token.access_token}` } });
    assert.equal(calendar.status, 200, calendar.body);
    assert.match(calendar.body, /Offsite planning/);
  });

  test('get the same token from memory', async () => {
    const refreshes = world.provider.refreshes().length;
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(answer.token.token_id, token.token_id);
    assert.equal(world.provider.refreshes().length, refreshes);
  });

  test('are told the same by the JSON door', async () => {
    const answer = await world.jsonDoor('bot').call('TokenService', 'GetScopedToken',
      { provider: 'providers/calendar', subject: { userId: 'ana' }, scopes: ASK });
    assert.equal(answer.token.tokenId, token.token_id);
    assert.deepEqual(answer.token.grantedScopes, ASK);
  });

  test('get another token once when the API does not take this one', async () => {
    const report = () => world.bot.call('TokenService', 'ReportTokenRejected',
      { token_id: token.token_id, http_status: 401 });
    assert.equal((await report()).advice, 'ADVICE_RETRY_NOW');
    const next = (await world.bot.getToken('calendar', 'ana', ASK)).token;
    assert.notEqual(next.token_id, token.token_id);
    // The one that was replaced is no news any more.
    assert.equal((await report()).advice, 'ADVICE_RETRY_NOW');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).token.token_id, next.token_id);
  });

  test('see what may be used', async () => {
    const { connections } = await world.bot.call('TokenService', 'ListUsableConnections',
      { subject: { user_id: 'ana' } });
    assert.equal(connections.length, 1);
    assert.equal(connections[0].name, token.connection);
    assert.deepEqual(connections[0].agents.map((one) => one.agent), ['agents/bot']);
  });

  test('keep their grant over a restart and a kill', async () => {
    await world.vault.kill();
    await world.vault.start();
    world.bot.close();
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(answer.outcome, 'token');
    assert.equal(world.provider.refreshes().filter((one) => one.error).length, 0);
  });

  test('rotate the master key while serving', async () => {
    const rotated = await world.vault.cli('key', 'rotate');
    assert.equal(rotated.code, 0, rotated.stderr);
    const status = await world.vault.cli('status', '--format', 'json');
    assert.equal(JSON.parse(status.stdout).keyGeneration, 2);
    assert.equal(Number(JSON.parse(status.stdout).dataKeysOnOlderKeys), 0);
    await world.vault.stop();
    await world.vault.start();
    world.bot.close();
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('end it, here and at the provider', async () => {
    const { token: last } = await world.bot.getToken('calendar', 'ana', ASK);
    const revoked = await world.bot.call('ConnectionService', 'RevokeConnection',
      { name: last.connection });
    assert.equal(revoked.upstream, 'UPSTREAM_RESULT_REVOKED');
    assert.equal(revoked.connection.state, 'STATE_REVOKED');
    const calendar = await person.visit(world.provider.calendarUrl,
      { headers: { authorization: `Bearer ${last.access_token}` } });
    assert.equal(calendar.status, 401);
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    assert.equal(answer.outcome, 'consent_required');
    assert.equal(world.provider.alive('RefreshToken'), 0);
  });

  test('leave no secret where none may be', async () => {
    assert.ok(world.provider.issuedTokens.size > 3);
    assert.deepEqual(world.leaks(), []);
  });
});

describe('a token that expires', () => {
  let world;
  before(async () => { world = await World.start({ accessTokenTtl: 5 }); });
  after(() => world?.stop());

  test('is refreshed once for many callers, and the refresh token rotates', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    await connect(world, world.person(), asked.url, 'ana');
    const before = world.provider.refreshes().length;
    const answers = await Promise.all(Array.from({ length: 8 },
      () => world.bot.getToken('calendar', 'ana', ASK)));
    assert.deepEqual(new Set(answers.map((one) => one.outcome)), new Set(['token']));
    assert.equal(new Set(answers.map((one) => one.token.token_id)).size, 1);
    assert.equal(world.provider.refreshes().length, before + 1);
    const first = answers[0].token;
    let next = first;
    const patience = Date.now() + 15_000;
    while (next.token_id === first.token_id && Date.now() < patience) {
      next = (await world.bot.getToken('calendar', 'ana', ASK)).token;
    }
    assert.notEqual(next.token_id, first.token_id);
    assert.equal(world.provider.refreshes().length, before + 2);
    assert.ok(world.provider.refreshes().every((one) => !one.error));
  });
});

describe('a person', () => {
  let world;
  before(async () => { world = await World.start(); });
  after(() => world?.stop());

  test('who is not the one asked burns the link', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    const page = await openLink(world.person(), asked.url, 'ben');
    assert.equal(page.status, 403);
    assert.match(page.body, /made for someone else/i);
    assert.doesNotMatch(page.body, /Calendar Bot|ana@/);
    const after = await world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
    assert.equal(after.state, 'STATE_REFUSED');
    assert.equal(after.denial_reason, 'FAILED_USER_MISMATCH');
    const owner = await openLink(world.person(), asked.url, 'ana');
    assert.equal(owner.status, 410);
  });

  test('can say no to us', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    const person = world.person();
    const page = await person.press(await openLink(person, asked.url, 'ana'), 'Don’t allow');
    assert.equal(page.status, 200);
    assert.match(page.body, /Nothing was shared/);
    const after = await world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
    assert.equal(after.state, 'STATE_DENIED');
    assert.equal(after.denial_reason, 'ACCESS_DENIED');
  });

  test('can say no to the provider', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    const page = await connect(world, world.person(), asked.url, 'ana', { answer: 'Deny' });
    assert.equal(page.status, 200, page.body);
    const after = await world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
    assert.equal(after.denial_reason, 'PROVIDER_DENIED');
  });

  test('who returns in another browser redeems no code', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    const person = world.person();
    const consent = await openLink(person, asked.url, 'ana');
    const interstitial = await person.press(consent, 'Continue to Test Calendar');
    const provider = await goOn(person, interstitial);
    const back = await answerProvider(person, provider, 'ana',
      { until: (url) => url.includes('/cb/') });
    const redeemed = () => world.provider.requests
      .filter((one) => one.grantType === 'authorization_code').length;
    const before = redeemed();
    const stranger = world.person();
    assert.equal((await stranger.visit(back.url)).status, 403);
    assert.equal((await person.visit(back.url)).status, 403);
    assert.equal(redeemed(), before);
    const after = await world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });
    assert.equal(after.state, 'STATE_REFUSED');
  });

  test('meets a provider that is down, and loses nothing', async () => {
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    const person = world.person();
    for (const fault of ['html', 'huge', 'empty', 'unavailable', 'error_in_ok']) {
      world.provider.faults.order('/token', fault);
      const page = await connect(world, person, asked.url, 'ana');
      assert.ok(page.status >= 400, `${fault}: ${page.status}`);
      if (fault === 'error_in_ok') break;
      const still = await world.bot.getToken('calendar', 'ana', ASK);
      assert.equal(still.consent_required.name, asked.name, fault);
    }
  });
});

describe('an agent', () => {
  let world;
  before(async () => { world = await World.start(); });
  after(() => world?.stop());

  test('without a certificate the vault knows gets nothing', async () => {
    const stranger = world.agent('stranger');
    await refused(stranger.getToken('calendar', 'ana', ASK),
      'UNAUTHENTICATED', 'AGENT_CREDENTIAL_INVALID');
    stranger.close();
    const foreign = world.agent('foreign', 'spiffe://evil.test/agents/bot');
    await refused(foreign.getToken('calendar', 'ana', ASK),
      'UNAUTHENTICATED', 'AGENT_CREDENTIAL_INVALID');
    foreign.close();
  });

  test('may not name a person unless it is trusted with that', async () => {
    const guest = world.agent('guest');
    await refused(guest.getToken('calendar', 'ana', ASK),
      'PERMISSION_DENIED', 'SUBJECT_ASSERTION_NOT_ALLOWED');
    guest.close();
  });

  test('is told what is wrong with its request', async () => {
    await refused(world.bot.getToken('calendar', 'ana', ['calendar.reed']),
      'INVALID_ARGUMENT', 'SCOPE_UNKNOWN');
    await refused(world.bot.getToken('calendar', 'ana', ['calendar.write']),
      'PERMISSION_DENIED', 'POLICY_DENIED');
    await refused(world.bot.getToken('calender', 'ana', ASK),
      'PERMISSION_DENIED', 'RESOURCE_DENIED');
    await refused(world.bot.getToken('calendar', 'ana', []),
      'INVALID_ARGUMENT', 'FIELD_INVALID');
    await refused(world.bot.getToken('calendar', 'ana', ASK, { return_uri: 'https://evil.test/' }),
      'INVALID_ARGUMENT', 'FIELD_INVALID');
    await refused(world.bot.call('TokenService', 'ReportTokenRejected', { token_id: 't-1', http_status: 401 }),
      'INVALID_ARGUMENT', 'FIELD_INVALID');
    await refused(world.bot.call('ApprovalService', 'ListApprovals', { parent: 'users/-' }),
      'PERMISSION_DENIED', 'RESOURCE_DENIED');
  });
});

describe('a refresh', () => {
  let world;
  before(async () => {
    world = await World.start({ accessTokenTtl: 5 });
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    await connect(world, world.person(), asked.url, 'ana');
  });
  after(() => world?.stop());

  const until = async (ready) => {
    const patience = Date.now() + 20_000;
    for (;;) {
      const settled = await world.bot.getToken('calendar', 'ana', ASK, { min_ttl: { seconds: '3' } })
        .then((value) => ({ value }), (error) => ({ error }));
      if (ready(settled) || Date.now() > patience) return settled;
    }
  };

  test('that the provider fails marks nothing, and works once it heals', async () => {
    for (const [fault, reason] of [['invalid_client', 'PROVIDER_MISCONFIGURED'],
      ['html', 'PROVIDER_ANSWER_INVALID'], ['throttled', 'PROVIDER_RATE_LIMITED'],
      ['huge', 'PROVIDER_ANSWER_INVALID'], ['unavailable', 'PROVIDER_UNREACHABLE']]) {
      world.provider.faults.order('/token', fault, { times: 1000 });
      const { error } = await until((settled) => settled.error);
      assert.equal(error?.reason, reason, fault);
      world.provider.faults.clear();
      const { value } = await until((settled) => settled.value?.outcome === 'token');
      assert.equal(value?.outcome, 'token', fault);
    }
  });

  test('of a grant that is gone asks the person to reconnect', async () => {
    world.provider.disconnect('ana');
    const { value } = await until((settled) => settled.value?.outcome === 'consent_required');
    assert.equal(value.consent_required.kind, 'KIND_RECONNECT');
    const done = await connect(world, world.person(), value.consent_required.url, 'ana');
    assert.match(done.url, /\/done\//, done.body);
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });
});
