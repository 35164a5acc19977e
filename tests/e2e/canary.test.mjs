// Known secrets go through every journey, and are then looked for wherever they
// may not be: in the files, the log, the metrics, the pages, the answers to
// agents, and what the command line prints.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Canary, WatchedPerson } from './support/canary.mjs';
import { send } from './support/http.mjs';
import { answerProvider } from './support/person.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const PROVIDER_SECRET = 'calendar-secret';
const IDENTITY_SECRET = 'login-secret';

describe('a secret', () => {
  let world;
  let canary;
  before(async () => {
    world = await World.start();
    canary = new Canary();
    canary.secret('client secret', PROVIDER_SECRET);
    canary.secret('client secret', IDENTITY_SECRET);
    canary.secret('root key', readFileSync(join(world.dir, 'root.key'), 'latin1').trim());
  });
  after(() => world?.stop());

  const newLink = async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK);
    canary.place('an answer without a token', answer);
    assert.equal(answer.outcome, 'consent_required');
    return answer.consent_required;
  };
  const connect = async (options = {}) => {
    const person = new WatchedPerson(world, canary);
    return { person, page: await world.connect(person, 'ana', await newLink(), options) };
  };
  // The answer's own token is what the agent came for; nothing else may be there.
  const takeToken = ({ token }) => {
    canary.secret('access token', token.access_token);
    canary.place('an answer with a token', { ...token, access_token: '' });
    return token;
  };
  const refusal = async (name, promise) => {
    const error = await promise.then(() => assert.fail(`${name}: no error`), (caught) => caught);
    assert.ok(error.reason, `${name}: ${error.message}`);
    canary.place(`the error of ${name}`, { said: error.message, details: error.details });
  };
  const cli = async (...args) => {
    const done = await world.vault.cli(...args);
    assert.equal(done.code, 0, `${args.join(' ')}: ${done.stdout}${done.stderr}`);
    return done.stdout + done.stderr;
  };
  const readFiles = (when) => canary.placeFiles(world.dir, when);

  test('is found wherever it is planted', () => {
    const planted = new Canary();
    const value = 'canary-value-?1';
    planted.secret('canary', value);
    const bytes = Buffer.from(value);
    planted.place('plain', `a ${value} b`);
    planted.place('hex', bytes.toString('hex'));
    planted.place('base64', bytes.toString('base64'));
    planted.place('url', `x=${encodeURIComponent(value)}`);
    planted.place('nowhere', 'nothing');
    assert.deepEqual(planted.finds(),
      ['base64', 'hex', 'plain', 'url'].map((place) => `canary in ${place}`));
  });

  test('goes with a person who says no, here and at the provider', async () => {
    const person = new WatchedPerson(world, canary);
    let page = await person.visit((await newLink()).url);
    page = await answerProvider(person, await person.follow(page, /^Sign in with /), 'ana');
    page = await person.press(page, 'Don’t allow');
    assert.match(page.body, /Nothing was shared/);
    const { page: denied } = await connect({ answer: 'Deny' });
    assert.match(denied.body, /was told no/);
  });

  test('goes with a person whose provider fails', async () => {
    for (const fault of ['html', 'broken_json', 'error_in_ok']) {
      world.provider.faults.order('/token', fault);
      const { page } = await connect();
      assert.ok(page.status >= 400, `${fault}: ${page.status}`);
    }
  });

  test('goes with a person whose answer is forged', async () => {
    const person = new WatchedPerson(world, canary);
    const forged = 'forged-code-8f1c2b7d';
    const page = await person.visit(
      `${world.publicUrl}/cb/default.calendar?code=${forged}&state=forged-state-8f1c2b7d`);
    assert.equal(page.status, 403);
  });

  test('goes with a person who connects, and an agent that gets a token', async () => {
    const { person, page } = await connect();
    assert.match(page.url, /\/done\//, page.body);
    await person.visit(`${world.publicUrl}/me`);
    takeToken(await world.bot.getToken('calendar', 'ana', ASK));
    const { token } = await world.jsonDoor('bot').call('TokenService', 'GetScopedToken',
      { provider: 'providers/calendar', subject: { userId: 'ana' }, scopes: ASK });
    canary.secret('access token', token.accessToken);
    canary.place('an answer of the JSON door', { ...token, accessToken: '' });
    canary.place('what may be used', await world.bot.call('TokenService',
      'ListUsableConnections', { subject: { user_id: 'ana' } }));
  });

  test('goes with requests that are refused', async () => {
    const userToken = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LXNpZ25hdHVyZQ';
    canary.secret('user token', userToken);
    const bearer = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiZWFyZXIifQ.YmVhcmVyLXNpZ25hdHVyZQ';
    canary.secret('agent credential', bearer);
    const guest = world.agent('guest');
    await refusal('a user token', guest.getToken('calendar', { token: userToken }, ASK));
    guest.close();
    await refusal('an unknown scope', world.bot.getToken('calendar', 'ana', ['calendar.reed']));
    await refusal('an unknown provider', world.bot.getToken('calender', 'ana', ASK));
    const stranger = world.jsonDoor('bot');
    Object.assign(stranger, { cert: undefined, key: undefined, bearer });
    await refusal('a bearer', stranger.call('TokenService', 'GetScopedToken',
      { provider: 'providers/calendar', subject: { userToken }, scopes: ASK }));
    await refusal('a JSON body', world.jsonDoor('bot').call('TokenService', 'GetScopedToken',
      `{"subject":{"userToken":"${userToken}"},"nonsense":"${bearer}"}`));
  });

  test('goes with refreshes that fail and work', async () => {
    for (const fault of ['invalid_client', 'html', 'unavailable']) {
      // A new life has no token in memory.
      await world.vault.stop();
      readFiles('at rest');
      await world.vault.start();
      world.bot.close();
      world.provider.faults.order('/token', fault, { times: 100 });
      await refusal(`a refresh: ${fault}`, world.bot.getToken('calendar', 'ana', ASK));
      world.provider.faults.clear();
    }
    await world.vault.stop();
    await world.vault.start();
    world.bot.close();
    const before = world.provider.refreshes().length;
    takeToken(await world.bot.getToken('calendar', 'ana', ASK));
    assert.ok(world.provider.refreshes().length > before);
  });

  test('goes with what operators do and ask', async () => {
    const identity = world.authority.client('cli', 'spiffe://example.test/agents/bot');
    const got = await cli('token', 'get', '--provider', 'calendar', '--scopes', ASK[0],
      '--user', 'ana', '--address', `127.0.0.1:${world.ports.grpc}`,
      '--cert', identity.certFile, '--key', identity.keyFile, '--ca', world.authority.caFile);
    const { access_token: own } = takeToken(await world.bot.getToken('calendar', 'ana', ASK));
    canary.place('token get', got.replaceAll(own, ''));
    for (const args of [['key', 'rotate'], ['key', 'status'], ['status', '--deep'],
      ['connection', 'list'], ['provider', 'show', 'calendar'], ['provider', 'test', 'calendar'],
      ['agent', 'list'], ['config', 'show'], ['audit', 'tail', '-n', '500']]) {
      canary.place(args.join(' '), await cli(...args, '--format', 'json'));
    }
    for (const path of ['livez', 'readyz', 'metrics']) {
      const answer = await send(`${world.publicUrl}/${path}`, { ca: world.authority.ca });
      assert.equal(answer.status, 200, path);
      canary.place(`/${path}`, answer.body);
      if (path === 'metrics') assert.match(answer.body, /^tokenvault_secrets_outside_locked_memory 0$/m);
    }
  });

  test('goes with an end', async () => {
    const token = takeToken(await world.bot.getToken('calendar', 'ana', ASK));
    canary.place('the end', await world.bot.call('ConnectionService', 'RevokeConnection',
      { name: token.connection }));
    readFiles('in use');
    await world.vault.stop();
    readFiles('after the end');
    canary.place('log', world.vault.log);
  });

  test('was known of every kind, and is nowhere', () => {
    for (const { issuedTokens } of [world.identity, world.provider]) {
      for (const token of issuedTokens) {
        if (!canary.secrets.has(token)) canary.secret('issued token', token);
      }
    }
    assert.deepEqual(new Set(canary.secrets.values()), new Set(['client secret', 'root key', 'code',
      'state', 'cookie', 'access token', 'user token', 'agent credential', 'issued token']));
    const places = new Set(canary.places.map(([place]) => place));
    for (const place of ['log', 'vault.db in use', 'vault.db-wal in use', 'vault.db-shm in use',
      'vault.db after the end', '/metrics', 'audit tail -n 500', 'page /done', 'page /go']) {
      assert.ok(places.has(place), `${place} was not read: ${[...places]}`);
    }
    // The one place of a state is the link to the provider.
    const allowed = (kind, place) => kind === 'state' && place === 'page /go';
    assert.deepEqual(canary.finds(allowed), []);
  });
});
