// The daemon does not start on a database or a root key that is not what it should
// be: it says what is wrong, and leaves both as they are. And what `status --deep`
// finds in a database that looks well at first.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync, copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { footprintOf } from './support/footprint.mjs';
import { run, TOKENVAULTD } from './support/vault.mjs';
import { World } from './support/world.mjs';

const PAGE = 4096;
const said = ({ stderr }) => stderr.split('\n').filter((line) => line && !line.startsWith('{'));
const start = (world) => run(TOKENVAULTD, ['--config', world.vault.config], { timeout: 20_000 });

// Nobody starts: these words, and every file as before. SQLite's own notes beside
// the database are named, and not looked into.
async function refused(world, problem) {
  const before = footprintOf(world.dir, { but: /vault\.db-/ });
  const done = await start(world);
  assert.equal(done.code, 1);
  assert.deepEqual(said(done), [`tokenvaultd: ${problem}`]);
  assert.deepEqual(footprintOf(world.dir, { but: /vault\.db-/ }), before);
}

// The pages of the file that hold the rows of a table.
function pagesOf(database, name) {
  return execFileSync('sqlite3', [database,
    `SELECT pageno FROM dbstat WHERE name = '${name}' AND pagetype = 'leaf'`], { encoding: 'utf8' })
    .split('\n').filter(Boolean).map(Number);
}

describe('a root key', () => {
  let world;
  let key;
  before(async () => {
    world = await World.start();
    await world.vault.stop();
    key = join(world.dir, 'root.key');
  });
  after(() => world?.stop());

  test('that is not there', async () => {
    renameSync(key, `${key}.away`);
    await refused(world, `the root key cannot be used: ${key} is not there`);
    renameSync(`${key}.away`, key);
  });

  test('that others can read', async () => {
    chmodSync(key, 0o644);
    await refused(world, `the root key cannot be used: ${key} has a mode other than 0400; chmod 0400 it`);
    chmodSync(key, 0o400);
  });

  test('of another vault', async () => {
    const other = await World.start();
    copyFileSync(key, `${key}.own`);
    rmSync(key);
    copyFileSync(join(other.dir, 'root.key'), key);
    chmodSync(key, 0o400);
    await other.stop();
    await refused(world, 'the root key cannot be used: wrong passphrase or key file');
    rmSync(key);
    renameSync(`${key}.own`, key);
    chmodSync(key, 0o400);
  });

  test('in its place starts the same vault after all that', async () => {
    await world.vault.start();
    assert.equal((await world.bot.getToken('calendar', 'ana', ['calendar.read'])).outcome, 'consent_required');
  });
});

describe('a passphrase', () => {
  let world;
  let file;
  before(async () => {
    world = await World.start({
      change: (c, { dir }) => {
        file = join(dir, 'passphrase');
        writeFileSync(file, 'correct horse battery staple\n', { mode: 0o400 });
        return { ...c, sections: { seal: { type: 'passphrase', key_file: undefined, passphrase_file: file } } };
      },
    });
    await world.vault.stop();
  });
  after(() => world?.stop());

  const write = (words, mode = 0o400) => {
    rmSync(file);
    writeFileSync(file, words, { mode });
  };

  test('that is wrong opens nothing, and is not repeated', async () => {
    write('correct horse battery stable\n');
    await refused(world, 'the root key cannot be used: wrong passphrase or key file');
  });

  test('that is empty', async () => {
    write('\n');
    await refused(world, `the root key cannot be used: ${file} is empty`);
  });

  test('that others can read', async () => {
    write('correct horse battery staple\n', 0o444);
    await refused(world,
      `the root key cannot be used: ${file} may be read by others; chmod 0400 it`);
  });

  test('that is right starts it', async () => {
    write('correct horse battery staple\n');
    await world.vault.start();
    const { stdout } = await world.vault.cli('status', '--format', 'json');
    assert.equal(JSON.parse(stdout).seal, 'passphrase');
  });
});

describe('a database', () => {
  let world;
  let database;
  let kept;
  before(async () => {
    world = await World.start();
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ['calendar.read']);
    await world.connect(world.person(), 'ana', asked);
    await world.vault.stop();
    database = join(world.dir, 'vault.db');
    // Everything into the one file, and a copy of it.
    execFileSync('sqlite3', [database, 'PRAGMA wal_checkpoint(TRUNCATE);']);
    kept = readFileSync(database);
  });
  after(() => world?.stop());
  afterEach(async () => {
    await world.vault.stop();
    put(kept);
  });

  const put = (bytes) => {
    for (const name of readdirSync(world.dir).filter((one) => /^vault\.db/.test(one))) {
      rmSync(join(world.dir, name));
    }
    writeFileSync(database, bytes, { mode: 0o600 });
  };
  const withNoise = (page, from, size) => {
    const bytes = Buffer.from(kept);
    const at = (page - 1) * PAGE + from;
    for (let i = at; i < at + size; i += 1) bytes[i] ^= 0x5a;
    return bytes;
  };

  // Whatever was there before is there after, byte by byte.
  async function refusedOn(bytes, problem) {
    put(bytes);
    const done = await start(world);
    assert.equal(done.code, 1, done.stderr);
    assert.deepEqual(said(done), [`tokenvaultd: ${problem}`]);
    assert.deepEqual(readFileSync(database), bytes);
  }

  test('that is not there is not made', async () => {
    put(kept);
    rmSync(database);
    const done = await start(world);
    assert.equal(done.code, 1);
    assert.match(said(done)[0], /tokenvault init/);
    assert.ok(!readdirSync(world.dir).includes('vault.db'));
  });

  test('that is somebody\'s notes is neither served nor initialized', async () => {
    const notes = Buffer.from('to do: buy milk\n'.repeat(512));
    await refusedOn(notes, 'not a database of this vault: the file is not a database');
    const made = await world.vault.cli('init', '--config', world.vault.config);
    assert.equal(made.code, 1);
    assert.deepEqual(readFileSync(database), notes);
  });

  test('of another program', async () => {
    const foreign = join(world.dir, 'foreign.db');
    execFileSync('sqlite3', [foreign, 'CREATE TABLE recipe (name TEXT);']);
    const bytes = readFileSync(foreign);
    rmSync(foreign);
    put(bytes);
    const done = await start(world);
    assert.equal(done.code, 1);
    assert.match(said(done)[0], /^tokenvaultd: not a database of this vault/);
    assert.deepEqual(readFileSync(database), bytes);
  });

  test('that others can read', async () => {
    put(kept);
    chmodSync(database, 0o644);
    const done = await start(world);
    assert.equal(done.code, 1);
    assert.deepEqual(said(done), ['tokenvaultd: the database is not safe to use: '
      + `${database} is accessible to other users; run 'chmod 600 ${database}'`]);
  });

  test('whose table is damaged', async () => {
    put(kept);
    const [page] = pagesOf(database, 'connection');
    await refusedOn(withNoise(page, 0, 64), 'the database file is damaged; restore a backup');
  });

  test('whose end is missing', async () => {
    await refusedOn(kept.subarray(0, kept.length - 3 * PAGE), 'the database file is damaged; restore a backup');
  });

  // Such damage is in no page's order, so that a look at every start would miss it.
  test('whose row says something else than its index: status --deep finds it', async () => {
    put(kept);
    const [page] = pagesOf(database, 'connection');
    const at = kept.indexOf('u-', (page - 1) * PAGE);
    assert.ok(at > 0 && at < page * PAGE);
    await world.vault.start();
    const well = await world.vault.cli('status', '--deep', '--format', 'json');
    assert.deepEqual([well.code, JSON.parse(well.stdout).integrity], [0, 'ok']);
    await world.vault.stop();
    put(withNoise(page, (at + 8) % PAGE, 4));
    await world.vault.start();
    assert.equal((await world.vault.cli('status')).code, 0);
    const deep = await world.vault.cli('status', '--deep', '--format', 'json');
    assert.deepEqual([deep.code, JSON.parse(deep.stdout).integrity], [1, 'STORAGE_CORRUPT']);
    const shown = await world.vault.cli('status', '--deep');
    assert.match(shown.stdout, /damaged/);
    assert.match(shown.stdout, /Next: restore the newest good backup/);
  });

  test('that is held by another daemon', async () => {
    put(kept);
    await world.vault.start();
    const done = await start(world);
    assert.equal(done.code, 1);
    assert.deepEqual(said(done), ['tokenvaultd: another process holds the database']);
    assert.equal((await world.vault.cli('status')).code, 0);
  });
});
