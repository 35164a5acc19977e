// The runs: one is load, a fault, the daemon's next life, a probe of everybody and
// the judge's word. What is found goes on to the next run's ledger: connections
// that ended are connected again, so that the number of them stays.
import { Load } from './load.mjs';
import { judge, tally } from './judge.mjs';
import { microseconds } from './ledger.mjs';
import { HARMFUL, HARMLESS } from './misbehaviour.mjs';
import { wayTo } from './points.mjs';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// The last answer of each account but those in `over`, which begin anew; and the
// kills since the first of them.
function lastAnswers(events, kills, over) {
  const last = new Map();
  for (const event of events) {
    if (event.what === 'used' && event.rotated && !over.includes(event.account)) {
      last.set(event.account, event);
    }
  }
  const calls = new Set([...last.values()].map(({ call }) => call));
  const kept = events.filter(({ what, call }) => calls.has(call) &&
    ['used', 'delivered', 'undelivered'].includes(what));
  const since = kept[0]?.at ?? Infinity;
  return { events: kept, kills: kills.filter(({ next }) => next >= since) };
}

// To the microsecond, as far as the machine lets us.
async function waitMicroseconds(count) {
  const until = microseconds() + count;
  if (count > 3000) await pause(Math.floor(count / 1000) - 2);
  while (microseconds() < until);
}

// How long a process may be dead before we hear of it. A kill at a fault point is
// only seen from outside, after the kernel has taken the process apart.
const SEEN_LATE = 50_000;

// Where an answer may be lost: it came, and is not yet on disk.
const ANSWER_IN_HAND = ['refresh.answer_received', 'refresh.before_land'];

// How long a point may take to be passed, in ms.
const PATIENCE = 10_000;

const ONE_AT_A_TIME = { workers: 1, depth: 1 };

// Reading all files takes long when they have grown.
const FILES_EVERY = 10;

// `margin` is the judge's, in microseconds.
export class Campaign {
  runs = 0;
  kills = 0;
  inDoubt = 0;
  newcomers = 0;
  breaches = [];
  byKind = new Map();
  // Of earlier runs, what the next may turn on: a connection in doubt works for as
  // long as it has tokens, and only then is its answer missed.
  #before = { events: [], kills: [] };

  constructor(rig, random, say, margin) { Object.assign(this, { rig, random, say, margin }); }

  // One random kill under full load, at a microsecond of chance.
  async randomKill() {
    await this.#run('random kill', async () => {
      const load = new Load(this.rig, this.random);
      await waitMicroseconds(this.random.between(1000, 400_000));
      await this.rig.kill();
      await load.stop();
    });
  }

  // A kill while the provider misbehaves, so that answers are lost and odd too.
  async killAmongFaults() {
    await this.#run('kill among faults', async () => {
      await this.rig.provider.ask('chance', [...HARMLESS, ...HARMFUL], 6);
      const load = new Load(this.rig, this.random);
      await waitMicroseconds(this.random.between(50_000, 1_500_000));
      await this.rig.kill();
      await load.stop();
      await this.rig.provider.ask('clear');
    });
  }

  // No kill: the provider alone. `kinds` is what it does.
  async providerFaults(name, kinds) {
    await this.#run(name, async () => {
      await this.rig.provider.ask('chance', kinds, 4);
      const load = new Load(this.rig, this.random);
      await pause(this.random.between(500, 2000));
      await load.stop();
      await this.rig.provider.ask('clear');
    });
  }

  // The daemon stands still, for longer than its patience with the provider at
  // times, then goes on.
  async standstill() {
    await this.#run('standstill', async () => {
      const load = new Load(this.rig, this.random);
      await waitMicroseconds(this.random.between(10_000, 300_000));
      this.rig.vault.signal('SIGSTOP');
      await pause(this.random.between(50, 3500));
      this.rig.vault.signal('SIGCONT');
      await pause(200);
      await load.stop();
    });
  }

  // A disk that fails, then a kill while nothing is under way. What could not be
  // written was not begun, and what was answered is kept. Whether the daemon met
  // the fault.
  async badDisk({ name, launcher, injected }) {
    await this.#run(name, async () => {
      await this.rig.kill();
      // It may be that it cannot even start: then it says so, and ends.
      const serves = await this.rig.restart({}, launcher).then(() => true, () => false);
      if (!serves) return;
      const load = new Load(this.rig, this.random);
      await pause(this.random.between(300, 900));
      await load.stop();
      await this.rig.kill();
    }, { nobodyInDoubt: true });
    return injected();
  }

  // A kill at the n-th passing of a point. Quiet: one connection is asked about at
  // a time, so that it is known which one the kill met and what is allowed. False
  // if the point was not passed.
  async killAtPoint(point, quiet) {
    const { connecting, inRecovery, providerDoes } = wayTo(point);
    if (connecting) return this.#killWhileConnecting(point, quiet);
    let reached = false;
    await this.#run(`${point} ${quiet ? 'quiet' : 'loaded'}`, async () => {
      await this.rig.kill();
      const passing = providerDoes ? this.random.between(1, 3) : this.random.between(1, quiet ? 10 : 40);
      await this.rig.restart({ TOKENVAULT_FAULT: `${inRecovery ? 'refresh.landed' : point}:${passing}` });
      if (providerDoes) await this.rig.provider.ask('order', providerDoes, passing);
      const load = new Load(this.rig, this.random, quiet ? ONE_AT_A_TIME : {});
      reached = await this.rig.dies(PATIENCE, SEEN_LATE);
      if (!reached) await this.rig.kill();
      await load.stop();
      await this.rig.provider.ask('clear');
      if (inRecovery && reached) reached = await this.#dieInRecovery(point);
    }, { nobodyInDoubt: quiet && !ANSWER_IN_HAND.includes(point) });
    return reached;
  }

  // A kill while somebody new connects and others get tokens. Afterwards the
  // newcomer connects again, and has one that works; where it was committed,
  // nothing is asked of them.
  async #killWhileConnecting(point, quiet) {
    this.newcomers += 1;
    const account = `newcomer${this.newcomers}`;
    let reached = false;
    await this.#run(`${point} ${quiet ? 'quiet' : 'loaded'}`, async () => {
      await this.rig.kill();
      await this.rig.restart({ TOKENVAULT_FAULT: `${point}:1` });
      const load = new Load(this.rig, this.random, quiet ? ONE_AT_A_TIME : {});
      [reached] = await Promise.all([
        this.rig.dies(PATIENCE, SEEN_LATE), this.rig.connect(account).catch(() => {}),
      ]);
      if (!reached) await this.rig.kill();
      await load.stop();
    }, {
      whoElse: async () => {
        const committed = point === 'connect.committed';
        const asked = await this.rig.connect(account).catch((error) => error);
        if (asked instanceof Error) return [{ account, reason: `cannot connect: ${asked.message}` }];
        if (committed && asked) return [{ account, reason: 'a committed connection asks again' }];
        return this.rig.probe([account]);
      },
    });
    return reached;
  }

  async #dieInRecovery(point) {
    const serves = await this.rig.restart({ TOKENVAULT_FAULT: `${point}:1` })
      .then(() => true, () => false);
    if (!serves || await this.rig.dies(2000, SEEN_LATE)) return true;
    await this.rig.kill();
    return false;
  }

  // `nobodyInDoubt`: by the kind of run, no answer can have been lost. `whoElse`
  // probes others than the rig's people.
  async #run(kind, work, { nobodyInDoubt = false, whoElse = async () => [] } = {}) {
    const { rig } = this;
    this.runs += 1;
    const run = this.runs;
    await work();
    if (rig.dead) await rig.restart();
    const probes = [...await rig.probe(), ...await whoElse()];
    const events = [...this.#before.events, ...await rig.newEvents()];
    const kills = rig.newDeaths();
    this.kills += kills.length;
    const allKills = [...this.#before.kills, ...kills];
    const everything = run % FILES_EVERY === 0;
    const verdict = judge({
      events,
      kills: allKills,
      probes,
      granted: rig.granted,
      leaves: rig.newLeaves(),
      tokenHashes: rig.tokenHashes,
      places: rig.places({ files: everything }),
      margin: this.margin,
    });
    rig.granted.clear();
    if (nobodyInDoubt) {
      for (const account of verdict.inDoubt) {
        verdict.breaches.push({ rule: 'I2', account, text: 'in doubt where no answer can be lost' });
      }
    }
    this.inDoubt += verdict.inDoubt.length;
    this.#note(kind, run, verdict);
    const over = probes.filter(({ works }) => !works).map(({ account }) => account);
    this.#before = lastAnswers(events, allKills, over);
    await rig.each(over, (account) => rig.connect(account));
    // What connecting wrote is nobody's fault.
    await rig.newEvents();
  }

  #note(kind, run, verdict) {
    const entry = this.byKind.get(kind) ?? { runs: 0, inDoubt: 0, breaches: [] };
    this.byKind.set(kind, entry);
    entry.runs += 1;
    entry.inDoubt += verdict.inDoubt.length;
    for (const breach of verdict.breaches) {
      entry.breaches.push({ ...breach, run });
      this.breaches.push({ ...breach, run });
      this.say(`run ${run} (${kind}): ${breach.rule} ${breach.account ?? ''} ${breach.text}`, 'breach');
    }
  }

  // All the files and the whole log, once more.
  finish() {
    const { breaches } = judge({
      events: [], kills: [], probes: [], granted: new Set(), leaves: new Set(),
      tokenHashes: this.rig.tokenHashes, places: this.rig.places(),
    });
    this.breaches.push(...breaches);
  }

  numbers() { return { ...tally(this.breaches), in_doubt: this.inDoubt }; }
}
