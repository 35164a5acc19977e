// Part `faults`: the log takes no leaf of one kind after another, and then nothing that
// such a leaf is about leaves the vault; when it takes them again, nothing was lost.
//
// A trigger refuses the insert: the store sees what it would see of a disk, for exactly
// the leaves that are meant.
import { DatabaseSync } from 'node:sqlite';
import path from 'node:path';
import { NARROW, Rig, WIDE } from '../faults/rig.mjs';

const PEOPLE = ['f1', 'f2'];
const STRANGER = 'f3';
const REFUSED = 'AUDIT_UNAVAILABLE';

export async function faults({ random, size, fail }) {
  const rig = await Rig.start({ people: PEOPLE, seed: random.between(1, 1e6), ttl: 600 });
  const counts = { denied: 0, served: 0, leaked: 0 };
  const [agent] = rig.agents;
  const database = () => {
    const open = new DatabaseSync(path.join(rig.vaultDir, 'vault.db'));
    open.exec('PRAGMA busy_timeout = 5000');
    return open;
  };
  const sql = (text) => {
    const open = database();
    try { open.exec(text); } finally { open.close(); }
  };
  const leavesOf = (kind) => {
    const open = database();
    try {
      return open.prepare('SELECT count(*) AS n FROM audit WHERE kind = ?').get(kind).n;
    } finally {
      open.close();
    }
  };

  // One call, while no leaf of `kind` can be written, and then again. `wants` is what it
  // must come to then.
  const withoutLeaf = async (kind, wants, call) => {
    sql(`CREATE TRIGGER no_leaf BEFORE INSERT ON audit WHEN NEW.kind = '${kind}'
      BEGIN SELECT RAISE(ABORT, 'no leaf'); END`);
    const before = leavesOf(kind);
    const without = await call().then((answer) => answer.outcome, (error) => error.reason ?? error.message);
    if (without === REFUSED) counts.denied += 1;
    else {
      counts.leaked += 1;
      fail(`without a leaf of ${kind} the answer was ${without}`);
    }
    if (leavesOf(kind) !== before) fail(`a leaf of ${kind} was written after all`);
    sql('DROP TRIGGER no_leaf');
    const then = await call().then((answer) => answer.outcome, (error) => error.reason ?? error.message);
    if (then === wants) counts.served += 1;
    else fail(`with leaves of ${kind} again the answer was ${then}`);
  };
  const get = (account, scopes) => () => rig.getToken(agent, account, scopes);

  try {
    await rig.each(PEOPLE, (name) => rig.connect(name));
    for (let i = 0; i < size.faultRounds; i += 1) {
      await withoutLeaf('token.granted', 'token', get(random.of(PEOPLE), NARROW));
      await withoutLeaf('token.granted', 'token', get(random.of(PEOPLE), WIDE));
      await withoutLeaf('token.denied', 'POLICY_DENIED', get(random.of(PEOPLE), ['calendar.write']));
      await withoutLeaf('consent.asked', 'consent_required', get(`${STRANGER}-${i}`, NARROW));
    }
  } finally {
    await rig.stop();
  }
  return counts;
}
