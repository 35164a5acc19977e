// Part `kills`: the daemon is killed again and again while agents get tokens, and then
// every token that an agent received has its leaf, no leaf is there twice or missing,
// and what is exported of the log grew out of every checkpoint that was ever beside the
// database.
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Load } from '../faults/load.mjs';
import { pause } from '../faults/moments.mjs';
import { Rig } from '../faults/rig.mjs';
import { verify } from './verifier.mjs';

const PEOPLE = Array.from({ length: 8 }, (_, i) => `k${i + 1}`);
const LONGEST_LIFE = 600;
// An export of all takes its time: after so many kills.
const VERIFIED_EVERY = 10;

const NEW_LEAVES = `SELECT sequence, kind, json_extract(leaf, '$.request_id') AS request,
  json_extract(leaf, '$.token_id') AS token FROM audit WHERE sequence > ? ORDER BY sequence`;

// What is in the database, read from the outside after each life.
class Leaves {
  // Which token was granted, by the request for it.
  granted = new Map();
  count = 0;

  constructor(file, fail) { Object.assign(this, { file, fail }); }

  look() {
    const database = new DatabaseSync(this.file, { readOnly: true });
    try {
      database.exec('PRAGMA busy_timeout = 5000');
      for (const { sequence, kind, request, token } of database.prepare(NEW_LEAVES).all(this.count)) {
        if (sequence !== this.count + 1) this.fail(`leaf ${this.count + 1} is missing`);
        this.count = sequence;
        if (kind !== 'token.granted' || request === null) continue;
        if (this.granted.has(request)) this.fail(`request ${request} has a second leaf: ${sequence}`);
        this.granted.set(request, token);
      }
    } finally {
      database.close();
    }
  }
}

// Gives each request an id of its own, and remembers which token answered it.
function remember(rig, received) {
  const getToken = rig.getToken.bind(rig);
  rig.getToken = async (agent, account, scopes, more, deadline) => {
    const request = randomUUID();
    const answer = await getToken(agent, account, scopes, { ...more, request_id: request }, deadline);
    if (answer.outcome === 'token') received.set(request, answer.token.token_id);
    return answer;
  };
}

export async function kills({ random, size, fail }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'audit-kills-'));
  const rig = await Rig.start({ people: PEOPLE, seed: random.between(1, 1e6), ttl: 2 });
  const counts = { kills: 0, tokens: 0, leaves: 0, unlogged: 0, kept: 0, verified: 0 };
  const kept = path.join(folder, 'kept');
  const seen = new Set();
  const received = new Map();
  remember(rig, received);

  // What somebody may have copied from beside the database.
  const keep = () => {
    const note = readFileSync(path.join(rig.vaultDir, 'vault.db.checkpoint'), 'utf8');
    if (seen.has(note)) return;
    seen.add(note);
    appendFileSync(kept, note);
    counts.kept += 1;
  };

  const verifyExport = async () => {
    const file = path.join(folder, `export-${counts.verified}.jsonl`);
    const exported = await rig.vault.cli('audit', 'export', '--out', file);
    if (exported.code !== 0) return fail(`no export: ${exported.stderr}`);
    const key = (await rig.vault.cli('audit', 'key')).stdout.trim();
    const { code, report } = await verify(['--key', key, '--witnessed', kept, file]);
    if (code !== 0) fail(`the log does not verify: ${JSON.stringify(report.faults)}`, readFileSync(file));
    counts.verified += 1;
    rmSync(file);
    return undefined;
  };

  try {
    await rig.each(PEOPLE, (name) => rig.connect(name));
    const leaves = new Leaves(path.join(rig.vaultDir, 'vault.db'), fail);
    for (let i = 0; i < size.kills; i += 1) {
      const load = new Load(rig, random);
      await pause(random.between(0, LONGEST_LIFE));
      await rig.kill();
      await load.stop();
      counts.kills += 1;
      keep();
      await rig.restart();
      leaves.look();
      for (const [request, token] of received) {
        counts.tokens += 1;
        if (leaves.granted.get(request) === token) continue;
        counts.unlogged += 1;
        fail(`request ${request} got token ${token}, and the log has no leaf of it`);
      }
      received.clear();
      keep();
      if (counts.kills % VERIFIED_EVERY === 0) await verifyExport();
    }
    await verifyExport();
    const checked = await rig.vault.cli('audit', 'verify');
    if (checked.code !== 0) fail(`the daemon finds fault with its log: ${checked.stdout}`);
    counts.leaves = leaves.count;
  } finally {
    await rig.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return counts;
}
