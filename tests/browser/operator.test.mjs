// The page of operators: who gets to it, who does not, and whether its numbers are
// those of /metrics.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ACCOUNTS } from '../e2e/support/authorization_server.mjs';
import { assertShows, Evidence, SIGN_IN_PAGE } from './evidence.mjs';
import { SIGN_IN, Visitors } from './visitors.mjs';

const PAGE = { status: 200, heading: 'How the vault is' };
const NOT_FOR_YOU = { status: 403, heading: 'This page is for operators' };
const refused = (detail) =>
  ({ action: 'operator.refused', outcome: 'denied', reason: 'CONNECT_REFUSED', detail });
// Digits with spaces between thousands.
const numberOf = (text) => Number(text.replace(/\D/g, ''));

let visitors;
let world;
before(async () => {
  visitors = await Visitors.start({
    tenantIds: ['default', 'other'],
    change: (settings) => {
      const [tenant] = settings.tenants;
      // The same people and the same groups, vouched for in another tenant.
      settings.tenants.push({ ...tenant, id: 'other', name: 'Other' });
      for (const agent of settings.agents) agent.tenant = 'default';
      settings.sections = { operators: { tenant: 'default', groups: ['vault-operators'] } };
      return settings;
    },
  });
  ({ world } = visitors);
});
after(() => visitors?.stop());
afterEach(() => visitors.leave());

const pagesOf = (visitor) => visitor.page.getByRole('navigation').innerText();
const figure = async (visitor, name) => numberOf(await visitor.page
  .locator('.figures > div', { has: visitor.page.getByText(name, { exact: true }) })
  .locator('dd').innerText());

// What /metrics counts of `name`, over all labels that match.
async function counted(name, labels = /./) {
  const { body } = await world.person().visit(`${world.publicUrl}/metrics`);
  return body.split('\n').filter((line) => line.startsWith(`${name}{`) && labels.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('nobody is asked to sign in, and comes back to it', async () => {
  const olga = await visitors.new('olga');
  await olga.goTo('/operator');
  await assertShows(olga, SIGN_IN_PAGE);
  assert.match(await olga.text(), /To show you how the vault is/);
  await olga.signIn();
  assert.equal(new URL(olga.page.url()).pathname, '/operator');
  await assertShows(olga, PAGE);
  assert.match(await pagesOf(olga), /Operator/);
});

test('another address to come back to is not taken', async () => {
  for (const as of ['https://evil.example', '/approvals', 'operators']) {
    const olga = await visitors.new('olga');
    await olga.goTo(`/signin/default/start?as=${encodeURIComponent(as)}`);
    await olga.signInThere();
    await olga.page.waitForURL(`${world.publicUrl}/me`);
    await olga.context.close();
  }
});

test('another person is told that it is for operators, and that is written down', async () => {
  const ana = await visitors.new('ana');
  await ana.goTo('/operator');
  const evidence = await Evidence.since(world);
  await ana.signIn();
  await assertShows(ana, NOT_FOR_YOU);
  assert.doesNotMatch(await ana.page.content(), /Do now|Last hour|Master key|vault-operators/);
  assert.doesNotMatch(await pagesOf(ana), /Operator/);
  await evidence.assertLeaf(refused('groups'));
  await ana.press('Sign out');
  assert.equal(await ana.heading(), 'You are signed out');
});

test('a person of another tenant is none, whatever their groups are called', async () => {
  const olga = await visitors.new('olga');
  await olga.goTo('/signin/other/start?as=operator');
  await olga.signInThere();
  await olga.page.waitForURL((url) => url.href.startsWith(`${world.publicUrl}/`));
  assert.equal(new URL(olga.page.url()).pathname, '/me');
  const evidence = await Evidence.since(world);
  await olga.goTo('/operator');
  await assertShows(olga, NOT_FOR_YOU);
  assert.doesNotMatch(await pagesOf(olga), /Operator/);
  await evidence.assertLeaf(refused('tenant'));
});

for (const scripts of [true, false]) {
  describe(`an operator ${scripts ? 'with' : 'without'} JavaScript`, () => {
    test('sees the numbers of /metrics after real tokens', async () => {
      const ana = await visitors.known('ana', { javaScriptEnabled: scripts });
      await ana.connect({ purpose: 'canary-purpose', task: 'canary-task' });
      for (let i = 0; i < 5; i += 1) {
        const { outcome } = await world.bot.getToken('calendar', 'ana', ['calendar.read'],
          { purpose: { summary: 'canary-purpose', task_id: 'canary-task' } });
        assert.equal(outcome, 'token');
      }
      await world.bot.getToken('calendar', 'ana', ['calendar.write']).catch(() => {});
      const olga = await visitors.new('olga', { javaScriptEnabled: scripts });
      await olga.goTo('/operator');
      if (await olga.heading() === SIGN_IN) await olga.signIn();
      await assertShows(olga, PAGE);
      const of = (outcome) => counted('tokenvault_token_requests_total', new RegExp(`outcome="${outcome}"`));
      assert.equal(await figure(olga, 'Tokens handed out'), await of('token'));
      assert.equal(await figure(olga, 'Consent asked'), await of('consent'));
      assert.equal(await figure(olga, 'Denied'), await of('denied'));
      assert.ok(await figure(olga, 'Denied') > 0);
      assert.equal(await figure(olga, 'Refreshes that worked'),
        await counted('tokenvault_refresh_total', /result="ok"/));
      const bot = olga.page.getByRole('row', { name: /Calendar Bot/ });
      assert.equal(numberOf(await bot.getByRole('cell').nth(0).innerText()), await of('token'));
      assert.equal(numberOf(await bot.getByRole('cell').nth(1).innerText()), 1);
      const calendar = olga.page.getByRole('row', { name: /Test Calendar/ });
      assert.equal(numberOf(await calendar.getByRole('cell').nth(1).innerText()), 1);
      const html = await olga.page.content();
      for (const canary of ['canary', ACCOUNTS.ana.email, ACCOUNTS.ana.name, 'u-']) {
        assert.ok(!html.includes(canary), `the page has ${canary}`);
      }
      assert.deepEqual(olga.complaints, []);
      await visitors.disconnect('ana');
    });
  });
}

test('what to do is said, with the command', async () => {
  const olga = await visitors.new('olga');
  await olga.goTo('/operator');
  await olga.signIn();
  assert.match(await olga.text(), /Nothing\. All is well\./);
  const locked = await world.vault.cli('lock', '--why', 'canary-why', '--yes');
  assert.equal(locked.code, 0, locked.stderr);
  try {
    await olga.link('Look again').click();
    const text = await olga.text();
    assert.match(text, /Everything is stopped/);
    assert.match(text, /tokenvault unlock/);
    assert.doesNotMatch(text, /All is well|canary/);
  } finally {
    assert.equal((await world.vault.cli('unlock')).code, 0);
  }
});

test('without the section there is no such page, from the reload on', async () => {
  const olga = await visitors.new('olga');
  await olga.goTo('/operator');
  await olga.signIn();
  await assertShows(olga, PAGE);
  await world.reconfigure('groups = ["vault-operators"]', 'groups = ["others"]');
  await olga.page.reload();
  await assertShows(olga, NOT_FOR_YOU);
  await world.reconfigure('[operators]\ntenant = "default"\ngroups = ["others"]', '');
  await olga.page.reload();
  await assertShows(olga, { status: 404, heading: 'There is no page here' });
});
