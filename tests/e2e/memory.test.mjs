// What root finds in the memory of a daemon that has been busy: access tokens, which
// it keeps to hand them out, and nothing that could make another or open the disk.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemorySearch } from './support/process_memory.mjs';
import { keysOf, open } from './support/sealed_format.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const PEOPLE = ['ana', 'ben', 'ana-home'];
const SECRETS = { login: 'zx81-login-secret-5e02b8c4', calendar: 'zx81-calendar-secret-7c1d93' };
const PASSPHRASE = 'canary battery staple 8f1c2b7d';
// Longer, to look harder.
const BUSY = Number(process.env.TOKENVAULT_BUSY_SECONDS ?? 6) * 1000;
// Of a token of ten minutes the vault counts on nine; who wants nearly all of them
// has it refreshed whenever this much has passed.
const NEARLY_ALL = { min_ttl: { seconds: 539, nanos: 600_000_000 } };
const skip = process.getuid() !== 0 && 'needs root, who may read the memory of others';

async function connectAll(world) {
  for (const login of PEOPLE) {
    const { consent_required: asked } = await world.bot.getToken('calendar', login, ASK);
    const page = await world.connect(world.person(), login, asked);
    assert.match(page.url, /\/done\//, page.body);
  }
}

// Returns the access tokens that were handed out last.
async function keepBusy(world) {
  const last = new Map();
  const until = Date.now() + BUSY;
  while (Date.now() < until) {
    await Promise.all(PEOPLE.map(async (login) => {
      const { token } = await world.bot.getToken('calendar', login, ASK, NEARLY_ALL);
      last.set(login, token.access_token);
    }));
  }
  return [...last.values()];
}

// Everything the vault was given or made that it may not be found with.
function secretsOf(world) {
  const { refresh_token: refreshTokens } = world.provider.tokensOf;
  return { 'refresh token': [...refreshTokens], 'client secret': Object.values(SECRETS) };
}

// No longer than this after the last answer, the memory is clean.
async function searchIdle(world, secrets) {
  await sleep(1000);
  const search = new MemorySearch(secrets);
  const { found, bytes, hidden } = search.process(world.vault.pid);
  assert.ok(bytes > 20_000_000, `${bytes} bytes were read`);
  assert.ok(hidden >= 5 << 20, `${hidden} bytes are locked`);
  return found;
}

describe('what looks for secrets in memory', () => {
  const value = 'planted-?-and-looked-for';
  const search = new MemorySearch({ planted: [value] });
  const memoryWith = (text) => {
    const memory = Buffer.alloc(1 << 20, '.');
    memory.write(text, 4321, 'latin1');
    return memory;
  };

  test('finds each form of it', () => {
    const bytes = Buffer.from(value);
    for (const text of [value, encodeURIComponent(value), bytes.toString('hex'),
      bytes.toString('base64'), Buffer.from(`a:${value}`).toString('base64'),
      Buffer.from(`ab:${value}`).toString('base64url')]) {
      assert.deepEqual(search.bytes(memoryWith(text)), ['planted'], text);
    }
  });

  test('finds what is left of it', () => {
    assert.deepEqual(search.bytes(memoryWith(value.slice(12))), ['planted']);
    assert.deepEqual(search.bytes(memoryWith(value.slice(0, 12))), ['planted']);
    assert.deepEqual(search.bytes(memoryWith('planted elsewhere')), []);
  });

  test('opens what others sealed', () => {
    const known = JSON.parse(readFileSync(
      join(import.meta.dirname, '../testdata/tkv1-wraps-known-answer.json'), 'utf8'));
    const hex = (text) => Buffer.from(text, 'hex');
    for (const { name, envelope, key, context, plaintext } of known) {
      assert.equal(open(hex(envelope), hex(key), hex(context)).toString('hex'), plaintext, name);
    }
  });
});

describe('the memory of a busy daemon', { skip }, () => {
  let world;
  let handedOut;
  before(async () => {
    world = await World.start({ secrets: SECRETS });
    await connectAll(world);
    handedOut = await keepBusy(world);
  });
  after(() => world?.stop());

  test('holds no refresh token, and no secret of our own at a provider', async () => {
    const refreshes = world.provider.refreshes().length;
    assert.ok(refreshes > 2 * PEOPLE.length, `${refreshes} refreshes`);
    assert.ok(world.provider.tokensOf.refresh_token.size > refreshes);
    assert.deepEqual(await searchIdle(world, secretsOf(world)), {});
  });

  // Without this, the others would be as content with a search that sees nothing.
  test('holds the access tokens that are in use', async () => {
    const kinds = Object.fromEntries(handedOut.map((token, i) => [PEOPLE[i], [token]]));
    const found = await searchIdle(world, kinds);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(kinds).sort());
  });

  test('holds none of the keys', async () => {
    const file = readFileSync(join(world.dir, 'root.key'), 'latin1').trim();
    const secrets = { 'key file': [file], 'root key': [Buffer.from(file, 'hex')] };
    for (const { kind, key } of keysOf(join(world.dir, 'vault.db'), Buffer.from(file, 'hex'))) {
      (secrets[kind] ??= []).push(key);
    }
    assert.equal(secrets['master key'].length, 1);
    assert.ok(secrets['data key'].length > PEOPLE.length);
    assert.deepEqual(await searchIdle(world, secrets), {});
  });

  test('is as clean after a rotation of the master key, and a reload', async () => {
    const { code, stderr } = await world.vault.cli('key', 'rotate');
    assert.equal(code, 0, stderr);
    await world.vault.logs('config.reloaded', () => world.vault.signal('SIGHUP'));
    const root = Buffer.from(readFileSync(join(world.dir, 'root.key'), 'latin1').trim(), 'hex');
    const secrets = { ...secretsOf(world), 'root key': [root] };
    for (const { kind, key } of keysOf(join(world.dir, 'vault.db'), root)) (secrets[kind] ??= []).push(key);
    assert.equal(secrets['master key'].length, 2);
    assert.deepEqual(await searchIdle(world, secrets), {});
  });

  // What is asked is with the libraries that ask, in buffers of their own. It also
  // shows that a refresh token would be found.
  test('holds them outside of locked memory while the provider thinks, and no longer', async () => {
    const held = world.provider.faults.hold('/token');
    await sleep(500);  // or the token in the cache would do
    const call = world.bot.getToken('calendar', 'ana', ASK, NEARLY_ALL).catch((error) => error);
    await held.arrived;
    const found = await searchIdle(world, secretsOf(world));
    held.release();
    await call;
    assert.deepEqual(Object.keys(found).sort(), ['client secret', 'refresh token']);
    assert.deepEqual(await searchIdle(world, secretsOf(world)), {});
  });

  test('is clean again after providers that fail', async () => {
    for (const fault of ['unavailable', 'html', 'broken_json', 'invalid_client']) {
      world.provider.faults.order('/token', fault);
      await sleep(500);  // or the token in the cache would do
      await world.bot.getToken('calendar', 'ana', ASK, NEARLY_ALL).catch((error) => assert.ok(error.reason));
    }
    world.provider.faults.clear();
    assert.deepEqual(await searchIdle(world, secretsOf(world)), {});
  });
});

describe('the memory of a daemon that a passphrase opened', { skip }, () => {
  let world;
  before(async () => {
    world = await World.start({
      secrets: SECRETS,
      change: (c, { dir }) => {
        const file = join(dir, 'passphrase');
        writeFileSync(file, `${PASSPHRASE}\n`, { mode: 0o400 });
        return {
          ...c,
          sections: { seal: { type: 'passphrase', key_file: undefined, passphrase_file: file } },
        };
      },
    });
  });
  after(() => world?.stop());

  test('does not hold it', async () => {
    assert.deepEqual(await searchIdle(world, { passphrase: [PASSPHRASE] }), {});
  });

  test('does not hold it after an operator typed it', async () => {
    for (const args of [['seal', '--yes'], ['unseal', '--passphrase-file', join(world.dir, 'passphrase')]]) {
      const { code, stdout, stderr } = await world.vault.cli(...args);
      assert.equal(code, 0, stdout + stderr);
    }
    assert.deepEqual(await searchIdle(world, { passphrase: [PASSPHRASE] }), {});
  });

  // With the agent goes what gRPC sent it last, which is in a buffer of the connection.
  test('holds no token at all while it is sealed and nobody is connected', async () => {
    await connectAll(world);
    const tokens = await keepBusy(world);
    world.bot.close();
    const { code, stderr } = await world.vault.cli('seal', '--yes');
    assert.equal(code, 0, stderr);
    const found = await searchIdle(world, { ...secretsOf(world), passphrase: [PASSPHRASE], 'access token': tokens });
    assert.deepEqual(found, {});
  });
});
