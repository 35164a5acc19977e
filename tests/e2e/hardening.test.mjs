// What the operating system shows of the running daemon: its memory is nobody
// else's, alive or dead.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run, TOKENVAULTD } from './support/vault.mjs';
import { World } from './support/world.mjs';

// Somebody without rights, who is not the daemon's user either.
const NOBODY = 65534;
const isRoot = process.getuid() === 0;

describe('the daemon\'s process', () => {
  let world;
  before(async () => { world = await World.start(); });
  after(() => world?.stop());

  const proc = (name, pid = world.vault.pid) => `/proc/${pid}/${name}`;
  const asUser = (uid, script) => run('setpriv',
    ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', 'sh', '-c', script]);

  test('leaves no core: the limit is zero, for good', () => {
    const [line] = readFileSync(proc('limits'), 'utf8').split('\n')
      .filter((one) => one.startsWith('Max core file size'));
    assert.match(line, /^Max core file size +0 +0 +bytes/);
  });

  test('makes files that are its user\'s alone', () => {
    assert.match(readFileSync(proc('status'), 'utf8'), /^Umask:\t0077$/m);
    for (const name of readdirSync(world.dir).filter((one) => /^(vault\.db|root\.key)/.test(one))) {
      assert.equal(statSync(join(world.dir, name)).mode & 0o077, 0, name);
    }
  });

  // Of a process that may be dumped, /proc belongs to its user; of one that may
  // not, to root, and its user can read no memory. So it takes a daemon of
  // another user than root to see it.
  test('is closed to its own user', { skip: !isRoot && 'needs root, to be another user' }, async () => {
    await world.vault.stop();
    // The other user may not reach where it was built.
    world.vault.binary = join(world.dir, 'tokenvaultd');
    copyFileSync(TOKENVAULTD, world.vault.binary);
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, world.dir]);
    world.vault.launcher = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
    await world.vault.start();
    assert.match(readFileSync(proc('status'), 'utf8'), new RegExp(`^Uid:\\t${NOBODY}\\t`, 'm'));
    assert.equal(statSync(proc('mem')).uid, 0);
    assert.equal(statSync(proc('environ')).uid, 0);
    // As it is not with any other process of that user.
    const any = await asUser(NOBODY, 'stat -c %u /proc/$$/mem && head -c 1 /proc/$$/maps >/dev/null');
    assert.deepEqual([any.code, any.stdout], [0, `${NOBODY}\n`], any.stderr);
    for (const name of ['mem', 'maps', 'environ']) {
      const tried = await asUser(NOBODY, `head -c 1 ${proc(name)}`);
      assert.notEqual(tried.code, 0, name);
      assert.match(tried.stderr, /Permission denied/, name);
      assert.equal(tried.stdout, '', name);
    }
  });

  test('leaves no core when it aborts', async () => {
    const { pid } = world.vault;
    const cores = () => [process.cwd(), world.dir].flatMap((dir) => readdirSync(dir))
      .filter((one) => /^core/.test(one));
    const before = cores();
    const died = world.vault.exit();
    world.vault.signal('SIGABRT');
    assert.deepEqual(await died, [null, 'SIGABRT']);
    assert.deepEqual(cores(), before);
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
    if (pattern.startsWith('/')) {
      const dir = join(pattern, '..');
      assert.deepEqual(readdirSync(dir).filter((one) => one.includes(String(pid))), []);
    }
    await world.vault.start();
  });
});
