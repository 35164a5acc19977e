// Where people are sent when they are done: to an address that the agent's configuration
// names letter by letter, or nowhere. Every line of the corpus is tried as a return_uri,
// and in every address of ours from which somebody might hope to be sent on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:https';
import { resolve } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { refusalOf } from '../e2e/support/agent.mjs';
import { linksOf } from '../e2e/support/person.mjs';
import { assertShows, DONE, Evidence } from './evidence.mjs';
import { ASK, Visitors } from './visitors.mjs';

const BACK = 'https://app.example.test/accounts?tab=calendar';
const NAMES = ['return_uri', 'return_to', 'redirect_uri', 'next', 'url', 'c'];
const CORPUS = readFileSync(resolve(import.meta.dirname, '../testdata/open_redirects.txt'), 'utf8')
  .split('\n').filter((line) => line && !line.startsWith('# '));

let visitors;
let world;
// Ana, signed in, the page on which she was told that she is done, and her name here.
let cookie;
let done;
let parent;
before(async () => {
  visitors = await Visitors.start({
    change: (settings) => {
      settings.agents[0].return_uris = [BACK];
      return settings;
    },
  });
  ({ world } = visitors);
  const ana = await visitors.new('ana');
  await ana.connect({ return_uri: BACK });
  [parent] = (await world.bot.getToken('calendar', 'ana', ASK)).token.connection.split('/connections/');
  done = new URL(ana.page.url()).pathname;
  cookie = (await ana.vaultCookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
});
after(() => visitors?.stop());
afterEach(() => visitors.leave());

// GET by the letter: nothing is made of the path before it is sent.
function get(path) {
  return new Promise((answered, fail) => {
    const request = http.get({
      host: 'localhost', port: world.ports.http, ca: world.authority.ca, path, headers: { cookie }, agent: false,
    }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part) => { body += part; });
      response.on('end', () => answered({ status: response.statusCode, headers: response.headers, body }));
    });
    request.on('error', fail);
  });
}

const written = (line) => JSON.parse(`"${line}"`);
// What a request line cannot have in it.
const sendable = (text) => text.replace(/[^\x21-\x7e]/g, (one) => encodeURIComponent(one));

const isOurs = (address) =>
  [world.publicUrl, world.identity.issuer, world.provider.issuer].includes(new URL(address, world.publicUrl).origin);

// No header and no link leads away; the only way out is the registered one.
function assertLeadsNowhere({ headers, body }, line) {
  if (headers.location !== undefined) assert.ok(isOurs(headers.location), `${line} leads to ${headers.location}`);
  assert.equal(headers.refresh, undefined);
  assert.doesNotMatch(body, /http-equiv="refresh"/i);
  for (const { href } of linksOf(body)) {
    assert.ok(isOurs(href) || href.startsWith(`${BACK}&interaction=`), `${line} is linked as ${href}`);
  }
}

describe('nobody is sent on to', () => {
  test('any of at least 200 addresses, each of which is another than the registered one', () => {
    assert.ok(CORPUS.length >= 200, `${CORPUS.length}`);
    assert.equal(new Set(CORPUS.map(written)).size, CORPUS.length);
    assert.ok(!CORPUS.map(written).includes(BACK));
  });

  for (const line of CORPUS) {
    test(line, async () => {
      const address = written(line);
      const evidence = await Evidence.since(world);
      for (const ask of [
        () => world.bot.getToken('calendar', 'ben', ASK, { return_uri: address }),
        () => world.bot.call('ConnectionService', 'CreateConnectSession', {
          parent, providers: ['providers/calendar'], scopes: ASK, agent: 'agents/bot', return_uri: address,
        }),
      ]) {
        const error = await refusalOf(ask());
        assert.equal(error.reason, 'FIELD_INVALID', error.message);
        assert.deepEqual(error.metadata, { field: 'return_uri' });
        assert.ok(!error.message.includes(address), error.message);
      }
      const query = NAMES.map((name) => `${name}=${encodeURIComponent(address)}`).join('&');
      for (const path of ['/me', done, '/signin/default/start', '/signin/default', '/cb/default.calendar', '/nowhere']) {
        assertLeadsNowhere(await get(`${path}?${query}`), line);
      }
      for (const path of [`/${sendable(address)}`, `/c/${sendable(address)}`, `/done/${sendable(address)}`]) {
        assertLeadsNowhere(await get(path), line);
      }
      evidence.assertRedeemed(0);
      await evidence.assertLeaf({ action: 'token.denied', outcome: 'denied', reason: 'FIELD_INVALID' });
      assert.deepEqual(await evidence.leaves('consent.asked'), []);
    });
  }
});

test('a person is sent back to the registered address, whatever the provider’s answer says', async () => {
  await visitors.disconnectAll();
  const ana = await visitors.known('ana');
  const asked = await visitors.ask('ana', { return_uri: BACK });
  const { url } = await ana.fetchCode(asked);
  for (const name of NAMES) url.searchParams.set(name, 'https://evil.test/');
  const visited = [];
  ana.page.on('request', (one) => visited.push(one.url()));
  const evidence = await Evidence.since(world);
  await ana.page.goto(url.href);

  evidence.assertRedeemed(1);
  await assertShows(ana, DONE);
  await evidence.assertLeaf({ action: 'connection.created', outcome: 'ok' });
  const back = await ana.link(/^Back to /).getAttribute('href');
  assert.equal(back, `${BACK}&interaction=${encodeURIComponent(asked.name)}`);
  assert.ok(visited.every((one) => one.startsWith(`${world.publicUrl}/`)), visited.join('\n'));
});
