// A caller that goes away never takes a refresh with it: the provider may have
// rotated already. The provider's own count is the judge.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

describe('a refresh whose caller went away', () => {
  let world;
  let held;
  let before_;
  before(async () => {
    world = await World.start();
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    await world.connect(world.person(), 'ana', asked);
  });
  after(() => world?.stop());

  beforeEach(async () => {
    // A new life has no token in memory.
    await world.vault.stop();
    await world.vault.start();
    world.bot.close();
    before_ = world.provider.refreshes().length;
    held = world.provider.faults.hold('/token');
  });
  afterEach(() => {
    held.release();
    world.provider.faults.clear();
  });

  const request = { provider: 'providers/calendar', subject: { user_id: 'ana' }, scopes: ASK };
  const ask = (door, options) => door.call('TokenService', 'GetScopedToken', request, options);
  // What the provider was asked since, good and bad.
  const refreshes = () => world.provider.refreshes().slice(before_).map((one) => one.error ?? 'ok');

  test('by hanging up, goes on for the next one', async () => {
    const gone = new AbortController();
    const first = refusalOf(ask(world.bot, { signal: gone.signal }));
    await held.arrived;
    gone.abort();
    assert.equal((await first).code, 'CANCELLED');
    const next = ask(world.bot);
    held.release();
    const { token } = await next;
    assert.deepEqual(refreshes(), ['ok']);
    const again = await ask(world.bot);
    assert.equal(again.token.token_id, token.token_id);
    assert.deepEqual(refreshes(), ['ok']);
  });

  test('at the JSON door, goes on for the next one', async () => {
    const gone = new AbortController();
    const first = ask(world.jsonDoor('bot'), { signal: gone.signal }).catch((error) => error);
    await held.arrived;
    gone.abort();
    assert.equal((await first).name, 'AbortError');
    const next = ask(world.bot);
    held.release();
    assert.ok((await next).token.access_token);
    assert.deepEqual(refreshes(), ['ok']);
  });

  test('by its own deadline, goes on, and the same request gets the result', async () => {
    const id = '0b7f5a5e-3a52-4c44-9b8e-4f1f6b1a7d11';
    const slow = await refusalOf(world.bot.call('TokenService', 'GetScopedToken',
      { ...request, request_id: id }, { deadline: 700 }));
    assert.equal(slow.code, 'DEADLINE_EXCEEDED');
    await held.arrived;
    const next = world.bot.call('TokenService', 'GetScopedToken', { ...request, request_id: id });
    held.release();
    assert.ok((await next).token.access_token);
    assert.deepEqual(refreshes(), ['ok']);
  });

  test('all of them, goes on, and is on record', async () => {
    const gone = new AbortController();
    const all = [0, 1, 2, 3].map(() => refusalOf(ask(world.bot, { signal: gone.signal })));
    await held.arrived;
    gone.abort();
    assert.deepEqual((await Promise.all(all)).map((one) => one.code), Array(4).fill('CANCELLED'));
    held.release();
    // An orderly end waits for what is under way.
    await world.vault.stop();
    assert.deepEqual(refreshes(), ['ok']);
    await world.vault.start();
    world.bot.close();
    const leaves = await world.leaves();
    const ends = leaves.findLastIndex((leaf) => leaf.action === 'vault.stopped');
    const begins = leaves.findLastIndex((leaf, at) => at < ends && leaf.action === 'vault.started');
    assert.equal(leaves.slice(begins, ends).filter((leaf) => leaf.action === 'refresh.succeeded').length, 1);
    assert.ok((await ask(world.bot)).token.access_token);
    assert.deepEqual(refreshes(), ['ok', 'ok']);
  });
});
