// The audit log, from outside: it is signed while agents are served, two witnesses see
// it, somebody with an export alone can check it, and who puts an old database back, or
// changes a leaf, is found out.
import assert from 'node:assert/strict';
import {
  copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run, TOKENVAULT } from './support/vault.mjs';
import { Witness } from './support/witness.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const VERIFY = join(dirname(TOKENVAULT), 'tokenvault-audit-verify');
const OK = 0;
const CHECK_FAILED = 6;

// How often the vault looks whether a checkpoint is due: it waits that long here.
async function until(look, what) {
  const late = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < late, `${what} never came`);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
}

describe('the audit log', () => {
  let world;
  let witness;
  let second;
  let folder;
  let archive;
  const cli = (...args) => world.vault.cli(...args);
  const status = async () => JSON.parse((await cli('audit', 'status', '--format', 'json')).stdout);
  const verified = async (...args) => {
    const done = await run(VERIFY, ['--format', 'json', ...args]);
    return { ...done, report: done.stdout && JSON.parse(done.stdout) };
  };
  const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 5000', join(world.dir, 'vault.db'), text],
    { encoding: 'utf8' }).trim();
  const noteFile = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.checkpoint')));

  before(async () => {
    world = await World.start({
      change: async (config, { dir }) => {
        witness = await Witness.start(config.tls, 'witness.test/e2e');
        second = await Witness.start(config.tls, 'second.test');
        folder = join(dir, 'witness');
        archive = join(dir, 'archive');
        mkdirSync(folder);
        mkdirSync(archive);
        return {
          ...config,
          witnesses: [
            { id: 'nas', folder },
            { id: 'notary', url: witness.url, vkey: witness.key },
            { id: 'second', url: second.url, vkey: second.key },
          ],
          sections: { audit: { archive_folder: archive, keep: '90d' } },
        };
      },
    });
    const { consent_required: asked } = await world.bot.getToken('calendar', 'ana', ASK);
    await world.connect(world.person(), 'ana', asked);
    for (let i = 0; i < 20; i += 1) await world.bot.getToken('calendar', 'ana', ASK);
  });
  after(async () => {
    await world?.stop();
    await witness?.stop();
    await second?.stop();
  });

  test('is seen by its witnesses while the vault serves', async () => {
    const log = await until(async () => {
      const now = await status();
      const seen = now.witnesses.map((one) => Number(one.checkpointSize));
      return seen.every((size) => size >= 20) && now;
    }, 'a checkpoint of twenty leaves');
    assert.deepEqual(log.witnesses.map(({ name, problem }) => [name, problem]),
      [['witnesses/nas', ''], ['witnesses/notary', ''], ['witnesses/second', '']]);
    assert.equal(witness.size, Number(log.witnesses[1].checkpointSize));
    // Both signatures stand below the checkpoint, for exports.
    await until(async () => {
      const { checkpoint } = await status();
      return checkpoint.includes('\n\u2014 witness.test/e2e ') && checkpoint.includes('\n\u2014 second.test ');
    }, 'two signatures');
    assert.match(readFileSync(noteFile(), 'utf8'), new RegExp(`^${log.origin}\n\\d+\n`));
  });

  test('is checked by the daemon', async () => {
    const done = await cli('audit', 'verify');
    assert.equal(done.code, OK, done.stdout + done.stderr);
    assert.match(done.stdout, /Not as it was\s+nothing/);
  });

  test('is checked by somebody who has an export, a key and what witnesses keep', async () => {
    const file = join(world.dir, 'export.jsonl');
    const exported = await cli('audit', 'export', '--out', file);
    assert.equal(exported.code, OK, exported.stderr);
    const key = (await cli('audit', 'key')).stdout.trim();
    const { code, stdout, stderr } = await verified('--key', key, '--witnessed', folder, '--witness-key', witness.key, file);
    assert.equal(code, OK, stdout + stderr);
    // Nothing is written over.
    assert.notEqual((await cli('audit', 'export', '--out', file)).code, OK);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"action":"token.granted"', '"action":"token.denied"'));
    assert.equal((await verified('--key', key, file)).code, CHECK_FAILED);
  });

  test('exports a part, whose end no checkpoint is of', async () => {
    const file = join(world.dir, 'part.jsonl');
    const key = (await cli('audit', 'key')).stdout.trim();
    await cli('audit', 'export', '--from', '5', '--to', 'auditEvents/9', '--out', file);
    const { code, stdout } = await verified('--key', key, file);
    assert.equal(code, OK, stdout);
    assert.equal(readFileSync(file, 'utf8').split('\n').filter((line) => line.startsWith('{"action"')).length, 5);
  });

  test('proves one event', async () => {
    const key = (await cli('audit', 'key')).stdout.trim();
    const proof = join(world.dir, 'proof');
    writeFileSync(proof, (await cli('audit', 'prove', '7')).stdout);
    const good = await verified('--key', key, '--proof', proof);
    assert.equal(good.code, OK, good.stdout + good.stderr);
    writeFileSync(proof, readFileSync(proof, 'utf8').replace('index 6', 'index 5'));
    assert.equal((await verified('--key', key, '--proof', proof)).code, CHECK_FAILED);
    assert.notEqual((await cli('audit', 'prove', '999999')).code, OK);
  });

  test('is searched by agent, provider, kind, person and time', async () => {
    const count = async (...args) => (await cli('audit', 'search', '--format', 'json', ...args))
      .stdout.split('\n').filter(Boolean).length;
    const all = await count();
    assert.ok(all >= 25, `${all}`);
    assert.equal(await count('--kind', 'token.granted', '--agent', 'bot', '--provider', 'calendar'), 20);
    assert.equal(await count('--kind', 'token.granted', '--limit', '3'), 3);
    assert.equal(await count('--agent', 'guest'), 0);
    assert.equal(await count('--user', 'ana', '--kind', 'token.granted'), 20);
    assert.equal(await count('--until', '2020-01-01'), 0);
    assert.equal(await count('--since', '1h'), all);
    const bad = await cli('audit', 'search', '--since', 'yesterday');
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /2h/);
  });

  test('moves old leaves to a file, and is checked by both', async () => {
    const before = await status();
    await until(async () => (await status()).witnesses.every((one) => Number(one.checkpointSize) >= 25), 'witnesses');
    const done = await cli('audit', 'archive', '--keep', '0s');
    assert.equal(done.code, OK, done.stdout + done.stderr);
    const [name] = readdirSync(archive);
    assert.match(name, /\.1-\d+\.jsonl$/);
    assert.equal(statSync(join(archive, name)).mode & 0o777, 0o600);
    const after = await status();
    assert.ok(Number(after.size) > Number(before.size));
    assert.equal(after.archives.length, 1);
    assert.equal((await cli('audit', 'verify')).code, OK);
    assert.equal((await cli('status', '--deep')).code, OK);
    // What says which token a row must hold stays.
    assert.equal((await cli('key', 'verify', '--all')).code, OK);
    assert.equal(sql("SELECT count(*) FROM audit WHERE kind IN ('connection.created', 'refresh.succeeded')"), '1');
    // So does the newest leaf.
    assert.ok(Number(sql("SELECT count(*) FROM audit WHERE kind = 'token.granted'")) <= 1);
    const rest = join(world.dir, 'rest.jsonl');
    assert.equal((await cli('audit', 'export', '--out', rest)).code, OK);
    const key = (await cli('audit', 'key')).stdout.trim();
    const both = await verified('--key', key, '--witness-key', witness.key, join(archive, name), rest);
    assert.equal(both.code, OK, both.stdout + both.stderr);
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  test('goes on while a witness is away, and says so', async () => {
    witness.broken = 500;
    for (let i = 0; i < 3; i += 1) await world.bot.getToken('calendar', 'ana', ASK);
    const log = await until(async () => {
      const now = await status();
      return now.witnesses[1].problem && now;
    }, 'a problem');
    assert.equal(log.witnesses[1].problem, 'PROVIDER_ANSWER_INVALID');
    assert.equal((await world.bot.getToken('calendar', 'ana', ASK)).outcome, 'token');
    witness.broken = null;
  });

  test('is not served when its database was put back, whatever lies beside it', async () => {
    await world.vault.stop();
    const old = join(world.dir, 'old.db');
    copyFileSync(join(world.dir, 'vault.db'), old);
    await world.vault.start();
    world.bot.close();
    for (let i = 0; i < 3; i += 1) await world.bot.getToken('calendar', 'ana', ASK);
    await until(async () => {
      const now = await status();
      return now.witnesses.every((one) => Number(one.checkpointSize) >= Number(now.size) - 1);
    }, 'the last leaves');
    await world.vault.stop();
    const { size } = witness;
    const newest = readFileSync(noteFile(), 'utf8');

    copyFileSync(old, join(world.dir, 'vault.db'));
    await assert.rejects(world.vault.start(), /DATABASE_ROLLED_BACK|older than it was/);
    // The thief takes the checkpoint beside the database away, too,
    const beside = join(world.dir, 'vault.db.checkpoint');
    writeFileSync(beside, '');
    await assert.rejects(world.vault.start(), /older than it was/);
    // and the folder's: the other witness is left.
    writeFileSync(noteFile(), '');
    await assert.rejects(world.vault.start(), /older than it was.*notary/s);
    assert.equal(witness.size, size);
    writeFileSync(noteFile(), newest);
  });

  test('is served all the same with an operator’s word, which it keeps', async () => {
    world.vault.args = ['--accept-rollback'];
    await world.vault.start();
    world.bot.close();
    const accepted = (await world.leaves()).filter((leaf) => leaf.action === 'vault.rollback_accepted');
    assert.equal(accepted.length, 1);
    assert.equal((await cli('audit', 'verify')).code, CHECK_FAILED);
    world.vault.args = [];
  });

  test('names a leaf that was changed in the database', async () => {
    await cli('audit', 'verify');
    await world.vault.stop();
    const leaf = sql('SELECT max(sequence) FROM audit');
    sql(`UPDATE audit SET leaf = replace(leaf, 'vault.stopped', 'vault.sealed') WHERE sequence = ${leaf}`);
    world.vault.args = ['--accept-rollback'];
    await world.vault.start();
    const done = await cli('audit', 'verify');
    assert.equal(done.code, CHECK_FAILED);
    assert.match(done.stdout, new RegExp(`auditEvents/${leaf} is not what it was`));
  });
});
