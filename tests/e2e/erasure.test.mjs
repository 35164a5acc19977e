// A person is erased while others are served: nothing of theirs is in any file of
// the vault any more, and nobody can say which leaves were about them. And what
// only an attack on the database can do is named.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACCOUNTS } from './support/authorization_server.mjs';
import { blobs, commitmentOf, filesWith, sql } from './support/rows.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const PEOPLE = ['eve', 'finn'];

async function connected(options = {}) {
  for (const name of PEOPLE) ACCOUNTS[name] = { name, email: `${name}@example.test` };
  const world = await World.start(options);
  for (const name of PEOPLE) {
    const { consent_required: asked } = await world.bot.getToken('calendar', name, ASK);
    const done = await world.connect(world.person(), name, asked);
    assert.match(done.url, /\/done\//, done.body);
  }
  return world;
}

// A new life has no token in memory: whoever asks is refreshed.
async function restart(world, whileDown = () => {}) {
  await world.vault.stop();
  await whileDown();
  await world.vault.start();
  world.bot.close();
}

async function userOf(world, name) {
  const { stdout } = await world.vault.cli('connection', 'list', '--user', name, '--format', 'json');
  return JSON.parse(stdout).connections[0].name.split('/')[1];
}

describe('erasing a person', () => {
  let world;
  const ids = {};
  // Of each: every wrap and every sealed record that the files ever held.
  const bytes = { eve: [], finn: [] };

  const note = (name) => {
    const [[wrapped]] = blobs(world.dir, `SELECT hex(wrapped) FROM dek WHERE subject='${ids[name]}'`);
    const sealed = blobs(world.dir,
      `SELECT hex(sealed_refresh_token) FROM connection WHERE user='${ids[name]}'`).map(([one]) => one);
    for (const envelope of [wrapped, ...sealed]) bytes[name].push(envelope, commitmentOf(envelope));
  };
  const found = (name) => bytes[name].filter((one) => filesWith(world.dir, one).length > 0);

  before(async () => {
    world = await connected();
    for (const name of PEOPLE) {
      ids[name] = await userOf(world, name);
      note(name);
    }
    await restart(world);
    for (const name of PEOPLE) {
      assert.equal((await world.bot.getToken('calendar', name, ASK)).outcome, 'token');
      note(name);
    }
  });
  after(() => world?.stop());

  test('begins with all of it in the files', () => {
    for (const name of PEOPLE) {
      const wrapped = bytes[name][0];
      const newest = bytes[name].at(-2);
      assert.notDeepEqual(filesWith(world.dir, wrapped), []);
      assert.notDeepEqual(filesWith(world.dir, newest), []);
      assert.notDeepEqual(filesWith(world.dir, Buffer.from(ids[name])), []);
    }
  });

  test('asks for words, or --yes', async () => {
    const { code, stderr } = await world.vault.cli('user', 'erase', 'eve');
    assert.equal(code, 1);
    assert.match(stderr, /cannot be undone/);
  });

  test('leaves no byte of theirs, and serves the others meanwhile', async () => {
    const name = sql(world.dir, `SELECT pseudonym FROM person WHERE user='${ids.eve}'`)[0];
    assert.match(name, /^p-[a-z2-7]{26}$/);
    assert.ok((await world.leaves()).some((leaf) => leaf.user === name));

    const load = { stop: false, tokens: 0, refused: [] };
    load.ended = (async () => {
      while (!load.stop) {
        const { outcome } = await world.bot.getToken('calendar', 'finn', ASK);
        if (outcome === 'token') load.tokens += 1; else load.refused.push(outcome);
      }
    })();
    const { code, stdout, stderr } = await world.vault.cli('user', 'erase', 'eve', '--yes');
    load.stop = true;
    await load.ended;
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Erased +1 connection, 1 agent's access/);
    assert.match(stdout, /Confirmed +1 by the provider/);
    assert.deepEqual(load.refused, []);
    assert.ok(load.tokens > 0);

    assert.deepEqual(found('eve'), []);
    assert.deepEqual(filesWith(world.dir, Buffer.from(ids.eve)), []);
    // The same search finds what is there.
    assert.notDeepEqual(filesWith(world.dir, bytes.finn[0]), []);
    assert.notDeepEqual(filesWith(world.dir, bytes.finn.at(-2)), []);
    assert.equal((await world.bot.getToken('calendar', 'finn', ASK)).outcome, 'token');
    // The leaves stayed, and lead to nobody.
    assert.ok((await world.leaves()).some((leaf) => leaf.user === name));
    assert.deepEqual(sql(world.dir, `SELECT * FROM person WHERE pseudonym='${name}'`), []);
  });


  test('says so when nothing is kept, and does no harm', async () => {
    const { code, stdout } = await world.vault.cli('user', 'erase', 'eve', '--yes');
    assert.equal(code, 0);
    assert.match(stdout, /^Nothing is kept of eve/);
    const shredded = (await world.leaves()).filter(({ action }) => action === 'subject.shredded');
    assert.equal(shredded.length, 1);
    assert.equal('user' in shredded[0], false);
  });

  test('knows them as somebody new when they come back', async () => {
    const { outcome, consent_required: asked } = await world.bot.getToken('calendar', 'eve', ASK);
    assert.equal(outcome, 'consent_required');
    const done = await world.connect(world.person(), 'eve', asked);
    assert.match(done.url, /\/done\//, done.body);
    assert.equal((await world.bot.getToken('calendar', 'eve', ASK)).outcome, 'token');
    assert.deepEqual(found('eve'), []);
    const { stdout } = await world.vault.cli('audit', 'tail', '--user', 'eve', '-n', '500', '--format', 'json');
    const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
    const [name] = sql(world.dir, `SELECT pseudonym FROM person WHERE user='${ids.eve}'`);
    assert.ok(lines.length > 2);
    for (const line of lines) {
      assert.ok([line.user, line.actor].includes(`users/${name}`), JSON.stringify(line));
    }
  });

  test('opens everything of the others under new data keys too', async () => {
    const before = blobs(world.dir, "SELECT hex(dek_id) FROM dek WHERE tenant='default' ORDER BY subject").map(String);
    const { code, stdout, stderr } = await world.vault.cli('key', 'rotate-dek', '--tenant', 'default');
    assert.equal(code, 0, stdout + stderr);
    const now = blobs(world.dir, "SELECT hex(dek_id) FROM dek WHERE tenant='default' ORDER BY subject").map(String);
    assert.equal(now.length, before.length);
    for (const id of before) assert.equal(now.includes(id), false);
    assert.notDeepEqual(bytes.finn[0], undefined);
    assert.deepEqual(filesWith(world.dir, bytes.finn[0]), []);
    const verified = await world.vault.cli('key', 'verify', '--all');
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    await restart(world);
    assert.equal((await world.bot.getToken('calendar', 'finn', ASK)).outcome, 'token');
  });
});

describe('a master key that is destroyed', () => {
  let world;
  before(async () => { world = await connected(); });
  after(() => world?.stop());

  test('leaves no byte of its wraps', async () => {
    const wraps = (version) => blobs(world.dir,
      `SELECT hex(wrapped) FROM kek_wrap WHERE kek_version=${version}`).map(([one]) => one);
    const [old] = wraps(1);
    assert.notDeepEqual(filesWith(world.dir, old), []);
    const rotated = await world.vault.cli('key', 'rotate');
    assert.equal(rotated.code, 0, rotated.stderr);
    // As if a day had passed.
    await restart(world, () => sql(world.dir,
      "UPDATE kek SET retire_time = retire_time - 90000000000 WHERE version_number = 1"));
    const destroyed = await world.vault.cli('key', 'destroy', '1', '--yes');
    assert.equal(destroyed.code, 0, destroyed.stdout + destroyed.stderr);
    for (const one of [old, commitmentOf(old)]) assert.deepEqual(filesWith(world.dir, one), []);
    assert.notDeepEqual(filesWith(world.dir, wraps(2)[0]), []);
    assert.equal((await world.bot.getToken('calendar', 'finn', ASK)).outcome, 'token');
  });
});

describe('a row that was put back', () => {
  let world;
  before(async () => { world = await connected(); });
  after(() => world?.stop());

  const verify = async () => {
    const { code, stdout } = await world.vault.cli('key', 'verify', '--all', '--format', 'json');
    return { code, broken: JSON.parse(stdout.trim().split('\n').at(-1)).broken };
  };

  test('is named, in part and as a whole', async () => {
    const user = await userOf(world, 'finn');
    const [id] = sql(world.dir, `SELECT id FROM connection WHERE user='${user}'`);
    // A copy of before, and a refresh after it.
    await restart(world, () => sql(world.dir, `VACUUM INTO '${world.dir}/before.db'`));
    assert.equal((await world.bot.getToken('calendar', 'finn', ASK)).outcome, 'token');
    assert.deepEqual(await verify(), { code: 0, broken: [] });

    const from = (columns) => sql(world.dir, `ATTACH '${world.dir}/before.db' AS old;
      UPDATE connection SET ${columns.map((one) =>
        `${one} = (SELECT ${one} FROM old.connection WHERE id = '${id}')`).join(', ')} WHERE id = '${id}';`);
    await restart(world, () => from(['sealed_refresh_token']));
    assert.deepEqual(await verify(), { code: 6, broken: [`connections/${id}`] });

    const all = sql(world.dir, "SELECT name FROM pragma_table_info('connection')");
    await restart(world, () => from(all.filter((one) => one !== 'id')));
    assert.deepEqual(await verify(), { code: 6, broken: [`an older copy of connections/${id}`] });
  });
});
