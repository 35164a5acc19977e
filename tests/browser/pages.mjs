// Every page of people, once: what it is called, what it says, and how a person gets
// to see it. The tests of all pages read this table, so a page that is added to
// server/web is added here; `templates` is how they know that none was forgotten.
//
//   for (const page of PAGES) {
//     const visitor = await show(page, visitors);
//     …
//     await page.leave?.(visitors);
//   }
import assert from 'node:assert/strict';
import { sql } from '../e2e/support/rows.mjs';
import { SIGN_IN, Visitors } from './visitors.mjs';

const BOTH = ['calendar.read', 'calendar.write'];
const BACK = 'https://app.example.test/accounts';

// A world in which all of them can be seen.
export const startVisitors = () => Visitors.start({
  change: (settings) => {
    settings.tenants[0].name = 'Acme';
    settings.sections = { operators: { groups: ['vault-operators'] } };
    Object.assign(settings.agents[0], { return_uris: [BACK], may_confirm_people: true });
    settings.policies[0].scopes.push('calendar.write');
    // Agents that need a person's word, besides an account.
    for (const id of ['mover', 'payer']) {
      settings.agents.push({
        ...settings.agents[0], id, name: id === 'mover' ? 'Mover Bot' : 'Payer Bot',
        auth: { type: 'mtls', spiffe_id: `spiffe://example.test/agents/${id}` },
      });
      settings.policies.push({
        id: `${id}-asks`, effect: 'require_approval', agent: id, provider: 'calendar',
        scopes: settings.policies[0].scopes, approval: { reach: ['once', 'task', 'hour'] },
      });
    }
    return settings;
  },
});

const ask = (visitors, more) => visitors.ask('ana', more);

// The question of an agent whose grant is gone.
async function askToReconnect(visitors, visitor) {
  await visitor.connect();
  visitors.world.provider.disconnect('ana');
  const asked = await ask(visitors, { min_ttl: { seconds: 590 } });
  assert.equal(asked.kind, 'KIND_RECONNECT');
  return asked;
}

async function meetFault(visitors, visitor, fault) {
  await visitor.open(await ask(visitors));
  visitors.world.provider.faults.order('/token', fault, { times: 3 });
  await visitor.goToProvider();
  await visitor.answer('Allow');
  visitors.world.provider.faults.clear();
}

// Connects the account, or lets another agent use it.
async function letIn(visitor, question) {
  await visitor.open(question);
  if (await visitor.button('Allow').count()) return visitor.press('Allow');
  await visitor.goToProvider();
  return visitor.answer('Allow');
}

// Questions that stay open: an agent may have few of them. Cancelled by `forgetQuestions`.
const asked = [];
let tasks = 0;
// Of an agent that needs a person's word, once it was let in.
async function askApproval(visitors, visitor, { id = 'mover', count = 1 } = {}) {
  const agent = visitors.world.agent(id);
  const questions = [];
  for (let i = 0; i < count; i += 1) {
    const ask = () => agent.getToken('calendar', 'ana', ['calendar.read'], {
      purpose: {
        summary: 'Move the offsite, as Li asked', task_id: `task-${tasks}`,
        details: [{
          type: 'event.move',
          fields: { Title: `Offsite planning ${tasks}`, From: 'Tue 2 Dec, 10:00', To: 'Wed 3 Dec, 10:00', Guests: 'li, omar, pat@rival.example' },
        }],
      },
    });
    tasks += 1;
    let answer = await ask();
    if (answer.outcome === 'consent_required') {
      await letIn(visitor, answer.consent_required);
      answer = await ask();
    }
    assert.equal(answer.outcome, 'approval_required', JSON.stringify(answer));
    questions.push(answer.approval_required);
    asked.push({ agent, name: answer.approval_required.name });
  }
  return questions;
}
async function forgetQuestions() {
  for (const { agent, name } of asked.splice(0)) {
    await agent.call('TokenService', 'CancelInteraction', { name }).catch(() => {});
  }
}
async function openApproval(visitors, visitor) {
  const [question] = await askApproval(visitors, visitor);
  await visitor.open(question);
  return question;
}

const operate = (...command) => async ({ world }) => {
  const done = await world.vault.cli(...command);
  assert.equal(done.code, 0, done.stderr);
};

async function openOperatorPage(visitor) {
  await visitor.goTo('/operator');
  if (await visitor.heading() === SIGN_IN) await visitor.signIn();
}

// `open` brings `visitor`, who is ana unless `login` says otherwise, to the page.
// `status` is 200 if left out.
export const PAGES = [
  {
    name: 'sign-in',
    template: 'sign_in',
    heading: SIGN_IN,
    newcomer: true,
    open: async (visitors, visitor) => visitor.page.goto((await ask(visitors)).url),
  },
  {
    name: 'sign-in-for-my-connections',
    template: 'sign_in',
    heading: SIGN_IN,
    newcomer: true,
    open: (_visitors, visitor) => visitor.goTo('/me'),
  },
  {
    name: 'consent',
    template: 'consent',
    heading: 'Let Calendar Bot use your Test Calendar account?',
    open: async (visitors, visitor) => visitor.open(await ask(visitors, { scopes: BOTH })),
  },
  {
    name: 'consent-confirmed-by-an-application',
    template: 'consent',
    heading: 'Let Calendar Bot use your Test Calendar account?',
    newcomer: true,
    open: async ({ world }, visitor) => {
      const { url, name } = await world.bot.call('ConnectionService', 'CreateConnectSession', {
        parent: 'users/-', subject: { user_id: 'ana' }, providers: ['providers/calendar'],
        scopes: ['calendar.read'], agent: 'agents/bot', return_uri: BACK, app_confirms: true,
      });
      asked.push({ agent: world.bot, name });
      await visitor.page.goto(url);
    },
    leave: forgetQuestions,
  },
  {
    name: 'consent-with-choices',
    template: 'consent',
    heading: 'Let Calendar Bot use your Test Calendar account?',
    open: async (visitors, visitor) => visitor.open(await ask(visitors, {
      optional_scopes: ['calendar.write'], task: 'offsite-7',
    })),
  },
  {
    name: 'done-for-a-task',
    template: 'done',
    heading: /^Done\. Calendar Bot can see your events until /,
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors, { task: 'offsite-7' }));
      await visitor.page.getByRole('radio', { name: 'This task only' }).check();
      await visitor.goToProvider();
      await visitor.answer('Allow');
    },
  },
  {
    name: 'consent-unanswered',
    template: 'consent',
    heading: 'Let Calendar Bot use your Test Calendar account?',
    status: 400,
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors));
      await visitor.page.getByRole('radio').first().press('Enter');
      await visitor.page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'reconnect',
    template: 'consent',
    heading: 'Reconnect your Test Calendar account for Calendar Bot?',
    open: async (visitors, visitor) => visitor.open(await askToReconnect(visitors, visitor)),
  },
  {
    name: 'step-up',
    template: 'consent',
    heading: 'Let Calendar Bot do more with your Test Calendar account?',
    open: async (visitors, visitor) => {
      await visitor.connect();
      await visitor.open(await ask(visitors, { scopes: BOTH }));
    },
  },
  {
    name: 'interstitial',
    template: 'interstitial',
    heading: 'You are going to localhost',
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors));
      await visitor.press('Continue to Test Calendar');
    },
  },
  {
    name: 'done',
    template: 'done',
    heading: /^Done\. Calendar Bot can see your events until /,
    open: (_visitors, visitor) => visitor.connect(),
  },
  {
    name: 'done-with-a-way-back',
    template: 'done',
    heading: /^Done\. Calendar Bot can use your Test Calendar account until /,
    open: (_visitors, visitor) => visitor.connect({ scopes: BOTH, return_uri: BACK }),
  },
  {
    name: 'denied-by-you',
    template: 'denied_by_you',
    heading: 'Calendar Bot was not let in',
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors, { return_uri: BACK }));
      await visitor.press('Don’t allow');
    },
  },
  {
    name: 'denied-at-provider',
    template: 'denied_at_provider',
    heading: 'Test Calendar was told no',
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors));
      await visitor.goToProvider();
      await visitor.answer('Deny');
    },
  },
  {
    name: 'less-granted',
    template: 'less_granted',
    heading: 'Test Calendar gave less than was asked',
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors, { scopes: BOTH }));
      await visitor.goToProvider();
      await visitor.answer('Allow', { without: ['calendar.write'] });
    },
  },
  {
    name: 'wrong-account',
    template: 'wrong_account',
    heading: 'This is another Test Calendar account',
    open: async (visitors, visitor) => {
      const asked = await askToReconnect(visitors, visitor);
      // A browser that the provider does not know.
      await visitor.context.clearCookies({ name: /^(?!__Host-tv)/ });
      await visitor.open(asked);
      await visitor.goToProvider();
      await visitor.answer('Allow', { account: 'ana-home' });
    },
  },
  {
    name: 'link-used',
    template: 'link_used',
    heading: 'This link was used already',
    status: 410,
    open: async (_visitors, visitor) => visitor.page.goto((await visitor.connect()).url),
  },
  {
    name: 'link-expired',
    template: 'link_expired',
    heading: 'This link is too old',
    status: 410,
    open: async (visitors, visitor) => {
      const asked = await ask(visitors);
      visitors.world.setRow('interaction', asked.name.split('/').at(-1), 'expire_time = create_time');
      await visitor.page.goto(asked.url);
    },
  },
  {
    name: 'ended-with-no',
    template: 'link_ended',
    heading: 'This was answered with no',
    status: 410,
    open: async (visitors, visitor) => {
      const asked = await ask(visitors);
      await visitor.open(asked);
      await visitor.press('Don’t allow');
      await visitor.page.goto(asked.url);
    },
  },
  {
    name: 'ended-by-the-agent',
    template: 'link_ended',
    heading: 'This question was taken back',
    status: 410,
    open: async (visitors, visitor) => {
      const asked = await ask(visitors);
      await visitors.world.bot.call('TokenService', 'CancelInteraction', { name: asked.name });
      await visitor.page.goto(asked.url);
    },
  },
  {
    name: 'ended-by-a-check',
    template: 'link_ended',
    heading: 'This link was stopped',
    status: 410,
    open: async (visitors, visitor) => {
      const asked = await ask(visitors);
      const { url, cookie } = await visitor.fetchCode(asked);
      await visitor.context.clearCookies({ name: cookie.name });
      await visitor.page.goto(url.href);
      await visitor.page.goto(asked.url);
    },
  },
  {
    name: 'other-person',
    template: 'other_person',
    heading: 'This link was made for someone else',
    status: 403,
    login: 'ben',
    open: async (visitors, visitor) => visitor.open(await ask(visitors)),
  },
  {
    name: 'provider-down',
    template: 'provider_down',
    heading: 'Test Calendar is not answering',
    status: 502,
    open: (visitors, visitor) => meetFault(visitors, visitor, 'unavailable'),
  },
  {
    name: 'provider-refuses-us',
    template: 'provider_down',
    heading: 'Test Calendar refuses this service',
    status: 502,
    open: (visitors, visitor) => meetFault(visitors, visitor, 'invalid_client'),
  },
  {
    name: 'went-wrong',
    template: 'went_wrong',
    heading: 'Something went wrong',
    status: 403,
    newcomer: true,
    open: (_visitors, visitor) => visitor.goTo('/cb/default.calendar?code=1&state=2'),
  },
  {
    name: 'went-wrong-try-again',
    template: 'went_wrong',
    heading: 'Something went wrong',
    status: 403,
    newcomer: true,
    open: (_visitors, visitor) => visitor.goTo('/signin/default?code=1&state=2'),
  },
  {
    name: 'not-found',
    template: 'not_found',
    heading: 'There is no page here',
    status: 404,
    newcomer: true,
    open: (_visitors, visitor) => visitor.goTo('/nowhere'),
  },
  {
    name: 'my-connections-empty',
    template: 'my_connections',
    heading: 'My connections',
    login: 'ben',
    open: async (_visitors, visitor) => {
      await visitor.goTo('/me');
      if (await visitor.heading() === SIGN_IN) await visitor.signIn();
    },
  },
  {
    name: 'my-connections-full',
    template: 'my_connections',
    heading: 'My connections',
    open: async (visitors, visitor) => {
      // One that ended at the provider, and one that works.
      await askToReconnect(visitors, visitor);
      await visitor.context.clearCookies({ name: /^(?!__Host-tv)/ });
      await visitor.open(await ask(visitors, { min_ttl: { seconds: 590 } }));
      await visitor.goToProvider();
      await visitor.answer('Allow', { account: 'ana-home' });
      await visitor.press('Use ana-home@example.test instead');
      await visitor.goTo('/me');
    },
  },
  {
    name: 'connection',
    template: 'connection',
    heading: 'ana@example.test at Test Calendar',
    open: async (visitors, visitor) => {
      await visitor.connect({ scopes: BOTH });
      await visitors.world.bot.getToken('calendar', 'ana', BOTH, { purpose: { summary: 'Plan the offsite' } });
      await visitor.goTo('/me');
      await visitor.link(/^Details/).click();
    },
  },
  {
    name: 'connection-paused',
    template: 'connection',
    heading: 'ana@example.test at Test Calendar',
    open: async (_visitors, visitor) => {
      await visitor.connect();
      await visitor.goTo('/me');
      await visitor.link(/^Details/).click();
      await visitor.page.getByRole('button', { name: 'Pause' }).click();
    },
  },
  {
    name: 'activity',
    template: 'activity',
    heading: 'Activity',
    open: async (visitors, visitor) => {
      await visitor.connect();
      await visitors.world.bot.getToken('calendar', 'ana', ['calendar.read'], { purpose: { summary: 'Plan the offsite' } });
      await visitor.goTo('/me/activity');
    },
  },
  {
    name: 'disconnect',
    template: 'disconnect',
    heading: 'Disconnect your Test Calendar account?',
    open: async (_visitors, visitor) => {
      await visitor.connect();
      await visitor.goTo('/me');
      await visitor.link(/^Disconnect/).click();
    },
  },
  {
    name: 'stop-everything',
    template: 'stop',
    heading: 'Stop everything?',
    open: async (_visitors, visitor) => {
      await visitor.connect();
      await visitor.goTo('/me/stop');
    },
  },
  {
    name: 'everything-stopped',
    template: 'everything_stopped',
    heading: 'Everything is stopped',
    open: async (visitors, visitor) => {
      await visitor.connect();
      await visitor.goTo('/me/stop');
      visitors.world.provider.faults.order('/token/revocation', 'unavailable', { times: 1 });
      await visitor.press('Stop everything');
      visitors.world.provider.faults.clear();
    },
  },
  {
    name: 'removed',
    template: 'removed',
    heading: 'Your Test Calendar account is disconnected',
    open: async (_visitors, visitor) => {
      await visitor.connect();
      await visitor.goTo('/me');
      await visitor.link(/^Disconnect/).click();
      await visitor.press('Disconnect');
    },
  },
  {
    name: 'undone',
    template: 'removed',
    heading: 'Calendar Bot no longer uses your Test Calendar account',
    open: async (_visitors, visitor) => {
      await visitor.connect({ return_uri: BACK });
      await visitor.press('Undo');
    },
  },
  {
    name: 'approvals',
    template: 'approvals',
    heading: 'Approvals',
    open: async (visitors, visitor) => {
      const [answered] = await askApproval(visitors, visitor);
      await visitor.open(answered);
      await visitor.press('Approve');
      await askApproval(visitors, visitor, { count: 3 });
      await askApproval(visitors, visitor, { id: 'payer', count: 3 });
      await visitor.goTo('/approvals');
    },
    leave: forgetQuestions,
  },
  {
    name: 'approvals-none',
    template: 'approvals',
    heading: 'Approvals',
    login: 'ben',
    open: async (_visitors, visitor) => {
      await visitor.goTo('/me');
      if (await visitor.heading() === SIGN_IN) await visitor.signIn();
      await visitor.goTo('/approvals');
    },
  },
  {
    name: 'approval',
    template: 'approval',
    heading: 'Approve this for Mover Bot?',
    open: openApproval,
    leave: forgetQuestions,
  },
  {
    name: 'approval-unanswered',
    template: 'approval',
    heading: 'Approve this for Mover Bot?',
    status: 400,
    open: async (visitors, visitor) => {
      await openApproval(visitors, visitor);
      await visitor.page.getByRole('radio').first().press('Enter');
      await visitor.page.getByRole('alert').waitFor();
    },
    leave: forgetQuestions,
  },
  {
    name: 'approval-stale-sign-in',
    template: 'approval',
    heading: 'Approve this for Mover Bot?',
    open: async (visitors, visitor) => {
      const question = await openApproval(visitors, visitor);
      sql(visitors.world.dir, 'UPDATE web_session SET auth_time = auth_time - 16 * 60 * 1000000');
      await visitor.page.goto(question.url);
    },
    leave: async ({ world }) => {
      sql(world.dir, 'UPDATE web_session SET auth_time = auth_time + 16 * 60 * 1000000');
      await forgetQuestions();
    },
  },
  {
    name: 'approved',
    template: 'approval_ended',
    heading: 'Mover Bot has a yes',
    open: async (visitors, visitor) => {
      await openApproval(visitors, visitor);
      await visitor.press('Approve');
    },
    leave: forgetQuestions,
  },
  {
    name: 'rejected',
    template: 'approval_ended',
    heading: 'Mover Bot was told no',
    open: async (visitors, visitor) => {
      await openApproval(visitors, visitor);
      await visitor.press('Reject');
    },
    leave: forgetQuestions,
  },
  {
    name: 'approval-expired',
    template: 'approval_ended',
    heading: 'Nobody answered Mover Bot in time',
    open: async (visitors, visitor) => {
      const question = await openApproval(visitors, visitor);
      visitors.world.setRow('interaction', question.name.split('/').at(-1), 'expire_time = create_time');
      await visitor.page.reload();
    },
    leave: forgetQuestions,
  },
  {
    name: 'other-approver',
    template: 'other_person',
    heading: 'This link was made for someone else',
    status: 403,
    login: 'ben',
    open: async (visitors, visitor) => {
      const ana = await visitors.known('ana');
      const [question] = await askApproval(visitors, ana);
      await visitor.open(question);
    },
    leave: forgetQuestions,
  },
  {
    name: 'sign-in-as-operator',
    template: 'sign_in',
    heading: SIGN_IN,
    newcomer: true,
    open: (_visitors, visitor) => visitor.goTo('/operator'),
  },
  {
    name: 'operator',
    template: 'operator',
    heading: 'How the vault is',
    login: 'olga',
    open: async (visitors, visitor) => {
      await (await visitors.known('ana')).connect();
      for (let i = 0; i < 3; i += 1) await visitors.world.bot.getToken('calendar', 'ana', ['calendar.read']);
      await openOperatorPage(visitor);
    },
  },
  {
    name: 'operator-with-work',
    template: 'operator',
    heading: 'How the vault is',
    login: 'olga',
    open: async (visitors, visitor) => {
      const { name } = await askToReconnect(visitors, await visitors.known('ana'));
      asked.push({ agent: visitors.world.bot, name });
      await operate('agent', 'disable', 'payer')(visitors);
      await openOperatorPage(visitor);
    },
    leave: async (visitors) => {
      await forgetQuestions();
      await operate('agent', 'enable', 'payer')(visitors);
    },
  },
  {
    name: 'operator-refused',
    template: 'operator_refused',
    heading: 'This page is for operators',
    status: 403,
    login: 'ben',
    open: (_visitors, visitor) => openOperatorPage(visitor),
  },
  {
    name: 'signed-out',
    template: 'signed_out',
    heading: 'You are signed out',
    open: async (_visitors, visitor) => {
      await visitor.goTo('/me');
      if (await visitor.heading() === SIGN_IN) await visitor.signIn();
      await visitor.press('Sign out');
    },
  },
  {
    name: 'stopped',
    template: 'stopped',
    heading: 'Stopped for now',
    status: 503,
    open: async (visitors, visitor) => {
      await visitor.open(await ask(visitors));
      await operate('lock', '--yes')(visitors);
      await visitor.press('Continue to Test Calendar');
    },
    leave: operate('unlock'),
  },
  {
    name: 'sealed',
    template: 'sealed',
    heading: 'Locked for now',
    status: 503,
    newcomer: true,
    open: async (visitors, visitor) => {
      await operate('seal', '--yes')(visitors);
      await visitor.goTo('/me');
    },
    leave: operate('unseal'),
  },
];

// What a page's own folder has to say it with, but for the frame of them all.
export const templatesOf = (pages) => [...new Set(pages.map(({ template }) => template))].sort();

// Somebody who sees `page`, and nothing left of those before.
export async function show(page, visitors, options) {
  await visitors.leave();
  await visitors.disconnectAll();
  const login = page.login ?? 'ana';
  const visitor = page.newcomer
    ? await visitors.new(login, options) : await visitors.known(login, options);
  await page.open(visitors, visitor);
  await visitor.page.waitForLoadState();
  const heading = await visitor.heading();
  if (page.heading instanceof RegExp) assert.match(heading, page.heading);
  else assert.equal(heading, page.heading);
  assert.equal(visitor.shown.status(), page.status ?? 200);
  return visitor;
}
