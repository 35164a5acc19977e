// The canary's other walk: people and agents with tokens of their own, a vault
// that a passphrase opens, and the turns that a journey rarely takes.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { JsonDoor } from './support/agent.mjs';
import { Canary, WatchedPerson } from './support/canary.mjs';
import { send } from './support/http.mjs';
import { answerProvider } from './support/person.mjs';
import { WebApp } from './support/web_app.mjs';
import { WorkloadIssuer } from './support/workload_issuer.mjs';
import { World } from './support/world.mjs';

const READ = ['calendar.read'];
const BOTH = ['calendar.read', 'calendar.write'];
const PASSPHRASE = 'canary battery staple 8f1c';
const SUBJECT = 'system:serviceaccount:bots:worker';

describe('a secret', () => {
  let world;
  let canary;
  let platform;
  let app;
  before(async () => {
    world = await World.start({
      identityClients: [WebApp.client('assistant')],
      change: async (c, { dir }) => {
        platform = await WorkloadIssuer.start({ tls: c.tls });
        const passphraseFile = join(dir, 'passphrase');
        writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o400 });
        c.tenants[0].user_token_audience = 'assistant';
        c.agents.push({
          id: 'worker', name: 'Worker', auth: { type: 'jwt', issuer: platform.issuer, subject: SUBJECT },
        });
        c.policies[0] = {
          id: 'calendars', effect: 'allow', provider: 'calendar',
          scopes: ['openid', 'email', 'calendar.read', 'calendar.write'],
        };
        return {
          ...c,
          workloadIssuers: [{
            issuer: platform.issuer, jwks_uri: platform.jwksUri, audience: platform.audience,
          }],
          sections: {
            seal: { type: 'passphrase', key_file: undefined, passphrase_file: passphraseFile },
          },
        };
      },
    });
    app = new WebApp({ server: world.identity, ca: world.authority.ca, client: 'assistant' });
    canary = new Canary();
    canary.secret('passphrase', PASSPHRASE);
    canary.secret('client secret', 'calendar-secret');
    canary.secret('client secret', 'login-secret');
  });
  after(async () => {
    await world?.stop();
    await platform?.stop();
  });

  // The answer's own token is what the agent came for; nothing else may be there.
  const take = ({ outcome, token }) => {
    assert.equal(outcome, 'token');
    canary.secret('access token', token.access_token);
    canary.place('an answer with a token', { ...token, access_token: '' });
    return token;
  };
  const askedBy = async (agent, user, scopes) => {
    const answer = await agent.getToken('calendar', user, scopes);
    canary.place('an answer without a token', answer);
    assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
    return answer.consent_required;
  };
  const newPerson = () => new WatchedPerson(world, canary);
  const userToken = async (login) => {
    const token = await app.signIn(login);
    canary.secret('user token', token);
    return { token };
  };
  const forget = async () => {
    await world.vault.stop();
    canary.placeFiles(world.dir, 'at rest');
    await world.vault.start();
    world.bot.close();
  };

  test('goes with a person\'s and an agent\'s own token', async () => {
    const guest = world.agent('guest');
    const ana = await userToken('ana');
    await world.connect(newPerson(), 'ana', await askedBy(guest, ana, READ));
    take(await guest.getToken('calendar', ana, READ));
    const bearer = platform.token({ sub: SUBJECT });
    canary.secret('workload token', bearer);
    const worker = new JsonDoor({ url: world.publicUrl, ca: world.authority.ca, bearer });
    const ben = await userToken('ben');
    await world.connect(newPerson(), 'ben', await askedBy(worker, ben, READ));
    take(await worker.getToken('calendar', ben, READ));
    canary.place('what may be used', await worker.call('TokenService', 'ListUsableConnections',
      { subject: { userToken: ben.token } }));
  });

  test('goes with a person who gives less, and undoes it', async () => {
    const person = newPerson();
    const asked = await askedBy(world.bot, 'ben', BOTH);
    let page = await world.connect(person, 'ben', asked, { without: ['calendar.write'] });
    assert.match(page.body, /gave less than was asked/);
    page = await person.press(page, 'Keep it like this');
    page = await person.visit(page.url.split('?')[0]);
    page = await person.press(page, 'Undo');
    assert.match(page.body, /<h1>Calendar Bot no longer uses your Test Calendar account/);
  });

  test('goes with a person who comes back with another account', async () => {
    const asked = await askedBy(world.bot, 'ana', READ);
    await answerHere(newPerson(), asked);
    const { connection } = take(await world.bot.getToken('calendar', 'ana', READ));
    world.provider.disconnect('ana');
    await forget();
    const again = await askedBy(world.bot, 'ana', READ);
    assert.equal(again.kind, 'KIND_RECONNECT');
    const person = newPerson();
    let page = await person.visit(again.url);
    page = await answerProvider(person, await person.follow(page, /^Sign in with /), 'ana');
    page = await person.press(page, /^Continue to /);
    page = await answerProvider(person, await person.follow(page, /^Go to /), 'ana-home');
    assert.match(page.body, /This is another Test Calendar account/);
    page = await person.press(page, /^Use ana-home@example.test instead$/);
    assert.match(page.url, /\/done\//, page.body);
    assert.notEqual(take(await world.bot.getToken('calendar', 'ana', READ)).connection, connection);
  });

  test('goes with a token that the API rejects', async () => {
    const token = take(await world.bot.getToken('calendar', 'ana', READ));
    canary.place('advice', await world.bot.call('TokenService', 'ReportTokenRejected', {
      token_id: token.token_id,
      http_status: 401,
      www_authenticate: `Bearer error="invalid_token", error_description="${token.access_token}"`,
    }));
    take(await world.bot.getToken('calendar', 'ana', READ));
  });

  test('goes with a secret that changed, and one that is wrong', async () => {
    const file = join(world.dir, 'secrets/provider-calendar');
    const old = readFileSync(file);
    canary.secret('client secret', 'another-calendar-secret');
    writeFileSync(file, 'another-calendar-secret');
    canary.place('config reload', (await world.vault.cli('config', 'reload')).stdout);
    const { token_id: id } = take(await world.bot.getToken('calendar', 'ana', READ));
    await world.bot.call('TokenService', 'ReportTokenRejected', { token_id: id, http_status: 401 });
    const error = await world.bot.getToken('calendar', 'ana', READ).catch((caught) => caught);
    assert.equal(error.reason, 'PROVIDER_MISCONFIGURED');
    canary.place('the error of a refresh', { said: error.message, details: error.details });
    writeFileSync(file, old);
    await world.vault.logs('config.reloaded', () => world.vault.signal('SIGHUP'));
    take(await world.bot.getToken('calendar', 'ana', READ));
  });

  test('goes with a person who disconnects, and connects ahead of any agent', async () => {
    const { connection } = take(await world.bot.getToken('calendar', 'ana', READ));
    const person = newPerson();
    let page = await person.visit(`${world.publicUrl}/me`);
    page = await answerProvider(person, await person.follow(page, /^Sign in with /), 'ana');
    const mine = connection.split('/').at(-1);
    assert.ok(page.body.includes(`/me/${mine}/disconnect`), page.body);
    await person.visit(`${world.publicUrl}/me/${mine}`);
    await person.visit(`${world.publicUrl}/me/activity.csv`);
    page = await person.visit(`${world.publicUrl}/me/${mine}/disconnect`);
    page = await person.press(page, 'Disconnect');
    assert.match(page.body, /was told, and ended it too/);
    const session = await world.bot.call('ConnectionService', 'CreateConnectSession', {
      parent: connection.split('/connections/')[0], providers: ['providers/calendar'], scopes: READ, agent: 'agents/bot',
    });
    canary.place('a session', session);
    page = await world.connect(newPerson(), 'ana', session);
    assert.match(page.url, /\/done\//, page.body);
    take(await world.bot.getToken('calendar', 'ana', READ));
  });

  test('goes with what operators ask, and an end', async () => {
    for (const args of [['status', '--deep'], ['key', 'status'], ['connection', 'list'], ['agent', 'list'],
      ['config', 'show'], ['audit', 'tail', '-n', '500']]) {
      const { code, stdout, stderr } = await world.vault.cli(...args, '--format', 'json');
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      canary.place(args.join(' '), stdout + stderr);
    }
    canary.place('/metrics', (await send(`${world.publicUrl}/metrics`, { ca: world.authority.ca })).body);
    canary.placeFiles(world.dir, 'in use');
    await world.vault.stop();
    canary.placeFiles(world.dir, 'after the end');
    canary.place('log', world.vault.log);
  });

  test('was known of every kind, and is nowhere', () => {
    for (const { issuedTokens } of [world.identity, world.provider]) {
      for (const token of issuedTokens) {
        if (!canary.secrets.has(token)) canary.secret('issued token', token);
      }
    }
    assert.deepEqual(new Set(canary.secrets.values()), new Set(['passphrase', 'client secret', 'code', 'state',
      'cookie', 'access token', 'user token', 'workload token', 'issued token']));
    const places = new Set(canary.places.map(([place]) => place));
    for (const place of ['log', 'vault.db at rest', 'vault.db-wal in use', 'vault.db after the end', '/metrics',
      'audit tail -n 500', 'page /me', 'page /account', 'page /done', 'page /go', 'advice', 'a session']) {
      assert.ok(places.has(place), `${place} was not read: ${[...places]}`);
    }
    // The one place of a state is the link to the provider.
    assert.deepEqual(canary.finds((kind, place) => kind === 'state' && place === 'page /go'), []);
  });

  // What is connected already needs no provider: the person allows it here.
  async function answerHere(person, asked) {
    let page = await person.visit(asked.url);
    page = await answerProvider(person, await person.follow(page, /^Sign in with /), 'ana');
    page = await person.press(page, 'Allow');
    assert.match(page.url, /\/done\//, page.body);
  }
});
