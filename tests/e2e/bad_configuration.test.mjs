// The daemon does not start with a configuration that is not good: it says what to
// write instead, and touches nothing.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { footprintOf } from './support/footprint.mjs';
import { run, TOKENVAULT, TOKENVAULTD } from './support/vault.mjs';
import { World } from './support/world.mjs';

// Not what the daemon logs: what it tells whoever started it.
const said = ({ stderr }) => stderr.split('\n').filter((line) => line && !line.startsWith('{'));

describe('a configuration', () => {
  let world;
  let good;
  let secret;
  before(async () => {
    world = await World.start();
    await world.vault.stop();
    good = readFileSync(world.vault.config, 'utf8');
    secret = join(world.dir, 'secrets/provider-calendar');
  });
  after(() => world?.stop());
  afterEach(() => {
    writeFileSync(world.vault.config, good);
    chmodSync(secret, 0o600);
  });

  const daemon = (...args) => run(TOKENVAULTD, ['--config', world.vault.config, ...args]);
  const write = (from, to) => {
    assert.ok(good.includes(from), `no ${from}`);
    writeFileSync(world.vault.config, good.replace(from, to));
  };
  // The daemon, its --check-config, and the command line, where they agree.
  async function refused(problem, ...flags) {
    const before = footprintOf(world.dir);
    for (const args of [flags, [...flags, '--check-config']]) {
      const done = await daemon(...args);
      assert.equal(done.code, 1, args.join(' '));
      assert.deepEqual(said(done), [`tokenvaultd: ${problem}`]);
      assert.equal(done.stdout, '');
    }
    assert.deepEqual(footprintOf(world.dir), before);
  }

  test('that is good is said to be, and nothing is touched', async () => {
    const before = footprintOf(world.dir);
    const done = await daemon('--check-config');
    assert.deepEqual([done.code, done.stdout, done.stderr], [0, 'the configuration is good\n', '']);
    assert.deepEqual(footprintOf(world.dir), before);
  });

  test('with an unknown key is answered with the nearest', async () => {
    write('http_listen =', 'http_listn =');
    const line = good.split('\n').findIndex((one) => one.startsWith('http_listen')) + 1;
    const problem = `${world.vault.config}:${line}:14: [server] has no key "http_listn"; did you mean "http_listen"?`;
    await refused(problem);
    const check = await world.vault.cli('config', 'check', '--config', world.vault.config);
    assert.equal(check.code, 1);
    assert.equal(said(check)[0], `tokenvault: ${problem}`);
  });

  test('is told all of what is wrong at once', async () => {
    write('http_listen =', 'http_listn =');
    writeFileSync(world.vault.config,
      readFileSync(world.vault.config, 'utf8').replace('effect = "allow"', 'effect = "alow"'));
    const done = await daemon();
    assert.equal(done.code, 1);
    assert.equal(said(done).length, 2, done.stderr);
    assert.match(done.stderr, /did you mean "http_listen"\?/);
    assert.match(done.stderr, /effect is one of: allow, deny/);
  });

  test('whose secret is not there', async () => {
    write(secret, `${secret}-gone`);
    await refused(`${placeOf(`${secret}-gone`)}: the secret cannot be used: there is no such file`);
  });

  test('whose secret others can read', async () => {
    chmodSync(secret, 0o640);
    await refused(`${placeOf(secret)}: the secret cannot be used: `
      + 'others than its owner may read the file; run chmod 0400 on it');
  });

  test('whose secret is in it', async () => {
    write(`client_secret_file = "${secret}"`, 'client_secret = "hunter2hunter2"');
    const done = await daemon();
    assert.equal(done.code, 1);
    assert.match(done.stderr, /client_secret/);
    assert.doesNotMatch(done.stdout + done.stderr, /hunter2/);
  });

  test('that listens to the world is not for --dev', async () => {
    write(`http_listen = "127.0.0.1:${world.ports.http}"`, `http_listen = "0.0.0.0:${world.ports.http}"`);
    await refused(`${placeOf('"0.0.0.0')}: http_listen must be loopback or unix: with --dev, `
      + 'because dev credentials are names that anybody can say', '--dev');
  });

  test('that is not there', async () => {
    const done = await run(TOKENVAULTD, ['--config', join(world.dir, 'none.toml')]);
    assert.equal(done.code, 1);
    assert.deepEqual(said(done), [`tokenvaultd: ${join(world.dir, 'none.toml')}: there is no such file`]);
  });

  test('of production keeps the demo from starting', async () => {
    const done = await run(TOKENVAULTD, ['--dev'], { env: { TOKENVAULT_CONFIG: world.vault.config } });
    assert.equal(done.code, 1);
    assert.match(done.stderr, /^tokenvaultd: TOKENVAULT_CONFIG: names a configuration; unset it/);
  });

  // "file:line:column" of the value that begins with `text`.
  function placeOf(text) {
    const lines = readFileSync(world.vault.config, 'utf8').split('\n');
    const line = lines.findIndex((one) => one.includes(text));
    return `${world.vault.config}:${line + 1}:${lines[line].indexOf('"') + 1}`;
  }
});

describe('a command', () => {
  for (const args of [['--confg', 'x'], ['--config'], ['--ready-fd', 'three'], ['serve'],
    ['--dev-ports', '1,2'], ['--dev-token-ttl', 'soon']]) {
    test(`that the daemon does not know: ${args.join(' ')}`, async () => {
      const done = await run(TOKENVAULTD, args);
      assert.deepEqual([done.code, done.stdout, said(done)], [2, '',
        ['tokenvaultd: unknown or incomplete option', 'hint: run \'tokenvaultd --help\'']]);
    });
  }

  for (const [args, problem, help] of [
    [['statsu'], 'there is no command statsu', 'tokenvault'],
    [['status', '--depe'], 'the following argument was not expected: --depe', 'tokenvault status'],
    [['token', 'get'], '--provider is required', 'tokenvault token get'],
    [[], 'a subcommand is required', 'tokenvault'],
  ]) {
    test(`that the command line does not know: tokenvault ${args.join(' ')}`, async () => {
      const done = await run(TOKENVAULT, args);
      assert.deepEqual([done.code, done.stdout, said(done)], [1, '',
        [`tokenvault: ${problem}`, `hint: run '${help} --help'`]]);
    });
  }
});
