// Disks that fail, by strace(1), which answers the daemon's system calls in the
// kernel's place. It becomes the daemon, so kills meet the right process.
//
// While it serves, the daemon writes its files with pwrite64 and fdatasync only
// (and O_DSYNC); fsync is for files that are made. Both ways of syncing are failed
// together, so that it may change its mind.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const WRITES = 'pwrite64,pwritev,write,ftruncate,fallocate';
const SYNCS = 'fsync,fdatasync';
const DATABASE = ['vault.db', 'vault.db-wal'];
const LANDING = ['vault.db.landing'];
const ALL = [...DATABASE, ...LANDING];

// One call fails, or all from one on. For good it is only ever one of the two places
// where an answer can be kept: with both gone, nothing could keep it.
const KINDS = [
  { kind: 'one write says EIO', calls: WRITES, error: 'EIO', files: ALL },
  { kind: 'one write says ENOSPC', calls: WRITES, error: 'ENOSPC', files: ALL },
  { kind: 'one sync says EIO', calls: SYNCS, error: 'EIO', files: ALL, most: 20 },
  { kind: 'one sync says ENOSPC', calls: SYNCS, error: 'ENOSPC', files: ALL, most: 20 },
  { kind: 'disk full for good', calls: WRITES, error: 'ENOSPC', files: DATABASE, forGood: true },
  { kind: 'database broken for good', calls: `${WRITES},${SYNCS}`, error: 'EIO', files: DATABASE, forGood: true },
  { kind: 'slots broken for good', calls: WRITES, error: 'EIO', files: LANDING, forGood: true, most: 4 },
];
// What the busiest thread comes to in a run; `most` where that is less.
const MOST_CALLS = 80;

// Why this machine lets nobody stand between a process and the kernel, or "".
function whyNoBadDisks() {
  const { status, error, stderr } = spawnSync('strace', ['-D', '-qq', '-o', '/dev/null', 'true'],
    { encoding: 'utf8' });
  return status === 0 ? '' : error?.message ?? stderr.trim().split('\n')[0];
}

// A whole part: `tryOne` with each disk, which says whether the disk was met.
export async function throughBadDisks(course, random, size, tryOne) {
  const { score } = course;
  const why = whyNoBadDisks();
  if (why) {
    score.skip(why);
    if (size.form === 'long') score.fail('the long form wants disks that fail');
    return;
  }
  const disks = badDisks(random, size.badDisks);
  let met = 0;
  await course.repeat(disks.length, 'bad disk', async (i) => {
    if (await tryOne(disks[i])) met += 1;
  });
  score.remarks.push(`bad disks: ${met} of ${disks.length} met`);
  if (met < disks.length / 2) score.fail('most bad disks were not met');
}

// Of each kind the first `inTurn` calls in turn, then `byChance` later ones. Each is
// a function of the rig to {launcher, injected}, with its `kind`; `injected` says
// whether any call failed.
function badDisks(random, { inTurn, byChance }) {
  const chances = Array.from({ length: byChance }, () => {
    const one = random.of(KINDS);
    return [one, random.between(1, one.most ?? MOST_CALLS)];
  });
  return [
    ...KINDS.flatMap((one) => Array.from({ length: Math.min(inTurn, one.most ?? inTurn) }, (_, i) => [one, i + 1])),
    ...chances,
  ].map(([one, call]) => Object.assign((rig) => fault(rig, one, call), { kind: one.kind }));
}

// What reaches the database's files, one kind of call at a time: its n-th call fails
// once. As those of `badDisks`.
export const DATABASE_CALLS = { write: WRITES, sync: SYNCS };
export function badCall(calls, error, call) {
  return Object.assign((rig) => fault(rig, { calls, error, files: DATABASE }, call),
    { kind: `each call in turn says ${error}` });
}

// strace counts the calls of each thread by itself.
function fault(rig, { calls, error, files, forGood = false }, call) {
  const trace = join(rig.dir, 'strace');
  rmSync(trace, { force: true });
  return {
    launcher: ['strace', '-D', '-f', '-qq', '-o', trace,
      ...files.flatMap((name) => ['-P', join(rig.vaultDir, name)]),
      '-e', `trace=${calls}`, '-e', 'abbrev=all', '-s', '0',
      '-e', `inject=${calls}:error=${error}:when=${call}${forGood ? '+' : ''}`],
    injected: () => existsSync(trace) && readFileSync(trace, 'latin1').includes('(INJECTED)'),
  };
}
