// The way back: from the last page to the application that asked, which learns
// there which question was answered, and from the vault how.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { answerProvider, linksOf } from './support/person.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const BACK = 'https://app.example.test/accounts?tab=calendar';

describe('a person who was sent by an application', () => {
  let world;
  before(async () => {
    world = await World.start({
      change: (c) => {
        c.agents[0].return_uris = [BACK];
        return c;
      },
    });
  });
  after(() => world?.stop());

  const ask = async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK, { return_uri: BACK });
    assert.equal(answer.outcome, 'consent_required');
    return answer.consent_required;
  };
  const wayBack = (page) => linksOf(page.body).find(({ label }) => /^Back to /.test(label));
  // What the application finds in the address that the browser comes with.
  const assertLeadsBack = (page, asked) => {
    const link = wayBack(page);
    assert.equal(link?.label, 'Back to Calendar Bot', page.body);
    const url = new URL(link.href);
    assert.equal(`${url.origin}${url.pathname}`, 'https://app.example.test/accounts');
    assert.deepEqual([...url.searchParams], [['tab', 'calendar'], ['interaction', asked.name]]);
  };
  const heard = (asked) => world.bot.call('TokenService', 'WaitInteraction', { name: asked.name });

  test('and says no to us, is led back, and the application hears no', async () => {
    const asked = await ask();
    const person = world.person();
    let page = await person.visit(asked.url);
    page = await answerProvider(person, await person.follow(page, /^Sign in with /), 'ana');
    page = await person.press(page, 'Don’t allow');
    assertLeadsBack(page, asked);
    assert.equal((await heard(asked)).state, 'STATE_DENIED');
  });

  test('and says no to the provider, is led back, and the application hears no', async () => {
    const asked = await ask();
    const page = await world.connect(world.person(), 'ana', asked, { answer: 'Deny' });
    assertLeadsBack(page, asked);
    assert.equal((await heard(asked)).denial_reason, 'PROVIDER_DENIED');
  });

  test('and connects, is led back, and the application gets its token', async () => {
    const asked = await ask();
    const page = await world.connect(world.person(), 'ana', asked);
    assert.match(page.url, /\/done\//);
    assertLeadsBack(page, asked);
    assert.equal((await heard(asked)).state, 'STATE_COMPLETED');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('by a session that the application made, is led back too', async () => {
    const { token } = await world.bot.getToken('calendar', 'ana', ASK);
    const [parent] = token.connection.split('/connections/');
    await world.bot.call('ConnectionService', 'RevokeConnection', { name: token.connection });
    const session = await world.bot.call('ConnectionService', 'CreateConnectSession', {
      parent, providers: ['providers/calendar'], scopes: ASK, agent: 'agents/bot', return_uri: BACK,
    });
    const page = await world.connect(world.person(), 'ana', session);
    const link = wayBack(page);
    assert.ok(link, page.body);
    const asked = new URL(link.href).searchParams.get('interaction');
    assertLeadsBack(page, { name: asked });
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('is led nowhere when the application did not say where', async () => {
    const answer = await world.bot.getToken('calendar', 'ben', ASK);
    const page = await world.connect(world.person(), 'ben', answer.consent_required);
    assert.match(page.url, /\/done\//, page.body);
    assert.equal(wayBack(page), undefined);
  });

  for (const address of ['https://app.example.test/accounts', `${BACK}&more=1`, `${BACK}#top`,
    'https://evil.example.test/accounts?tab=calendar', 'javascript:alert(1)']) {
    test(`is never led to ${address}`, async () => {
      const error = await refusalOf(world.bot.getToken('calendar', 'ana', ASK, { return_uri: address }));
      assert.equal(error.reason, 'FIELD_INVALID');
      assert.deepEqual(error.metadata, { field: 'return_uri' });
    });
  }
});
