// The daemon is killed at every point of a refresh, and the grant outlives it. The
// judge is the authorization server: it rotates refresh tokens, and ends the
// whole grant when one is used twice. Needs a build with TOKENVAULT_FAULTS, as
// the dev preset is.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { once } from 'node:events';
import { run, TOKENVAULTD } from './support/vault.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

// What must happen at the provider for a point to be passed.
const ORDERS = {
  'refresh.before_give_back': 'throttled',
  'refresh.given_back': 'throttled',
  'refresh.before_unknown': 'html',
  'refresh.unknown': 'html',
  'refresh.before_mark': 'invalid_grant',
  'refresh.marked': 'invalid_grant',
};
// The answer had arrived, the provider had rotated, and nothing was written yet:
// what no order of writes can save, and what is said honestly.
const LOST = ['refresh.answer_received', 'refresh.before_land'];
// Marked on the provider's word: the person's turn.
const ENDED = ['refresh.marked'];

const { stdout } = await run(TOKENVAULTD, ['--list-fault-points']);
const POINTS = stdout.split('\n').filter(Boolean);

describe('a refresh that is killed', () => {
  let world;
  before(async () => { world = await World.start(); });
  after(() => world?.stop());

  const ask = () => world.bot.getToken('calendar', 'ana', ASK);

  async function connect() {
    const answer = await ask();
    assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
    const done = await world.connect(world.person(), 'ana', answer.consent_required);
    assert.match(done.url, /\/done\//, done.body);
  }

  // A life that ends at `point`: when it starts, or when a token is asked for.
  async function dieAt(point) {
    await world.vault.stop();
    world.vault.env = { TOKENVAULT_FAULT: `${point}:1` };
    const born = await world.vault.start().then(() => true, () => false);
    world.bot.close();
    if (born) {
      const died = world.vault.exit();
      ask().catch(() => {});
      assert.deepEqual(await died, [null, 'SIGKILL'], point);
    }
    world.vault.env = {};
  }

  async function live() {
    await world.vault.kill();
    await world.vault.start();
    world.bot.close();
  }

  test('knows its points', () => {
    assert.ok(POINTS.length >= 20, `points: ${POINTS}`);
  });

  for (const point of POINTS.filter((one) => one.startsWith('refresh.'))) {
    test(`at ${point}`, async () => {
      if ((await ask()).outcome !== 'token') await connect();
      const order = ORDERS[point];
      if (order) world.provider.faults.order('/token', order);
      const before = world.provider.refreshes().length;
      await dieAt(point);
      world.provider.faults.clear();
      await live();
      const answer = await ask();
      const errors = world.provider.refreshes().slice(before).filter((one) => one.error);
      if (LOST.includes(point) || ENDED.includes(point)) {
        assert.equal(answer.consent_required?.kind, 'KIND_RECONNECT', JSON.stringify(answer));
        const { stdout: list } = await world.vault.cli('connection', 'list', '--format', 'json');
        const reason = LOST.includes(point) ? 'LOST_ROTATION' : 'GRANT_GONE';
        assert.match(list, new RegExp(reason));
        return;
      }
      assert.equal(answer.outcome, 'token', JSON.stringify(answer));
      assert.deepEqual(errors, []);
      const calendar = await world.person().visit(world.provider.calendarUrl,
        { headers: { authorization: `Bearer ${answer.token.access_token}` } });
      assert.equal(calendar.status, 200);
    });
  }

  for (const point of POINTS.filter((one) => one.startsWith('recover.'))) {
    test(`and killed again at ${point}`, async () => {
      if ((await ask()).outcome !== 'token') await connect();
      const before = world.provider.refreshes().length;
      await dieAt('refresh.landed');
      await dieAt(point);
      await live();
      const answer = await ask();
      assert.equal(answer.outcome, 'token', JSON.stringify(answer));
      assert.deepEqual(world.provider.refreshes().slice(before).filter((one) => one.error), []);
    });
  }

  test('left no secret where none may be', () => {
    assert.deepEqual(world.leaks(), []);
  });
});
