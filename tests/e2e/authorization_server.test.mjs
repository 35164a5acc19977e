// The tests' own authorization server: that it is as strict, and fails in the
// ways, that the journeys of the vault rely on.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AuthorizationServer } from './support/authorization_server.mjs';
import { CertificateAuthority } from './support/certificates.mjs';
import { form, send } from './support/http.mjs';
import { answerProvider, Person } from './support/person.mjs';

const CALLBACK = 'https://localhost:1/cb';
const BASIC = `Basic ${Buffer.from('vault:vault-secret').toString('base64')}`;

describe('the authorization server', () => {
  let dir;
  let authority;
  let server;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tokenvault-as-'));
    authority = new CertificateAuthority(dir);
    server = await AuthorizationServer.start({
      tls: authority.server('provider'),
      clients: [{ client_id: 'vault', client_secret: 'vault-secret', redirect_uris: [CALLBACK] }],
    });
  });
  after(async () => {
    await server.stop();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => server.faults.clear());

  const post = (path, fields) => send(server.issuer + path,
    { ...form(fields, { authorization: BASIC }), ca: authority.ca });
  const token = (fields) => post('/token', fields);
  const refresh = (refreshToken, more = {}) =>
    token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...more });
  const calendar = (accessToken) => send(server.calendarUrl,
    { ca: authority.ca, headers: { authorization: `Bearer ${accessToken}` } });

  // Walks a person to the callback: {query, verifier}.
  async function authorize(login, options = {}) {
    const verifier = randomBytes(32).toString('base64url');
    const url = new URL('/auth', server.issuer);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'vault',
      redirect_uri: CALLBACK,
      scope: 'openid offline_access email calendar.read calendar.write',
      state: 'a-state',
      prompt: 'consent',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...options.change,
    });
    const until = (at) => at.startsWith(CALLBACK);
    const person = new Person({ ca: authority.ca });
    const first = await person.visit(url.href, { until });
    const back = until(first.url) ? first
      : await answerProvider(person, first, login, { until, ...options.answers });
    return { query: new URL(back.url).searchParams, verifier };
  }

  async function connect(login, options) {
    const { query, verifier } = await authorize(login, options);
    const answer = await token({
      grant_type: 'authorization_code',
      code: query.get('code'),
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  }

  it('gives tokens for a code, and says who it is', async () => {
    const { query } = await authorize('ana');
    assert.equal(query.get('iss'), server.issuer);
    assert.equal(query.get('state'), 'a-state');
    const tokens = await connect('ana');
    assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token);
    assert.ok(server.issuedTokens.has(tokens.refresh_token));
    const [, claims] = tokens.id_token.split('.');
    assert.equal(JSON.parse(Buffer.from(claims, 'base64url')).sub, 'ana');
  });

  it('requires PKCE', async () => {
    const { query } = await authorize('ana',
      { change: { code_challenge: '', code_challenge_method: '' } });
    assert.equal(query.get('error'), 'invalid_request');
  });

  it('refuses a wrong verifier', async () => {
    const { query } = await authorize('ana');
    const answer = await token({
      grant_type: 'authorization_code',
      code: query.get('code'),
      redirect_uri: CALLBACK,
      code_verifier: randomBytes(32).toString('base64url'),
    });
    assert.equal(JSON.parse(answer.body).error, 'invalid_grant');
  });

  it('tells when the person said no', async () => {
    const { query } = await authorize('ana', { answers: { answer: 'Deny' } });
    assert.equal(query.get('error'), 'access_denied');
  });

  it('gives less when the person unticked a scope', async () => {
    const tokens = await connect('ben', { answers: { without: ['calendar.write'] } });
    assert.ok(tokens.scope.includes('calendar.read'));
    assert.ok(!tokens.scope.includes('calendar.write'));
  });

  it('rotates refresh tokens and ends the family when one is used twice', async () => {
    const first = await connect('ana');
    const second = JSON.parse((await refresh(first.refresh_token)).body);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal((await calendar(second.access_token)).status, 200);
    const reused = await refresh(first.refresh_token);
    assert.equal(JSON.parse(reused.body).error, 'invalid_grant');
    assert.equal((await refresh(second.refresh_token)).status, 400);
    assert.equal((await calendar(second.access_token)).status, 401);
  });

  it('narrows on refresh', async () => {
    const wide = await connect('ana');
    const narrow = JSON.parse((await refresh(wide.refresh_token, { scope: 'calendar.write' })).body);
    assert.equal(narrow.scope, 'calendar.write');
    assert.equal((await calendar(narrow.access_token)).status, 403);
  });

  it('shows the calendar to a token that may read it, and to no other', async () => {
    const tokens = await connect('ana');
    const answer = await calendar(tokens.access_token);
    assert.equal(JSON.parse(answer.body).account, 'ana');
    assert.equal((await calendar('made-up')).status, 401);
  });

  it('revokes: the access token ends with the refresh token', async () => {
    const tokens = await connect('ana');
    assert.equal((await post('/token/revocation', { token: tokens.refresh_token })).status, 200);
    assert.equal((await calendar(tokens.access_token)).status, 401);
    const looked = await post('/token/introspection', { token: tokens.access_token });
    assert.equal(JSON.parse(looked.body).active, false);
  });

  it('ends everything of a person who disconnects there', async () => {
    const ana = await connect('ana');
    const ben = await connect('ben');
    server.disconnect('ana');
    assert.equal((await refresh(ana.refresh_token)).status, 400);
    assert.equal((await calendar(ana.access_token)).status, 401);
    assert.equal((await calendar(ben.access_token)).status, 200);
  });

  it('publishes its metadata under both names', async () => {
    const { body } = await send(`${server.issuer}/.well-known/openid-configuration`,
      { ca: authority.ca });
    const metadata = JSON.parse(body);
    assert.equal(metadata.issuer, server.issuer);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    const other = await send(`${server.issuer}/.well-known/oauth-authorization-server`,
      { ca: authority.ca });
    assert.deepEqual(JSON.parse(other.body), metadata);
  });

  it('remembers what the token endpoint was asked, without secrets', async () => {
    const tokens = await connect('ana');
    const before_ = server.refreshes().length;
    await refresh(tokens.refresh_token);
    await refresh('made-up');
    const seen = server.refreshes().slice(before_);
    assert.deepEqual(seen.map((one) => one.status), [200, 400]);
    assert.equal(seen[1].error, 'invalid_grant');
    assert.ok(!JSON.stringify(server.requests).includes(tokens.refresh_token));
  });

  for (const [kind, status, type] of [
    ['html', 200, 'text/html'], ['huge', 200, 'application/json'],
    ['empty', 200, 'application/json'], ['broken_json', 200, 'application/json'],
    ['error_in_ok', 200, 'application/json'], ['refusal_in_ok', 200, 'application/json'],
    ['no_token', 200, 'application/json'], ['invalid_grant', 400, 'application/json'],
    ['invalid_client', 401, 'application/json'], ['unavailable', 503, 'text/plain'], ['throttled', 429, 'application/json'],
  ]) {
    it(`misbehaves to order: ${kind}, once, without doing the work`, async () => {
      const asked = server.refreshes().length;
      server.faults.order('/token', kind);
      const answer = await refresh('anything');
      assert.equal(answer.status, status);
      assert.equal(answer.headers['content-type'], type);
      assert.equal(server.refreshes().length, asked);
      assert.equal((await refresh('anything')).status, 400);
    });
  }

  it('loses an answer after doing the work', async () => {
    const tokens = await connect('ana');
    const given = server.issuedTokens.size;
    server.faults.order('/token', 'lost_answer');
    await assert.rejects(refresh(tokens.refresh_token), /socket hang up|ECONNRESET/);
    assert.ok(server.issuedTokens.size > given);
    // It rotated, so the token that is still in hand has been used.
    assert.equal((await refresh(tokens.refresh_token)).status, 400);
  });

  it('gives no answer and does nothing', async () => {
    const tokens = await connect('ana');
    server.faults.order('/token', 'no_answer');
    await assert.rejects(refresh(tokens.refresh_token), /socket hang up|ECONNRESET/);
    assert.equal((await refresh(tokens.refresh_token)).status, 200);
  });

  it('takes its time when told to', async () => {
    const tokens = await connect('ana');
    server.faults.order('/token', 'slow', { delay: 300 });
    const began = performance.now();
    assert.equal((await refresh(tokens.refresh_token)).status, 200);
    assert.ok(performance.now() - began >= 290);
  });
});
