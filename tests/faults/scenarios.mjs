// What random runs do not reach: many at once, and a provider that says no to
// everybody. Each has a world of its own and returns {line, ok}.
import { Load } from './load.mjs';
import { NARROW, PATIENCE, Rig } from './rig.mjs';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const names = (count) => Array.from({ length: count }, (_, i) => `p${i + 1}`);

// What a waiter is told when the house is full: to come again.
const COME_AGAIN = ['RATE_LIMITED', 'UPSTREAM_SLOW'];

// As many waiters as the machine carries at a time.
const AT_ONCE = 4000;
const STREAMS = 100;

async function peopled(count, seed, say, options) {
  const people = names(count);
  const rig = await Rig.start({ people, seed, ttl: 2, ...options });
  try {
    let done = 0;
    await rig.each(people, async (account) => {
      await rig.connect(account);
      done += 1;
      say(`${done}/${count} people connected`);
    });
    await rig.newEvents();
    return rig;
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

async function until(attempt, patience = 60_000) {
  for (const end = Date.now() + patience; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (!COME_AGAIN.includes(error.reason) || Date.now() > end) throw error;
      await pause(100);
    }
  }
}

// Many callers for each of many connections, of which no token is in memory: the
// provider hears of each connection once.
export async function stampede({ waiters, connections, seed, say }) {
  const rig = await peopled(connections, seed, say, { ttl: 600 });
  try {
    await rig.kill();
    await rig.restart();
    await rig.provider.ask('set', { delay: 1000 });
    const agents = Array.from({ length: Math.ceil(Math.min(AT_ONCE, waiters * connections) / STREAMS) },
      () => rig.newAgent());
    const ids = new Set();
    let refused = 0;
    const wave = Math.max(1, Math.floor(AT_ONCE / waiters));
    for (let from = 0; from < connections; from += wave) {
      const accounts = rig.people.slice(from, from + wave);
      const asked = accounts.flatMap((account) => Array(waiters).fill(account));
      await Promise.all(asked.map(async (account, i) => {
        const answer = await until(() => rig.getToken(agents[i % agents.length], account, NARROW)
          .catch((error) => { refused += 1; throw error; }));
        ids.add(answer.token?.token_id ?? `none ${account}`);
      }));
      say(`${from + accounts.length}/${connections} connections asked for by ${waiters} each`);
    }
    for (const agent of agents) agent.close();
    const calls = (await rig.newEvents()).filter(({ what }) => ['used', 'replayed', 'refused'].includes(what));
    const ok = calls.length === connections && ids.size === connections;
    return {
      ok,
      line: `stampede: waiters=${waiters} connections=${connections} provider_calls=${calls.length} ` +
        `tokens=${ids.size} told_to_come_again=${refused}`,
    };
  } finally {
    await rig.stop();
  }
}

// The daemon stands still for longer than it waits for anybody, and the answer
// comes meanwhile. It is taken up when it goes on.
export async function answeredMeanwhile({ seed }) {
  const rig = await peopled(1, seed, () => {}, { ttl: 600 });
  try {
    await rig.kill();
    await rig.restart();
    await rig.provider.ask('set', { delay: 500 });
    const asked = rig.getToken(rig.agents[0], rig.people[0], NARROW);
    await pause(250);
    rig.vault.signal('SIGSTOP');
    await pause(PATIENCE + 1000);
    rig.vault.signal('SIGCONT');
    const outcome = await asked.then((answer) => answer.outcome, (error) => error.reason);
    const calls = (await rig.newEvents()).filter(({ what }) => what === 'used').length;
    return {
      ok: outcome === 'token' && calls === 1,
      line: `answered while it stood still: outcome=${outcome} provider_calls=${calls}`,
    };
  } finally {
    await rig.stop();
  }
}

// The provider says `kind` to every refresh for a while: it is the provider that
// is ill, not a thousand people who changed their minds.
export async function massRefusal({ kind, mayFlag, connections, seed, say, random }) {
  const rig = await peopled(connections, seed, say);
  try {
    await rig.probe();
    await pause(2500);
    await rig.provider.ask('order', kind, Number.MAX_SAFE_INTEGER);
    const load = new Load(rig, random);
    for (let second = 0; second < 10; second += 1) {
      await pause(1000);
      say(`everybody hears ${kind}: ${second + 1}/10 s`);
    }
    await load.stop();
    const flagged = [...await rig.connections()]
      .filter(([, { state }]) => state !== 'STATE_ACTIVE').map(([account]) => account);
    await rig.provider.ask('clear');
    say(`${flagged.length} flagged; healed, and asked again`);
    const others = rig.people.filter((account) => !flagged.includes(account));
    const working = (await rig.probe(others, 90_000)).filter(({ works }) => works).length;
    const back = (await rig.probe(flagged, 1000)).filter(({ works }) => works).length;
    return {
      ok: flagged.length <= mayFlag && working === others.length,
      line: `mass ${kind}: connections=${connections} flagged=${flagged.length} (at most ${mayFlag}) ` +
        `others_working=${working}/${others.length} flagged_back=${back}`,
    };
  } finally {
    await rig.stop();
  }
}
