// A vault whose root key is on a token, and what becomes of it when the vault is
// sealed, and when the token is gone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { refusalOf } from './support/agent.mjs';
import { SoftToken } from './support/soft_token.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];

describe('a vault behind a token', () => {
  let world;
  let token;
  let passphrase;
  const cli = (...args) => world.vault.cli(...args);
  const ask = () => world.bot.getToken('calendar', 'ana', ASK);
  const status = async () => JSON.parse((await cli('status', '--format', 'json')).stdout);
  const probe = async (path) => (await world.person().visit(`${world.publicUrl}${path}`)).status;
  before(async () => {
    world = await World.start({
      change: (settings, { dir }) => {
        token = new SoftToken(dir);
        passphrase = join(dir, 'passphrase');
        writeFileSync(passphrase, 'correct horse battery\n', { mode: 0o400 });
        return {
          ...settings, seal: token.settings, rootSources: [{ id: 'recovery', type: 'passphrase' }],
        };
      },
    });
    const { consent_required: asked } = await ask();
    await world.connect(world.person(), 'ana', asked);
  });
  after(() => world?.stop());

  test('is made with a key that cannot leave the token', async () => {
    assert.match(token.keys(), /AES length 32\s+label:\s+root[^]*never extractable/);
    assert.equal((await status()).seal, 'pkcs11');
    assert.equal((await ask()).outcome, 'token');
  });

  test('moves to a new master key', async () => {
    const { code, stdout, stderr } = await cli('key', 'rotate');
    assert.equal(code, 0, stdout + stderr);
    assert.equal((await ask()).outcome, 'token');
  });

  test('says which sources there are', async () => {
    const { stdout } = await cli('key', 'source', 'list');
    assert.match(stdout, /^pkcs11 +pkcs11 +opens +1, 2 /m);
    assert.match(stdout, /^recovery +passphrase +not added/m);
  });

  test('lets a second one open it', async () => {
    const added = await cli('key', 'source', 'add', 'recovery', '--passphrase-file', passphrase);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /^recovery opens 1 master key on its own\.$/m);
    const again = await cli('key', 'source', 'add', 'recovery', '--passphrase-file', passphrase);
    assert.equal(again.code, 2);
  });

  test('sealed, holds no key, and is alive', async () => {
    const sealed = await cli('seal', '--yes');
    assert.equal(sealed.code, 0, sealed.stderr);
    assert.equal(sealed.stdout, 'Sealed: no key and no token is in memory.\n');
    const told = await cli('status');
    assert.equal(told.code, 2);
    assert.match(told.stdout, /Next: tokenvault unseal/);
    assert.equal(await probe('/livez'), 200);
    assert.equal(await probe('/readyz'), 503);
  });

  test('sealed, answers nobody but its operators', async () => {
    const refused = await refusalOf(ask());
    assert.equal(refused.reason, 'VAULT_SEALED');
    const page = await world.person().visit(`${world.publicUrl}/me`);
    assert.equal(page.status, 503);
    assert.match(page.body, /Locked for now/);
    const rotation = await cli('key', 'rotate');
    assert.equal(rotation.code, 5, rotation.stderr);
  });

  test('opens again by the token', async () => {
    const opened = await cli('unseal');
    assert.equal(opened.stdout, 'Open, by the root source pkcs11.\n', opened.stderr);
    assert.equal((await ask()).outcome, 'token');
    assert.equal(await probe('/readyz'), 200);
    const kinds = (await world.leaves()).map(({ action }) => action);
    assert.ok(kinds.includes('vault.sealed') && kinds.includes('vault.unsealed'));
  });

  test('starts sealed while the token is away, and says why', async () => {
    await world.vault.stop();
    token.remove();
    await world.vault.start();
    assert.equal((await refusalOf(ask())).reason, 'VAULT_SEALED');
    const tried = await cli('unseal', '--source', 'pkcs11');
    assert.notEqual(tried.code, 0);
    assert.match(tried.stderr, /token is not there/);
    assert.match(world.vault.log, /token is not there/);
  });

  test('opens once the token is back', async () => {
    token.putBack();
    const opened = await cli('unseal');
    assert.equal(opened.code, 0, opened.stderr);
    assert.equal((await ask()).outcome, 'token');
  });

  test('serves on when the token is pulled, but makes no new key', async () => {
    token.remove();
    assert.equal((await ask()).outcome, 'token');
    const { code, stderr } = await cli('key', 'rotate');
    assert.equal(code, 2);
    assert.match(stderr, /token is not there/);
    assert.equal((await status()).keyGeneration, 2);
  });

  test('opens by the passphrase alone when the token is lost', async () => {
    assert.equal((await cli('seal', '--yes')).code, 0);
    const wrong = join(world.dir, 'wrong');
    writeFileSync(wrong, 'wrong horse\n', { mode: 0o400 });
    const refused = await cli('unseal', '--passphrase-file', wrong);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /wrong passphrase/);
    const opened = await cli('unseal', '--passphrase-file', passphrase);
    assert.equal(opened.stdout, 'Open, by the root source recovery.\n', opened.stderr);
    assert.equal((await ask()).outcome, 'token');
  });

  test('keeps the token as long as a retired key needs it', async () => {
    const kept = await cli('key', 'source', 'remove', 'pkcs11', '--yes');
    assert.equal(kept.code, 2);
    assert.match(kept.stderr, /master key 1 is wrapped by nothing else/);
  });

  test('rotates with both, once both are there', async () => {
    token.putBack();
    const rotated = await cli('key', 'rotate');
    assert.equal(rotated.code, 0, rotated.stdout + rotated.stderr);
    const { stdout } = await cli('key', 'source', 'list');
    assert.match(stdout, /^pkcs11 +pkcs11 +opens +1, 2, 3 /m);
    assert.match(stdout, /^recovery +passphrase +opens +2, 3 /m);
    assert.equal((await ask()).outcome, 'token');
  });
});
