// The daemon is killed at every point of an erasure, and of replacing data keys:
// running it again ends it, nothing of the person is left, and nobody else loses
// anything. Needs a build with TOKENVAULT_FAULTS, as the dev preset is.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACCOUNTS } from './support/authorization_server.mjs';
import { blobs, filesWith, sql } from './support/rows.mjs';
import { run, TOKENVAULTD } from './support/vault.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const { stdout: listed } = await run(TOKENVAULTD, ['--list-fault-points']);
const pointsOf = (what) => listed.split('\n').filter((point) => point.startsWith(`${what}.`));

describe('what an operator does with people', () => {
  let world;
  before(async () => {
    world = await World.start();
    await connect('other');
  });
  after(() => world?.stop());

  async function connect(name) {
    ACCOUNTS[name] = { name, email: `${name}@example.test` };
    const { consent_required: asked } = await world.bot.getToken('calendar', name, ASK);
    const done = await world.connect(world.person(), name, asked);
    assert.match(done.url, /\/done\//, done.body);
  }

  // The daemon dies at `point` of what these words ask for, and starts again.
  async function dieAt(point, ...words) {
    await world.vault.stop();
    world.vault.env = { TOKENVAULT_FAULT: `${point}:1` };
    await world.vault.start();
    const died = world.vault.exit();
    const cut = await world.vault.cli(...words);
    assert.deepEqual(await died, [null, 'SIGKILL'], point);
    assert.notEqual(cut.code, 0, point);
    world.vault.env = {};
    await world.vault.kill();
    await world.vault.start();
    world.bot.close();
  }

  async function servesTheOther() {
    assert.equal((await world.bot.getToken('calendar', 'other', ASK)).outcome, 'token');
    const verified = await world.vault.cli('key', 'verify', '--all');
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  }

  test('has points to be killed at', () => {
    assert.ok(pointsOf('erase').length >= 4, listed);
    assert.ok(pointsOf('reseal').length >= 2, listed);
  });

  for (const point of pointsOf('erase')) {
    test(`is erased by running it again after ${point}`, async () => {
      const name = point.replace(/\W/g, '-');
      await connect(name);
      const { stdout } = await world.vault.cli('connection', 'list', '--user', name, '--format', 'json');
      const user = JSON.parse(stdout).connections[0].name.split('/')[1];
      const [[wrapped], [sealed]] = [
        ...blobs(world.dir, `SELECT hex(wrapped) FROM dek WHERE subject='${user}'`),
        ...blobs(world.dir, `SELECT hex(sealed_refresh_token) FROM connection WHERE user='${user}'`)];
      await dieAt(point, 'user', 'erase', name, '--yes');
      const again = await world.vault.cli('user', 'erase', name, '--yes');
      assert.equal(again.code, 0, again.stdout + again.stderr);
      for (const one of [wrapped, sealed, Buffer.from(user)]) {
        assert.deepEqual(filesWith(world.dir, one), [], point);
      }
      await servesTheOther();
    });
  }

  for (const point of pointsOf('reseal')) {
    test(`goes on replacing data keys after ${point}`, async () => {
      const keys = () => sql(world.dir, "SELECT hex(dek_id) FROM dek WHERE tenant='default'");
      const old = keys();
      await dieAt(point, 'key', 'rotate-dek', '--tenant', 'default');
      await servesTheOther();
      const again = await world.vault.cli('key', 'rotate-dek', '--tenant', 'default');
      assert.equal(again.code, 0, again.stdout + again.stderr);
      assert.deepEqual(keys().filter((id) => old.includes(id)), []);
      await servesTheOther();
    });
  }
});
