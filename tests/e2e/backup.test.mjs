// Backups, from outside: one is made while agents are served, looked at, and put in
// the place of a vault that is lost. The provider ends a whole grant when it is shown
// a refresh token twice: none may be, whatever is restored.
import assert from 'node:assert/strict';
import {
  copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACCOUNTS } from './support/authorization_server.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const PEOPLE = ['hana', 'igor', 'jana', 'karl'];

async function worldOfPeople(options) {
  for (const name of PEOPLE) ACCOUNTS[name] = { name, email: `${name}@example.test` };
  const world = await World.start(options);
  for (const name of PEOPLE) await connect(world, name);
  return world;
}

async function connect(world, name) {
  const { consent_required: asked } = await world.bot.getToken('calendar', name, ASK);
  const done = await world.connect(world.person(), name, asked);
  assert.match(done.url, /\/done\//, done.body);
}

const ask = (world, name) => world.bot.getToken('calendar', name, ASK);
const vaultFiles = (dir) => readdirSync(dir).filter((name) => name.startsWith('vault.db'));
// Refresh tokens that the provider was shown and did not take.
const refused = (world) => world.provider.refreshes().filter((one) => one.status !== 200);

async function cli(world, ...args) {
  const done = await world.vault.cli(...args);
  assert.equal(done.code, 0, `${args.join(' ')}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}
const json = async (world, ...args) => JSON.parse(await cli(world, ...args, '--format', 'json'));

async function nextLife(world) {
  await world.vault.start();
  world.bot.close();
}

describe('a backup', () => {
  let world;
  let place;
  let file;
  before(async () => {
    world = await worldOfPeople({ accessTokenTtl: 2 });
    place = join(world.dir, 'backups');
    mkdirSync(place);
    file = join(place, 'first');
  });
  after(() => world?.stop());

  test('is made while agents are served', async () => {
    const load = { stop: false, tokens: 0, faults: [] };
    const asking = Promise.all(PEOPLE.map(async (name) => {
      while (!load.stop) {
        const answer = await ask(world, name).catch((error) => error);
        if (answer.outcome === 'token') load.tokens += 1;
        else load.faults.push(`${name}: ${answer.message ?? answer.outcome}`);
      }
    }));
    for (const name of ['first', 'second', 'third']) {
      await cli(world, 'backup', 'create', join(place, name));
    }
    load.stop = true;
    await asking;
    assert.deepEqual(load.faults, []);
    assert.ok(load.tokens > 0);
    assert.deepEqual(readdirSync(place).sort(), ['first', 'second', 'third']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(refused(world), []);
  });

  test('is listed until it is forgotten', async () => {
    const { backups } = await json(world, 'backup', 'list');
    assert.deepEqual(backups.map((one) => one.location),
      ['first', 'second', 'third'].map((name) => join(place, name)));
    const third = backups[2].name.replace('backups/', '');
    await cli(world, 'backup', 'forget', third, '--yes');
    assert.equal((await json(world, 'backup', 'list')).backups.length, 2);
    assert.equal((await world.vault.cli('backup', 'forget', third, '--yes')).code, 4);
  });

  test('holds no token, and nobody’s name, in clear', () => {
    const bytes = readFileSync(file, 'latin1');
    for (const secret of world.provider.issuedTokens) assert.ok(!bytes.includes(secret));
    for (const name of PEOPLE) assert.ok(!bytes.includes(`${name}@example.test`));
  });

  test('is opened whole when it is verified', async () => {
    const said = await cli(world, 'backup', 'verify', file);
    const [, records] = /Opened +all of it: \d+ data keys and (\d+) records/.exec(said);
    assert.ok(Number(records) >= PEOPLE.length, said);
    assert.match(said, /Broken +none/);
    const { backups } = await json(world, 'backup', 'list');
    assert.ok(backups[0].verifyTime);
    assert.ok(!backups[1].verifyTime);
    const kinds = (await world.leaves()).map((leaf) => leaf.action);
    assert.equal(kinds.filter((kind) => kind === 'backup.verified').length, 1);
    assert.deepEqual(vaultFiles(world.dir).filter((name) => name.includes('copy')), []);
  });

  test('that is damaged is refused, with another exit code than other faults', async () => {
    const damaged = join(place, 'damaged');
    const bytes = readFileSync(file);
    for (const at of [4, 40, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1;
      writeFileSync(damaged, changed);
      const { code, stderr } = await world.vault.cli('backup', 'verify', damaged);
      assert.equal(code, 6, `${at}: ${stderr}`);
      assert.match(stderr, /this is no backup to rely on: /);
    }
    writeFileSync(damaged, bytes);
    truncateSync(damaged, bytes.length - 1);
    assert.equal((await world.vault.cli('backup', 'verify', damaged)).code, 6);
    const missing = await world.vault.cli('backup', 'verify', join(place, 'none'));
    assert.equal(missing.code, 2);
  });

  test('is written nowhere but where it can be whole', async () => {
    const there = await world.vault.cli('backup', 'create', file);
    assert.equal(there.code, 2);
    assert.match(there.stderr, /exists already/);
    const nowhere = await world.vault.cli('backup', 'create', join(place, 'no', 'folder'));
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /the folder of .* does not exist/);
  });
});

describe('a vault that is lost', () => {
  let world;
  let backup;
  before(async () => {
    world = await worldOfPeople();
    backup = join(world.dir, 'backup');
    await cli(world, 'backup', 'create', backup);
    // After the backup: one is used, and so replaced.
    assert.equal((await ask(world, 'hana')).outcome, 'token');
    await world.vault.stop();
    mkdirSync(join(world.dir, 'lost'));
    for (const name of vaultFiles(world.dir)) {
      renameSync(join(world.dir, name), join(world.dir, 'lost', name));
    }
  });
  after(() => world?.stop());

  test('is restored with its root key alone', async () => {
    const restored = await json(world, 'restore', backup);
    assert.equal(restored.database, join(world.dir, 'vault.db'));
    assert.equal(restored.compared, false);
    assert.equal(Number(restored.connectionsStale), PEOPLE.length);
    assert.equal(Number(restored.connectionsGood), 0);
    await nextLife(world);
    assert.equal((await json(world, 'status', '--deep')).integrity, 'ok');
  });

  test('shows the provider no refresh token that may be replaced', async () => {
    const before = world.provider.refreshes().length;
    for (const name of PEOPLE) {
      const answer = await ask(world, name);
      assert.equal(answer.outcome, 'consent_required', name);
      assert.equal(answer.consent_required.kind, 'KIND_RECONNECT');
    }
    assert.equal(world.provider.refreshes().length, before);
    assert.match(await cli(world, 'connection', 'list'), /RESTORED_STALE/);
  });

  test('serves who connects again', async () => {
    await connect(world, 'hana');
    assert.equal((await ask(world, 'hana')).outcome, 'token');
    const kinds = (await world.leaves()).map((leaf) => leaf.action);
    assert.ok(kinds.includes('backup.restored'));
    assert.deepEqual(refused(world), []);
  });

  test('is not replaced by mistake', async () => {
    const served = await world.vault.cli('restore', backup, '--replace', '--yes');
    assert.equal(served.code, 1);
    assert.match(served.stderr, /another process holds the database/);
    await world.vault.stop();
    const there = await world.vault.cli('restore', backup);
    assert.equal(there.code, 1);
    assert.match(there.stderr, /hint: --replace sets it aside first; nothing was changed/);
    const unasked = await world.vault.cli('restore', backup, '--replace');
    assert.equal(unasked.code, 1);
    assert.match(unasked.stderr, /hint: give --yes/);
    await nextLife(world);
    assert.equal((await ask(world, 'hana')).outcome, 'token');
  });
});

describe('a vault that is put back to a backup', () => {
  let world;
  let backup;
  let restored;
  before(async () => {
    world = await worldOfPeople();
    backup = join(world.dir, 'backup');
    await cli(world, 'backup', 'create', backup);
    // Since then: hana's refresh token was replaced, igor ended it, the others
    // did nothing.
    assert.equal((await ask(world, 'hana')).outcome, 'token');
    const { connections } = await json(world, 'connection', 'list', '--user', 'igor');
    await cli(world, 'connection', 'revoke', connections[0].name, '--yes');
    await world.vault.stop();
    restored = await json(world, 'restore', backup, '--replace', '--yes');
    await nextLife(world);
  });
  after(() => world?.stop());

  test('knows from the one it replaces what happened since', async () => {
    assert.equal(restored.compared, true);
    assert.deepEqual(
      [restored.connectionsGood, restored.connectionsStale, restored.connectionsEnded].map(Number),
      [2, 1, 1]);
    assert.ok(restored.setAside.length > 0);
    const kept = restored.setAside.map((name) => name.slice(world.dir.length + 1));
    for (const name of kept) assert.ok(readdirSync(world.dir).includes(name), name);
  });

  test('serves who did nothing, and nobody else', async () => {
    assert.equal((await ask(world, 'jana')).outcome, 'token');
    assert.equal((await ask(world, 'karl')).outcome, 'token');
    const hana = await ask(world, 'hana');
    assert.equal(hana.outcome, 'consent_required');
    assert.equal(hana.consent_required.kind, 'KIND_RECONNECT');
    const igor = await ask(world, 'igor');
    assert.equal(igor.outcome, 'consent_required');
    assert.equal(igor.consent_required.kind, 'KIND_CONSENT');
    assert.deepEqual(refused(world), []);
  });
});

describe('a vault with a passphrase', () => {
  let world;
  before(async () => {
    world = await World.start({
      change: (c, { dir }) => {
        const file = join(dir, 'passphrase');
        writeFileSync(file, 'correct horse battery staple\n', { mode: 0o400 });
        return { ...c, sections: { seal: { type: 'passphrase', key_file: undefined, passphrase_file: file } } };
      },
    });
  });
  after(() => world?.stop());

  test('is restored with it, though its salt was in the database that is lost', async () => {
    const backup = join(world.dir, 'backup');
    await cli(world, 'backup', 'create', backup);
    await world.vault.stop();
    for (const name of vaultFiles(world.dir)) rmSync(join(world.dir, name));
    await cli(world, 'restore', backup);
    await nextLife(world);
    assert.equal((await json(world, 'status', '--deep')).integrity, 'ok');
    assert.equal((await ask(world, 'ana')).outcome, 'consent_required');
  });
});

describe('an old database put back by hand', () => {
  let world;
  const old = () => join(world.dir, 'old.db');
  before(async () => {
    world = await worldOfPeople();
    await world.vault.stop();
    copyFileSync(join(world.dir, 'vault.db'), old());
    await nextLife(world);
    assert.equal((await ask(world, 'hana')).outcome, 'token');
    await world.vault.stop();
    copyFileSync(old(), join(world.dir, 'vault.db'));
  });
  after(() => world?.stop());

  test('is not served', async () => {
    await assert.rejects(() => world.vault.start(),
      /the database is older than it was: its audit log ends with leaf \d+, and had \d+ already/);
    // Nor the next time.
    await assert.rejects(() => world.vault.start(), /the database is older than it was/);
    assert.deepEqual(refused(world), []);
  });

  test('is served when an operator says so, and shows no token that may be stale', async () => {
    world.vault.args = ['--accept-rollback'];
    await nextLife(world);
    const before = world.provider.refreshes().length;
    for (const name of PEOPLE) {
      assert.equal((await ask(world, name)).outcome, 'consent_required', name);
    }
    assert.equal(world.provider.refreshes().length, before);
    const leaf = (await world.leaves()).find(({ action }) => action === 'vault.rollback_accepted');
    assert.equal(leaf.actor, 'operator');
    assert.match(leaf.detail, /4 stale/);
  });

  test('and accepted once is the database from then on', async () => {
    await world.vault.stop();
    world.vault.args = [];
    await nextLife(world);
    await connect(world, 'hana');
    assert.equal((await ask(world, 'hana')).outcome, 'token');
  });
});

describe('a disk that is full', () => {
  let world;
  before(async () => { world = await worldOfPeople(); });
  after(() => world?.stop());

  const why = () => {
    const { status, error, stderr } = spawnSync('strace', ['-D', '-qq', '-o', '/dev/null', 'true'],
      { encoding: 'utf8' });
    return status === 0 ? '' : error?.message ?? stderr.trim().split('\n')[0];
  };

  test('leaves nothing of a backup behind', { skip: why() || false }, async () => {
    const place = join(world.dir, 'backups');
    mkdirSync(place);
    const file = join(place, 'backup');
    await world.vault.stop();
    // strace fails a call by making it another, which the filter would not let pass.
    world.vault.env = { ...world.vault.env, TOKENVAULT_SERVER_SECCOMP: 'log' };
    world.vault.launcher = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-P', `${file}.partial`,
      '-e', 'trace=write', '-e', 'inject=write:error=ENOSPC:when=2+'];
    await nextLife(world);
    const { code, stderr } = await world.vault.cli('backup', 'create', file);
    assert.equal(code, 2);
    assert.match(stderr, /the disk is full/);
    assert.deepEqual(readdirSync(place), []);
    assert.deepEqual((await json(world, 'backup', 'list')).backups, []);
    // And the vault goes on.
    assert.equal((await ask(world, 'hana')).outcome, 'token');
  });
});
