// An operator ends everything at once: nobody gets a token any more, and the
// provider knows.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACCOUNTS } from './support/authorization_server.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const PEOPLE = ['eve', 'finn', 'gwen'];

describe('an incident', () => {
  let world;
  const tokens = new Map();
  before(async () => {
    for (const name of PEOPLE) ACCOUNTS[name] = { name, email: `${name}@example.test` };
    world = await World.start();
    for (const name of PEOPLE) {
      const { consent_required: asked } = await world.bot.getToken('calendar', name, ASK);
      const done = await world.connect(world.person(), name, asked);
      assert.match(done.url, /\/done\//, done.body);
      const { outcome, token } = await world.bot.getToken('calendar', name, ASK);
      assert.equal(outcome, 'token');
      tokens.set(name, token.access_token);
    }
  });
  after(() => world?.stop());

  const works = async (name) => {
    const answer = await world.person().visit(world.provider.calendarUrl,
      { headers: { authorization: `Bearer ${tokens.get(name)}` } }).catch((error) => error);
    return JSON.parse(answer.body).account === name;
  };

  test('is looked at before anything is done', async () => {
    const { code, stdout } = await world.vault.cli('incident', 'revoke', '--all', '--dry-run');
    assert.equal(code, 0);
    assert.match(stdout, /^Would end 3 connections\. Nothing was changed\./);
    assert.ok(await works('eve'));
  });

  test('of one person ends theirs, and no other', async () => {
    const listed = await world.vault.cli('connection', 'list', '--user', 'eve', '--format', 'json');
    const [{ name }] = JSON.parse(listed.stdout).connections;
    const user = name.split('/').slice(0, 2).join('/');
    const { code, stdout, stderr } = await world.vault.cli('incident', 'revoke', '--subject', user, '--yes');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Ended here +1 connection:/);
    assert.equal(await works('eve'), false);
    assert.ok(await works('finn'));
  });

  test('of a provider ends the rest, here and there', async () => {
    const { code, stdout, stderr } = await world.vault.cli('incident', 'revoke', '--provider', 'calendar', '--yes');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Ended here +2 connections:/);
    assert.match(stdout, /Confirmed +2 by the provider/);
    for (const name of PEOPLE) {
      assert.equal(await works(name), false, name);
      const { outcome } = await world.bot.getToken('calendar', name, ASK);
      assert.equal(outcome, 'consent_required', name);
    }
    const leaves = await world.leaves();
    assert.equal(leaves.filter(({ action }) => action === 'incident.revoked').length, 2);
    assert.equal(leaves.filter(({ action }) => action === 'connection.revoked').length, 3);
  });
});
