// Policy from the configuration to the answer: who, when, from where, how often,
// and what an external decision point makes of it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { DecisionPoint } from './support/decision_point.mjs';
import { signJwt } from './support/jwt.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
// No test runs for half a week.
const OTHER_DAY = DAYS[(new Date().getUTCDay() + 3) % 7];

const connect = async (world, agent = world.bot, user = 'ana') => {
  const { consent_required: question } = await agent.getToken('calendar', user, ASK);
  const done = await world.connect(world.person(), 'ana', question);
  assert.match(done.url, /\/done\//, done.body);
};
const reasonOf = async (call) => (await refusalOf(call)).reason;

describe('a rule', () => {
  let world;
  let rule;
  before(async () => {
    world = await World.start();
    await connect(world);
    rule = 'scopes = ["openid", "email", "calendar.read"]';
  });
  after(() => world?.stop());

  const ask = (more) => world.bot.getToken('calendar', 'ana', ASK, more);
  // Does `work` while the rule has this line more.
  const having = async (line, work) => {
    await world.reconfigure(rule, `${rule}\n${line}`);
    try {
      await work();
    } finally {
      await world.reconfigure(`${rule}\n${line}`, rule);
    }
  };

  test('holds on its days only, from one request to the next', async () => {
    assert.equal((await ask()).outcome, 'token');
    await having(`hours = { days = ["${OTHER_DAY}"], zone = "Europe/Berlin" }`, async () => {
      assert.equal(await reasonOf(ask()), 'POLICY_DENIED');
    });
    const rest = DAYS.filter((day) => day !== OTHER_DAY).map((day) => `"${day}"`).join(', ');
    await having(`hours = { days = [${rest}], zone = "Europe/Berlin" }`, async () => {
      assert.equal((await ask()).outcome, 'token');
      assert.equal((await ask()).outcome, 'token');
    });
  });

  test('holds for callers of its networks only, by both doors', async () => {
    const json = world.jsonDoor('bot');
    await having('networks = ["127.0.0.0/8"]', async () => {
      assert.equal((await ask()).outcome, 'token');
      assert.equal((await json.getToken('calendar', 'ana', ASK)).outcome, 'token');
      // Who says that it was forwarded says that this is not where it is from.
      const forwarded = json.call('TokenService', 'GetScopedToken',
        { provider: 'providers/calendar', subject: { userId: 'ana' }, scopes: ASK },
        { headers: { 'x-forwarded-for': '127.0.0.1' } });
      assert.equal(await reasonOf(forwarded), 'POLICY_DENIED');
    });
    await having('networks = ["10.0.0.0/8"]', async () => {
      assert.equal(await reasonOf(ask()), 'POLICY_DENIED');
      assert.equal(await reasonOf(json.getToken('calendar', 'ana', ASK)), 'POLICY_DENIED');
    });
  });

  test('holds for its persons only', async () => {
    await having('persons = ["ana"]', async () => {
      assert.equal((await ask()).outcome, 'token');
      assert.equal(await reasonOf(world.bot.getToken('calendar', 'ben', ASK)), 'POLICY_DENIED');
    });
  });

  test('lets no token out that lives too long', async () => {
    await having('max_lifetime = "1m"', async () => {
      const error = await refusalOf(ask());
      assert.equal(error.reason, 'PROVIDER_TOKEN_NOT_SHORT_LIVED');
      assert.equal(error.metadata.rule, 'calendars');
    });
    await having('max_lifetime = "1h"', async () => {
      assert.equal((await ask()).outcome, 'token');
    });
  });

  test('that is wrong leaves the old one in force', async () => {
    await world.reconfigure('effect = "allow"', 'effect = "deny"');
    const text = readFileSync(world.vault.config, 'utf8');
    writeFileSync(world.vault.config, text.replace('effect = "deny"', 'effect = "allow"')
      .replace(rule, `${rule}\nhours = { zone = "Nowhere/Land" }`));
    const broken = await world.vault.logs('config.refused', () => world.vault.signal('SIGHUP'));
    assert.equal(broken.reason, 'CONFIG_INVALID');
    assert.equal(await reasonOf(ask()), 'POLICY_DENIED');
  });
});

describe('a budget', () => {
  let world;
  before(async () => {
    world = await World.start({
      change: (c) => {
        // One window for as long as the test runs, but for once a month.
        c.policies[0].budget = { tokens: 3, per: '31d' };
        return c;
      },
    });
    await connect(world);
  });
  after(() => world?.stop());

  const ask = () => world.bot.getToken('calendar', 'ana', ASK);
  const left = async () => {
    const { stdout, stderr } = await world.vault.cli('policy', 'explain', '--agent', 'bot',
      '--provider', 'calendar', '--scopes', ASK[0], '--format', 'json');
    assert.equal(stderr, '');
    return Number(JSON.parse(stdout).budgets[0].left);
  };

  test('is spent token by token, and no restart fills it up', async () => {
    assert.equal(await left(), 3);
    assert.equal((await ask()).outcome, 'token');
    assert.equal((await ask()).outcome, 'token');
    assert.equal(await left(), 1);
    await world.vault.kill();
    await world.vault.start();
    assert.equal(await left(), 1);
    assert.equal((await ask()).outcome, 'token');
    const error = await refusalOf(ask());
    assert.equal(error.reason, 'BUDGET_SPENT');
    assert.equal(error.code, 'RESOURCE_EXHAUSTED');
    assert.equal(error.metadata.rule, 'calendars');
    assert.ok(Number(error.details.RetryInfo.retryDelay.seconds) > 0);
    const [leaf] = await world.leaves(1);
    assert.deepEqual([leaf.action, leaf.reason, leaf.rule],
      ['token.denied', 'BUDGET_SPENT', 'calendars']);
    await world.vault.stop();
    await world.vault.start();
    assert.equal(await reasonOf(ask()), 'BUDGET_SPENT');
    assert.equal(await left(), 0);
  });

  test('is never overdrawn, however many ask at once', async () => {
    await world.reconfigure('tokens = 3', 'tokens = 20');
    const answers = await Promise.allSettled(Array.from({ length: 40 }, ask));
    const given = answers.filter(({ value }) => value?.outcome === 'token').length;
    const refused = answers.filter(({ reason }) => reason?.reason === 'BUDGET_SPENT').length;
    // Three of them are gone already.
    assert.deepEqual([given, refused], [17, 23]);
  });
});

describe('a group', () => {
  let world;
  let guest;
  before(async () => {
    world = await World.start({
      change: (c) => {
        c.tenants[0].groups_claim = 'https://example.test/groups';
        c.policies.push({
          id: 'staff', effect: 'allow', agent: 'guest', provider: 'calendar',
          scopes: ['openid', 'email', 'calendar.read'], groups: ['staff'],
        }, {
          id: 'not-suspended', effect: 'deny', agent: '*', provider: 'calendar', scopes: ['*'],
          groups: ['suspended'],
        });
        return c;
      },
    });
    guest = world.agent('guest');
  });
  after(() => world?.stop());

  // As the identity provider would say it now.
  const ana = (groups) => {
    const now = Math.floor(Date.now() / 1000);
    return {
      token: signJwt({
        iss: world.identity.issuer, aud: 'vault-login', sub: 'ana', iat: now, exp: now + 300,
        ...(groups && { 'https://example.test/groups': groups }),
      }, { key: world.identity.key }),
    };
  };
  const ask = (user) => guest.getToken('calendar', user, ASK);

  test('is believed from the person\'s own token alone', async () => {
    await connect(world, guest, ana(['staff', 'other']));
    assert.equal((await ask(ana(['staff']))).outcome, 'token');
    assert.equal((await ask(ana(['staff']))).outcome, 'token');
    assert.equal(await reasonOf(ask(ana(['other']))), 'POLICY_DENIED');
    assert.equal(await reasonOf(ask(ana([]))), 'POLICY_DENIED');
    assert.equal(await reasonOf(ask(ana())), 'POLICY_DENIED');
    const suspended = await refusalOf(ask(ana(['staff', 'suspended'])));
    assert.equal(suspended.metadata.rule, 'not-suspended');
  });

  test('that is not known denies where a rule would', async () => {
    const error = await refusalOf(world.bot.getToken('calendar', 'ana', ASK));
    assert.equal(error.metadata.rule, 'not-suspended');
  });

  test('is explained', async () => {
    const explain = (...more) => world.vault.cli('policy', 'explain', '--agent', 'guest',
      '--provider', 'calendar', '--scopes', ASK[0], ...more);
    assert.match((await explain('--groups', 'staff')).stdout, /^allow +by rule staff\n/);
    assert.match((await explain('--groups', 'other')).stdout, /^deny .*\n(.*\n)*.*staff +no +groups: in none of/);
    assert.match((await explain()).stdout, /^deny .*\n(.*\n)*.*staff +no +groups: not known/);
  });
});

describe('a decision point', () => {
  let world;
  let point;
  before(async () => {
    world = await World.start({
      change: async (c, built) => {
        point = await DecisionPoint.start(c.tls);
        const tokenFile = join(built.dir, 'decision-point-token');
        writeFileSync(tokenFile, 'pdp-secret', { mode: 0o600 });
        c.sections = {
          decision_point: { url: point.url, timeout: '500ms', token_file: tokenFile },
        };
        return c;
      },
    });
    await connect(world);
  });
  after(async () => {
    await world?.stop();
    await point?.stop();
  });

  const ask = () => world.bot.getToken('calendar', 'ana', ASK);
  const says = (body, status = 200) => { point.answer = () => ({ status, body }); };

  test('has the last word on each token', async () => {
    const before = point.questions.length;
    says({ decision: true });
    assert.equal((await ask()).outcome, 'token');
    says({ decision: false, context: { reason: 'moon' } });
    const error = await refusalOf(ask());
    assert.equal(error.reason, 'POLICY_DENIED');
    assert.equal(error.metadata.rule, 'decision_point');
    const asked = point.questions.slice(before);
    assert.equal(asked.length, 2);
    assert.equal(asked[0].path, '/access/v1/evaluation');
    assert.equal(asked[0].authorization, 'Bearer pdp-secret');
    assert.deepEqual(asked[0].body.subject, { type: 'user', id: 'ana', properties: { tenant: 'default' } });
    assert.deepEqual(asked[0].body.action, { name: 'get_token' });
    assert.equal(asked[0].body.resource.id, 'calendar');
    assert.deepEqual(
      [asked[0].body.context.agent, asked[0].body.context.rule, asked[0].body.context.address],
      ['bot', 'calendars', '127.0.0.1']);
    const [leaf] = await world.leaves(1);
    assert.deepEqual([leaf.rule, leaf.detail], ['decision_point', 'decision_point: no']);
  });

  test('is not asked about what the rules deny', async () => {
    const before = point.questions.length;
    assert.equal(await reasonOf(world.bot.getToken('calendar', 'ana', ['calendar.write'])), 'POLICY_DENIED');
    assert.equal(point.questions.length, before);
  });

  const UNCLEAR = {
    'is not there': [() => ({ status: 503, body: { decision: true } }), 'http_503'],
    'redirects': [() => ({ status: 302, body: { decision: true } }), 'http_302'],
    'says what nobody can read': [() => ({ status: 200, body: '<html>' }), 'not_json'],
    'says nothing': [() => undefined, 'timeout'],
  };
  for (const [which, [answer, problem]] of Object.entries(UNCLEAR)) {
    test(`that ${which} leaves no token to anybody`, async () => {
      point.answer = answer;
      const error = await refusalOf(ask());
      assert.equal(error.reason, 'POLICY_UNAVAILABLE');
      assert.equal(error.code, 'UNAVAILABLE');
      assert.equal(error.metadata.problem, problem);
      says({ decision: true });
      assert.equal((await ask()).outcome, 'token');
    });
  }

  test('leaves its secret nowhere', () => {
    assert.ok(!world.vault.log.includes('pdp-secret'));
    assert.deepEqual(world.leaks(), []);
  });
});
