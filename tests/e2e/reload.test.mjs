// The configuration is read again while the daemon serves: all of it, or nothing.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

describe('a configuration that changed', () => {
  let world;
  let good;
  let denying;
  before(async () => {
    world = await World.start();
    good = readFileSync(world.vault.config, 'utf8');
    denying = good.replace('effect = "allow"', 'effect = "deny"');
    assert.notEqual(denying, good);
  });
  after(() => world?.stop());

  const write = (text) => writeFileSync(world.vault.config, text);
  const hangup = (event) => world.vault.logs(event, () => world.vault.signal('SIGHUP'));
  const status = async () => JSON.parse((await world.vault.cli('status', '--format', 'json')).stdout);
  const reloads = async () => (await world.leaves()).filter((leaf) => leaf.action === 'config.reloaded');
  const isAllowed = async () => {
    const answer = await world.bot.getToken('calendar', 'ana', ASK).catch((error) => error);
    return answer.outcome === 'consent_required';
  };

  const BAD = {
    'with an unknown key': () => write(denying.replace('http_listen =', 'http_listn =')),
    'that is no TOML': () => write(`${denying}\n[[policies`),
    'that is empty': () => write(''),
    'whose secret went away': () => {
      write(denying);
      const secret = join(world.dir, 'secrets/provider-calendar');
      renameSync(secret, `${secret}.away`);
    },
  };
  for (const [which, make] of Object.entries(BAD)) {
    test(`${which} leaves the old one in force, by signal and by command`, async () => {
      const before = await status();
      make();
      const refused = await hangup('config.refused');
      assert.equal(refused.reason, 'CONFIG_INVALID');
      const command = await world.vault.cli('config', 'reload');
      assert.equal(command.code, 1, command.stdout + command.stderr);
      assert.ok(await isAllowed());
      const now = await status();
      assert.equal(now.configGeneration, before.configGeneration);
      assert.equal(now.configChangedOnDisk, true);
      assert.deepEqual(await reloads(), []);
    });
  }

  test('and is good is in force at once, and on record', async () => {
    renameSync(join(world.dir, 'secrets/provider-calendar.away'), join(world.dir, 'secrets/provider-calendar'));
    write(denying);
    const before = await status();
    await hangup('config.reloaded');
    const error = await refusalOf(world.bot.getToken('calendar', 'ana', ASK));
    assert.equal(error.reason, 'POLICY_DENIED');
    const now = await status();
    assert.notEqual(now.configGeneration, before.configGeneration);
    assert.notEqual(now.configChangedOnDisk, true);
    const [leaf, ...more] = await reloads();
    assert.deepEqual([leaf.actor, leaf.detail, more],
      ['signal', `generation ${now.configGeneration}`, []]);
  });

  test('and is good again', async () => {
    write(good);
    assert.equal((await world.vault.cli('config', 'reload')).code, 0);
    assert.ok(await isAllowed());
  });
});
