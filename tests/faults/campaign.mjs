// The runs: one is load, a fault, the daemon's next life, a probe of everybody and
// the judge's word. What is found goes on to the next run's ledger: connections
// that ended are connected again, so that the number of them stays.
//
//   const campaign = new Campaign({ people, seed, ttl: 2 }, { score, random, say, margin });
//   await campaign.run('random kill', async (rig) => {...});
//   await campaign.stop();
import { judge } from './judge.mjs';
import { isGarbage } from './ledger.mjs';
import { pause } from './moments.mjs';
import { Rig } from './rig.mjs';

// After so many runs the daemon gets a new world: what it starts from, and what is
// searched, does not grow for ever.
const RUNS_OF_A_RIG = 150;
// Tokens that live so few seconds are waited for.
const SHORT_TTL = 10;
const END = 'end of a world';
// When no run ends as it should, the next will not either.
const FAILURES_IN_A_ROW = 3;

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

export class Campaign {
  newcomers = 0;
  #rig = null;
  #rigs = 0;
  #runsOfRig = 0;
  #failed = 0;
  // Of earlier runs, what the next may turn on: a connection in doubt works for as
  // long as it has tokens, and only then is its answer missed.
  #before = { events: [], kills: [] };

  // `world` is what a rig is made of; `margin` is the judge's, in microseconds.
  constructor(world, { score, random, say, margin }) {
    Object.assign(this, { world, score, random, say, margin });
  }

  // A name that nobody had yet in this world.
  newcomer() {
    this.newcomers += 1;
    return `newcomer${this.newcomers}`;
  }

  // `work` with the rig; then everybody must have a token. What ends it too soon is
  // a failure and no end of the campaign. False then.
  //
  // `group` is the row of the table. `nobodyInDoubt`: by the kind of run, no answer
  // can have been lost. `whoElse` probes others than the rig's people. `patience`
  // in ms for each probe. `after` is what must be done before the next run.
  async run(kind, work, options = {}) {
    const group = options.group ?? kind;
    const began = Date.now();
    let verdict = { breaches: [], inDoubt: [], window: [] };
    try {
      await this.#prepare();
      await work(this.#rig);
      verdict = await this.#judge(options);
      await this.#beginAnew(verdict.over);
      await options.after?.(this.#rig);
      this.#failed = 0;
    } catch (error) {
      this.say(this.score.fail(`${kind}: ${error.stack}`), 'breach');
      this.#failed += 1;
    }
    const { kills = 0, calls = 0 } = this.#rig?.newCounts() ?? {};
    this.#count(kind, group, { kills, calls, ...verdict, seconds: (Date.now() - began) / 1000 });
    if (this.#failed > 0) await this.#drop();
    if (this.#failed === FAILURES_IN_A_ROW) throw new Error(`${this.#failed} runs in a row did not end`);
    return this.#failed === 0 && verdict;
  }

  async #prepare() {
    if (this.#runsOfRig === (this.world.runs ?? RUNS_OF_A_RIG)) await this.stop();
    this.#runsOfRig += 1;
    if (this.#rig) return;
    this.#runsOfRig = 1;
    this.#rigs += 1;
    this.#before = { events: [], kills: [] };
    const { people } = this.world;
    this.#rig = await Rig.start({ ...this.world, seed: this.world.seed + this.#rigs });
    let done = 0;
    await this.#rig.each(people, async (account) => {
      await this.#rig.connect(account);
      done += 1;
      this.say(`${done} of ${people.length} people connected`);
    });
    await this.#rig.newEvents();
    this.#rig.newCounts();
  }

  async #judge({ nobodyInDoubt = false, whoElse = async () => [], patience, all = false }) {
    const rig = this.#rig;
    if (rig.dead) await rig.restart();
    const probes = [...await rig.probe(rig.people, patience), ...await whoElse(rig)];
    const fresh = await rig.newEvents();
    const events = [...this.#before.events, ...fresh];
    const kills = [...this.#before.kills, ...rig.newDeaths()];
    const verdict = judge({
      events,
      kills,
      probes,
      granted: rig.granted,
      leaves: rig.leaves.look(),
      tokenHashes: rig.tokenHashes,
      places: rig.places({ all }),
      margin: this.margin,
    });
    rig.granted.clear();
    if (nobodyInDoubt) {
      for (const account of verdict.inDoubt) {
        verdict.breaches.push({ rule: 'I2', account, text: 'in doubt where no answer can be lost' });
      }
    }
    for (const { fault } of fresh.filter(isGarbage)) {
      this.score.garbage[fault] = (this.score.garbage[fault] ?? 0) + 1;
    }
    const over = probes.filter(({ works }) => !works).map(({ account }) => account);
    this.#before = lastAnswers(events, kills, over);
    return { ...verdict, over };
  }

  // Connects again whoever's connection is over. What that writes is nobody's fault.
  async #beginAnew(over) {
    await this.#rig.each(over, (account) => this.#rig.connect(account));
    await this.#rig.newEvents();
  }

  async #drop() {
    const rig = this.#rig;
    this.#rig = null;
    await rig?.stop().catch((error) => this.score.fail(`the end of a world: ${error.message}`));
  }

  // Nothing happens any more until every token is over, so that what the last run
  // left in doubt is heard of; and all the files once more, from their first byte.
  // Then this world ends.
  async stop() {
    const rig = this.#rig;
    if (!rig) return;
    const began = Date.now();
    let verdict = { breaches: [], inDoubt: [] };
    try {
      if (this.world.ttl < SHORT_TTL) await pause(this.world.ttl * 1000);
      verdict = await this.#judge({ all: true });
    } catch (error) {
      this.say(this.score.fail(`${END}: ${error.stack}`), 'breach');
    }
    const { kills, calls } = rig.newCounts();
    this.#count(END, END, { kills, calls, ...verdict, seconds: (Date.now() - began) / 1000 });
    await this.#drop();
  }

  #count(kind, group, { kills, calls, inDoubt, breaches, seconds }) {
    this.score.add(kind, group, { kills, calls, inDoubt: inDoubt.length, breaches, seconds });
    for (const { rule, account = '', text } of breaches) {
      this.say(`${kind}: ${rule} ${account} ${text}`, 'breach');
    }
  }
}
