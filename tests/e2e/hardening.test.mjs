// What the operating system shows of the running daemon: its memory is nobody
// else's, alive or dead.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

  test('lets itself do only what serving takes, and gains no right', () => {
    const status = readFileSync(proc('status'), 'utf8');
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.deepEqual(world.vault.events('confined').map(({ outcome }) => outcome), ['kill']);
    // Of every thread.
    for (const thread of readdirSync(proc('task'))) {
      assert.match(readFileSync(proc(`task/${thread}/status`), 'utf8'), /^Seccomp:\t2$/m, thread);
    }
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
    // Nor is it attached to, which is how a debugger would make a core of it.
    const traced = await asUser(NOBODY, `strace -p ${world.vault.pid} -o /dev/null`);
    assert.notEqual(traced.code, 0);
    assert.match(traced.stderr, /Operation not permitted/);
  });

  // With "log" it is looked at and let through; with "off" nobody looks.
  test('says which filter is in force', async () => {
    for (const [was, mode, seccomp] of [['kill', 'log', '2'], ['log', 'off', '0']]) {
      await world.vault.stop();
      const text = readFileSync(world.vault.config, 'utf8');
      writeFileSync(world.vault.config, text.includes('seccomp =')
        ? text.replace(`seccomp = "${was}"`, `seccomp = "${mode}"`)
        : text.replace('[server]', `[server]\nseccomp = "${mode}"`));
      await world.vault.start();
      assert.equal(world.vault.events('confined').at(-1).outcome, mode);
      assert.match(readFileSync(proc('status'), 'utf8'), new RegExp(`^Seccomp:\t${seccomp}$`, 'm'));
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
