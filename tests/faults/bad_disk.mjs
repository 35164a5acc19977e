// Disks that fail, by strace(1), which answers the daemon's system calls in the
// kernel's place. It becomes the daemon, so kills meet the right process.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ONCE = [['pwrite64', 'EIO'], ['pwrite64', 'ENOSPC'], ['fdatasync', 'EIO']];
const WRITES = 'pwrite64,ftruncate,fallocate';

// Why this machine lets nobody stand between a process and the kernel, or "".
export function whyNoBadDisks() {
  const { status, error, stderr } = spawnSync('strace', ['-D', '-qq', '-o', '/dev/null', 'true'],
    { encoding: 'utf8' });
  return status === 0 ? '' : error?.message ?? stderr.trim().split('\n')[0];
}

// For one run: the N-th such call of each thread fails, by itself or with all that
// come after it. For a disk that is full for good, the slots where answers land are
// there already and can be written. `injected` says whether any call failed.
export function badDisk(random, rig) {
  const call = random.between(1, 80);
  if (random.onceIn(4)) {
    const database = ['vault.db', 'vault.db-wal'].map((name) => join(rig.vaultDir, name));
    return fault(rig, 'disk full for good', WRITES, 'ENOSPC', `${call}+`, database);
  }
  const [calls, error] = random.of(ONCE);
  return fault(rig, `one ${calls} says ${error}`, calls, error, call);
}

function fault(rig, name, calls, error, when, paths = []) {
  const trace = join(rig.dir, 'strace');
  rmSync(trace, { force: true });
  return {
    name,
    launcher: ['strace', '-D', '-f', '-qq', '-o', trace, ...paths.flatMap((path) => ['-P', path]),
      '-e', `trace=${calls}`, '-e', 'abbrev=all', '-s', '0',
      '-e', `inject=${calls}:error=${error}:when=${when}`],
    injected: () => existsSync(trace) && readFileSync(trace, 'latin1').includes('(INJECTED)'),
  };
}
