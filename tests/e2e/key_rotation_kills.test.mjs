// The daemon is killed again and again while it moves to a new master key and
// agents get tokens: no data key is lost, and none stays behind.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { ACCOUNTS } from './support/authorization_server.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const PEOPLE = Array.from({ length: 12 }, (_one, i) => `person-${i + 1}`);
const KILLS = 5;
// A row a second, so that a rotation takes longer than any life of the daemon.
const SLOW = ['key', 'rotate', '--rate', '1'];
const LONGEST_LIFE = 1500;

describe('a rotation that is killed', () => {
  let world;
  before(async () => {
    for (const name of PEOPLE) ACCOUNTS[name] = { name, email: `${name}@example.test` };
    // Kills meet refreshes too; where the provider does not rotate, none of them
    // can lose a grant, and whatever is lost here was lost by the keys.
    world = await World.start({ rotate: false });
    for (const name of PEOPLE) {
      const { consent_required: asked } = await world.bot.getToken('calendar', name, ASK);
      const done = await world.connect(world.person(), name, asked);
      assert.match(done.url, /\/done\//, done.body);
    }
  });
  after(() => world?.stop());

  const json = async (...args) => {
    const { code, stdout, stderr } = await world.vault.cli(...args, '--format', 'json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  // Asks for one after another until told to stop; what is refused by a vault
  // that lives is a fault.
  function askOn() {
    const load = { stop: false, tokens: 0, faults: [] };
    load.ended = (async () => {
      for (let i = 0; !load.stop; i += 1) {
        const name = PEOPLE[i % PEOPLE.length];
        const answer = await world.bot.getToken('calendar', name, ASK, {}).catch((error) => error);
        if (answer.outcome === 'token') load.tokens += 1;
        else if (answer.code !== 'UNAVAILABLE' || answer.reason) {
          load.faults.push(`${name}: ${answer.message ?? answer.outcome}`);
        }
      }
    })();
    return load;
  }

  test('any number of times goes on where it was, and ends', async () => {
    const left = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const load = askOn();
      const rotating = world.vault.cli(...SLOW);
      // Any moment will do: that is the point of it.
      await passing(Math.random() * LONGEST_LIFE);
      await world.vault.kill();
      load.stop = true;
      await load.ended;
      assert.deepEqual(load.faults, []);
      assert.notEqual((await rotating).code, 0);
      await world.vault.start();
      world.bot.close();
      left.push(Number((await json('status')).dataKeysOnOlderKeys ?? 0));
    }
    // It stopped on the way, and never went back.
    assert.ok(left.some((count) => count > 0), left.join());
    const moved = left.slice(left.findIndex((count) => count > 0));
    assert.deepEqual(moved, [...moved].sort((a, b) => b - a));

    const load = askOn();
    const ended = await world.vault.cli('key', 'rotate');
    load.stop = true;
    await load.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(load.faults, []);
    assert.ok(load.tokens > 0);
  });

  test('leaves nothing on older keys, and one new key', async () => {
    const status = await json('status');
    assert.equal(Number(status.dataKeysOnOlderKeys ?? 0), 0);
    assert.equal(status.keyGeneration, 2);
    const { keys } = await json('key', 'status');
    const older = keys.filter((one) => one.generation !== 2);
    assert.deepEqual(older.map((one) => Number(one.dataKeys ?? 0)), older.map(() => 0));
    assert.deepEqual(older.map((one) => one.state), older.map(() => 'STATE_RETIRED'));
    const active = keys.find((one) => one.generation === 2);
    assert.equal(active.state, 'STATE_ACTIVE');
    assert.ok(Number(active.dataKeys) >= PEOPLE.length);
    const kinds = (await world.leaves()).map((leaf) => leaf.action);
    assert.equal(kinds.filter((kind) => kind === 'key.activated').length, 1);
    assert.equal(kinds.filter((kind) => kind === 'key.rotated').length, 1);
  });

  test('ends with a proof that holds without the vault, and opens everything', async () => {
    const { stdout: proof, stderr } = await world.vault.cli('key', 'proof');
    const key = /Signed by (\S+)/.exec(stderr)[1];
    const file = join(world.dir, 'proof.txt');
    await writeFile(file, proof);
    const checked = await world.vault.cli('key', 'verify-proof', file, '--key', key);
    assert.equal(checked.code, 0, checked.stderr);
    assert.match(checked.stdout, /generation 2 wraps everything/);
    await writeFile(file, proof.replace('master-key 2', 'master-key 3'));
    assert.equal((await world.vault.cli('key', 'verify-proof', file, '--key', key)).code, 6);

    const opened = await world.vault.cli('key', 'verify', '--all');
    assert.equal(opened.code, 0, opened.stdout + opened.stderr);
    const [, records] = /data keys and (\d+) records/.exec(opened.stdout);
    assert.ok(Number(records) > PEOPLE.length, records);
    assert.match(opened.stdout, /Broken +none/);
    // Too early to be destroyed, and said so.
    const destroyed = await world.vault.cli('key', 'destroy', '1', '--yes');
    assert.equal(destroyed.code, 2);
    assert.match(destroyed.stderr, /retired less than a day ago/);
  });

  test('leaves every connection as good as it was', async () => {
    // A new life has no token in memory: each is opened and refreshed.
    await world.vault.stop();
    await world.vault.start();
    world.bot.close();
    for (const name of PEOPLE) {
      const before = world.provider.refreshes().length;
      const { outcome, token } = await world.bot.getToken('calendar', name, ASK);
      assert.equal(outcome, 'token', name);
      assert.equal(world.provider.refreshes().length, before + 1);
      const events = await world.person().visit(world.provider.calendarUrl,
        { headers: { authorization: `Bearer ${token.access_token}` } });
      assert.equal(JSON.parse(events.body).account, name);
    }
    assert.equal((await json('status', '--deep')).integrity, 'ok');
  });
});
