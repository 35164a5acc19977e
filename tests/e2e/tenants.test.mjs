// Five companies in one vault, each with a person and an agent of its own. Whoever calls,
// whoever is signed in, whatever they name: where agent, person and company do not belong
// together, nothing is had and nothing is changed.
//
// A cell is (agent, person, company): a call by that agent, with the token of that person
// for that company, about what that company has; or a browser in which that person is
// signed in at the agent's company. Of 125 cells five belong together.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signJwt } from './support/jwt.mjs';
import { answerProvider } from './support/person.mjs';
import { World } from './support/world.mjs';

// The first is in the group of operators, in whichever company she signs in.
const PEOPLE = ['olga', 'ben', 'cleo', 'dana', 'emil'];
const ALL = PEOPLE.map((_, i) => i);
const tenantOf = (i) => `company-${i}`;
const spiffe = (id) => `spiffe://example.test/agents/${id}`;
const READ = ['calendar.read'];
const WRITE = ['calendar.write'];
const BASE = ['openid', 'email'];
const BACK = 'https://app.example.test/accounts';

const cells = ALL.flatMap((agent) => ALL.flatMap((person) => ALL.map((company) => ({ agent, person, company }))));
const belong = ({ agent, person, company }) => agent === company && person === company;
// Those that belong together last: what others did to it shows there.
const inOrder = [...cells.filter((cell) => !belong(cell)), ...cells.filter(belong)];
const named = ({ agent, person, company }) => `agent ${agent}, person ${person}, company ${company}`;

let world;
let agents;
let channels;
// What a company has: {connection, user, question, approval}.
const has = [];
const browsers = [];

const tokenOf = (person, company) => {
  const now = Math.floor(Date.now() / 1000);
  return signJwt({
    iss: world.identity.issuer, aud: `app-${company}`, sub: PEOPLE[person], iat: now, exp: now + 300,
  }, { key: world.identity.key });
};
const get = ({ agent, person, company }, scopes, more = {}) =>
  agents[agent].getToken('calendar', { token: tokenOf(person, company) }, scopes, more);
const own = (i) => ({ agent: i, person: i, company: i });

before(async () => {
  world = await World.start({
    tenantIds: ALL.map(tenantOf),
    change: (c) => {
      const [tenant] = c.tenants;
      c.sections = { operators: { tenant: tenantOf(0), groups: ['vault-operators'] } };
      c.tenants = ALL.map((i) => ({ ...tenant, id: tenantOf(i), user_token_audience: `app-${i}` }));
      const agent = (id, i, more) => ({
        id, name: id, tenant: tenantOf(i), auth: { type: 'mtls', spiffe_id: spiffe(id) }, ...more,
      });
      c.agents = ALL.flatMap((i) => [
        agent(`agent-${i}`, i, { may_manage_connections: true, may_confirm_people: true, return_uris: [BACK] }),
        agent(`chat-${i}`, i, { may_relay_approvals: true }),
      ]);
      c.policies = ALL.flatMap((i) => [
        { id: `reads-${i}`, effect: 'allow', agent: `agent-${i}`, provider: 'calendar', scopes: [...BASE, ...READ] },
        { id: `asks-${i}`, effect: 'require_approval', agent: `agent-${i}`, provider: 'calendar', scopes: WRITE },
      ]);
      return c;
    },
  });
  agents = ALL.map((i) => world.agent(`agent-${i}`));
  channels = ALL.map((i) => world.agent(`chat-${i}`));
  for (const company of ALL) {
    browsers.push([]);
    for (const person of ALL) {
      const browser = world.person();
      const page = await browser.visit(`${world.publicUrl}/signin/${tenantOf(company)}/start`);
      const back = await answerProvider(browser, page, PEOPLE[person]);
      assert.match(back.body, /My connections/);
      browsers[company].push(browser);
    }
  }
  for (const i of ALL) {
    const asked = await get(own(i), [...READ, ...WRITE]);
    assert.equal(asked.outcome, 'consent_required', JSON.stringify(asked));
    const done = await world.connect(browsers[i][i], PEOPLE[i], asked.consent_required);
    assert.match(done.url, /\/done\//, done.body);
    const { connections } = await agents[i].call('ConnectionService', 'ListConnections', { parent: 'users/-' });
    assert.equal(connections.length, 1);
    const [, user, , connection] = connections[0].name.split('/');
    const approval = (await get(own(i), WRITE)).approval_required;
    has.push({ user, connection, question: asked.consent_required, approval });
  }
});
after(() => world?.stop());

const connectionName = ({ person, company }) => `users/${has[person].user}/connections/${has[company].connection}`;
const approvalName = ({ person, company }) =>
  `users/${has[person].user}/approvals/${has[company].approval.name.split('/')[1]}`;
const relay = (method, cell, more) => channels[cell.agent].call('ApprovalService', method,
  { user_token: tokenOf(cell.person, cell.company), ...more });
const manage = (method, cell, more) => agents[cell.agent].call('ConnectionService', method, more);

// What the application of a company has once its person came back to it, by company.
const backWith = new Map();
async function comeBack(company) {
  const { name, url } = await manage('CreateConnectSession', own(company), {
    parent: 'users/-', subject: { user_token: tokenOf(company, company) }, providers: ['providers/calendar'],
    scopes: READ, agent: `agents/agent-${company}`, return_uri: BACK, app_confirms: true,
  });
  const page = await world.connect(world.person(), PEOPLE[company], { url },
    { until: (next) => next.startsWith(BACK) });
  return { name, connect_code: new URL(page.url).searchParams.get('connect_code') };
}

// Each call, and by what one knows that it was answered. `noPerson`: it names none.
const CALLS = {
  GetScopedToken: { call: (cell) => get(cell, READ), had: ({ outcome }) => outcome === 'token' },
  ListUsableConnections: {
    call: (cell) => agents[cell.agent].call('TokenService', 'ListUsableConnections',
      { subject: { user_token: tokenOf(cell.person, cell.company) } }),
    had: ({ connections = [] }) => connections.length > 0,
  },
  WaitInteraction: {
    noPerson: true,
    call: ({ agent, company }) => agents[agent].call('TokenService', 'WaitInteraction', { name: has[company].question.name }),
  },
  // Whoever reports a token that was not theirs gets the same advice, and the token stays.
  ReportTokenRejected: {
    noPerson: true,
    call: async ({ agent, company }) => {
      const current = async () => (await get(own(company), READ)).token.token_id;
      const before = await current();
      await agents[agent].call('TokenService', 'ReportTokenRejected', { token_id: before, http_status: 401 });
      return { before, after: await current() };
    },
    had: ({ before, after: now }) => now !== before,
  },
  GetConnection: { call: (cell) => manage('GetConnection', cell, { name: connectionName(cell) }) },
  ListConnections: {
    call: (cell) => manage('ListConnections', cell, { parent: `users/${has[cell.person].user}` }),
    had: ({ connections = [] }, cell) => connections.some(({ name }) => name === connectionName(cell)),
  },
  UpdateConnection: {
    call: (cell) => manage('UpdateConnection', cell, {
      connection: { name: connectionName(cell), account_label: 'renamed' }, update_mask: { paths: ['account_label'] },
    }),
  },
  CreateConnectSession: {
    call: (cell) => manage('CreateConnectSession', cell, {
      parent: `users/${has[cell.person].user}`, providers: ['providers/calendar'], scopes: READ, agent: `agents/agent-${cell.company}`,
    }),
    // A person is known by a name that any company may give: such a link is good for a person
    // of its own, whom nobody is.
    alsoHad: ({ agent, company }) => agent === company,
  },
  'CreateConnectSession for whom a token names': {
    call: (cell) => manage('CreateConnectSession', cell, {
      parent: 'users/-', subject: { user_token: tokenOf(cell.person, cell.company) },
      providers: ['providers/calendar'], scopes: READ, agent: `agents/agent-${cell.company}`,
    }),
    // Of a company, whoever it is: that one is the link for.
    alsoHad: ({ agent, company }) => agent === company,
  },
  CompleteConnect: {
    call: async (cell) => {
      const { agent, person, company } = cell;
      if (!backWith.has(company)) backWith.set(company, await comeBack(company));
      const held = backWith.get(company);
      // Whom the code was given to has used it up, whoever they bring.
      if (agent === company) backWith.delete(company);
      return manage('CompleteConnect', cell, { ...held, user_token: tokenOf(person, company) });
    },
  },
  GetApproval: { call: (cell) => relay('GetApproval', cell, { name: approvalName(cell) }) },
  ListApprovals: {
    call: (cell) => relay('ListApprovals', cell, { parent: 'users/-' }),
    had: ({ approvals = [] }, cell) => approvals.some(({ name }) => name === approvalName(cell)),
  },
  DecideApproval: {
    call: (cell) => relay('DecideApproval', cell, {
      name: approvalName(cell), user_code: has[cell.company].approval.user_code,
      decision: 'DECISION_APPROVE', reach: 'REACH_ONCE',
    }),
  },
  RevokeConnection: { call: (cell) => manage('RevokeConnection', cell, { name: connectionName(cell) }) },
  // Without a connection there is a question to cancel.
  CancelInteraction: {
    noPerson: true,
    call: async ({ agent, company }) => {
      const { consent_required: asked } = await get(own(company), READ);
      return agents[agent].call('TokenService', 'CancelInteraction', { name: asked.name });
    },
  },
};

// "200 Heading" of what a browser is shown.
const shown = ({ status, body }) => `${status} ${/<h1>([^<]*)</.exec(body)?.[1] ?? ''}`;
const visit = ({ agent, person }, path) => browsers[agent][person].visit(new URL(path, world.publicUrl).href);

const PAGES = {
  'a connection': { path: ({ company }) => `/me/${has[company].connection}`, others: /^404 / },
  'how to disconnect it': { path: ({ company }) => `/me/${has[company].connection}/disconnect`, others: /^404 / },
  'its activity as CSV': { path: ({ company }) => `/me/${has[company].connection}/activity.csv`, others: /^404 / },
  'how a question ended': { path: ({ company }) => `/done/${has[company].question.name.split('/')[1]}`, others: /^404 / },
  'an approval': { path: ({ company }) => has[company].approval.url, others: /^403 This link was made for someone else$/ },
};
// Pages of one's own: they show the account to whom it belongs.
const LISTS = ['/me', '/me/activity', '/approvals'];

describe('pages of five companies', () => {
  for (const [what, { path, others }] of Object.entries(PAGES)) {
    test(`${what} is shown to whom it belongs`, async () => {
      for (const cell of inOrder) {
        const page = await visit(cell, path(cell));
        if (belong(cell)) assert.equal(page.status, 200, `${named(cell)}: ${shown(page)}`);
        else assert.match(shown(page), others, named(cell));
      }
    });
  }

  for (const path of LISTS) {
    test(`${path} lists what belongs to whom looks`, async () => {
      for (const agent of ALL) {
        for (const person of ALL) {
          const page = await visit({ agent, person }, path);
          assert.equal(page.status, 200);
          const theirs = page.body.includes(path === '/approvals' ? has[agent].approval.url.split('/').at(-1) : 'Test Calendar');
          assert.equal(theirs, agent === person, `person ${person} at company ${agent}`);
        }
      }
    });
  }

  test('how the vault is, is shown to who operates it', async () => {
    for (const agent of ALL) {
      for (const person of ALL) {
        const operates = agent === 0 && person === 0;
        assert.equal(shown(await visit({ agent, person }, '/operator')),
          operates ? '200 How the vault is' : '403 This page is for operators', `person ${person} at company ${agent}`);
      }
    }
  });

  test('a question is opened by whom it was asked, and ended by anybody else', async () => {
    for (const cell of inOrder) {
      await agents[cell.company].call('ConnectionService', 'UpdateConnection', {
        connection: { name: connectionName({ person: cell.company, company: cell.company }), agents: [] },
        update_mask: { paths: ['agents'] },
      });
      const asked = await get(own(cell.company), READ);
      assert.equal(asked.outcome, 'consent_required', JSON.stringify(asked));
      const page = await visit(cell, asked.consent_required.url);
      if (!belong(cell)) {
        assert.equal(shown(page), '403 This link was made for someone else', named(cell));
        const { state } = await agents[cell.company].call('TokenService', 'WaitInteraction',
          { name: asked.consent_required.name });
        assert.equal(state, 'STATE_REFUSED', named(cell));
        continue;
      }
      assert.equal(page.status, 200, shown(page));
      const done = await browsers[cell.agent][cell.person].press(page, 'Allow');
      assert.match(done.url, /\/done\//);
    }
  });
});

describe('calls of five companies', () => {
  for (const [method, { call, had = () => true, noPerson, alsoHad = () => false }] of Object.entries(CALLS)) {
    test(`${method} answers those that belong together`, async () => {
      let answered = 0;
      for (const cell of inOrder) {
        if (noPerson && cell.person !== cell.company) continue;
        const answer = await call(cell).catch((error) => error);
        const got = !(answer instanceof Error) && had(answer, cell);
        if (!belong(cell) && alsoHad(cell)) continue;
        assert.equal(got, belong(cell), `${named(cell)}: ${answer.message ?? JSON.stringify(answer)}`);
        answered += got;
      }
      assert.equal(answered, ALL.length);
    });
  }
});
