// Many callers for each of many connections, of which no token is in memory: the
// provider hears of each connection once.
import { pause } from './moments.mjs';
import { NARROW } from './rig.mjs';

// What a waiter is told when the house is full: to come again.
const COME_AGAIN = ['RATE_LIMITED', 'UPSTREAM_SLOW'];

// As many waiters as the machine carries at a time.
const AT_ONCE = 4000;
const STREAMS = 100;
const WAITERS_PATIENCE = 20_000;

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

// All the people of the campaign are asked for, each by so many `waiters`.
export function stampede(campaign, waiters) {
  const { score, say } = campaign;
  return campaign.run('stampede', async (rig) => {
    const connections = rig.people.length;
    await rig.kill();
    await rig.restart();
    await rig.provider.ask('set', { delay: 1000 });
    const before = await rig.provider.ask('calls');
    const agents = Array.from({ length: Math.ceil(Math.min(AT_ONCE, waiters * connections) / STREAMS) },
      () => rig.newAgent());
    const ids = new Set();
    let refused = 0;
    const wave = Math.max(1, Math.floor(AT_ONCE / waiters));
    for (let from = 0; from < connections; from += wave) {
      const accounts = rig.people.slice(from, from + wave);
      const asked = accounts.flatMap((account) => Array(waiters).fill(account));
      await Promise.all(asked.map(async (account, i) => {
        const answer = await until(() => rig.getToken(agents[i % agents.length], account, NARROW, {}, WAITERS_PATIENCE)
          .catch((error) => { refused += 1; throw error; }));
        ids.add(answer.token?.token_id ?? `none ${account}`);
      }));
      say(`${from + accounts.length}/${connections} connections asked for by ${waiters} each`);
    }
    for (const agent of agents) agent.close();
    await rig.provider.ask('set', { delay: 0 });
    const calls = await rig.provider.ask('calls') - before;
    const line = `stampede: waiters=${waiters} connections=${connections} provider_calls=${calls} ` +
      `tokens=${ids.size} told_to_come_again=${refused}`;
    score.remarks.push(line);
    if (calls !== connections || ids.size !== connections) score.fail(line);
  });
}
