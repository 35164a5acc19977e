// Kills at the fault points (points.mjs): the daemon ends itself when it passes one.
import { Load } from './load.mjs';
import { pause } from './moments.mjs';
import { wayTo } from './points.mjs';

// How long a process may be dead before we hear of it. A kill at a fault point is
// only seen from outside, after the kernel has taken the process apart.
const SEEN_LATE = 50_000;

// Where an answer may be lost: it came, and is not yet on disk.
const ANSWER_IN_HAND = ['refresh.answer_received', 'refresh.before_land'];

// How long a point may take to be passed, in ms.
const PATIENCE = 10_000;
// Chance may lead past a point; then it is tried again.
const TRIES = 3;

const ONE_AT_A_TIME = { workers: 1, depth: 1 };

// One kill at `point`. Quiet: one connection is asked about at a time, so that it is
// known which one the kill met and what is allowed. Counts the kill, or the misses.
export async function killAtPoint(campaign, point, quiet) {
  const { points, missed } = campaign.score;
  const { connecting, revoking } = wayTo(point);
  const kill = connecting ? killWhileConnecting : revoking ? killWhileRevoking : killWhileRefreshing;
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await kill(campaign, point, quiet)) {
      points[point] = (points[point] ?? 0) + 1;
      return;
    }
    missed[point] = (missed[point] ?? 0) + 1;
  }
}

async function runAt(campaign, point, quiet, work, options = {}) {
  const how = quiet ? 'quiet' : 'loaded';
  let reached = false;
  const whole = await campaign.run(`${point} ${how}`, async (rig) => { reached = await work(rig); },
    { group: `kill at a fault point, ${how}`, ...options });
  return Boolean(whole) && reached;
}

// At the n-th passing.
function killWhileRefreshing(campaign, point, quiet) {
  const { random } = campaign;
  const { inRecovery, providerDoes } = wayTo(point);
  return runAt(campaign, point, quiet, async (rig) => {
    await rig.kill();
    const passing = providerDoes ? random.between(1, 3) : random.between(1, quiet ? 10 : 40);
    await rig.restart({ TOKENVAULT_FAULT: `${inRecovery ? 'refresh.landed' : point}:${passing}` });
    if (providerDoes) await rig.provider.ask('order', providerDoes, passing);
    const load = new Load(rig, random, quiet ? ONE_AT_A_TIME : {});
    const reached = await rig.dies(PATIENCE, SEEN_LATE);
    if (!reached) await rig.kill();
    await load.stop();
    await rig.provider.ask('clear');
    return reached && inRecovery ? dieInRecovery(rig, point) : reached;
  }, { nobodyInDoubt: quiet && !ANSWER_IN_HAND.includes(point) });
}

async function dieInRecovery(rig, point) {
  const serves = await rig.restart({ TOKENVAULT_FAULT: `${point}:1` }).then(() => true, () => false);
  if (!serves || await rig.dies(2000, SEEN_LATE)) return true;
  await rig.kill();
  return false;
}

// A kill while somebody new connects and others get tokens. Afterwards the newcomer
// connects again, and has one that works; where it was committed, nothing is asked
// of them.
function killWhileConnecting(campaign, point, quiet) {
  const account = campaign.newcomer();
  return runAt(campaign, point, quiet,
    (rig) => killWhile(campaign, rig, point, quiet, () => rig.connect(account)), {
      whoElse: async (rig) => {
        const asked = await rig.connect(account).catch((error) => error);
        if (asked instanceof Error) return [{ account, reason: `cannot connect: ${asked.message}` }];
        if (point === 'connect.committed' && asked) {
          return [{ account, reason: 'a committed connection asks again' }];
        }
        return rig.probe([account]);
      },
    });
}

// A kill while somebody disconnects. Afterwards they are connected, or nothing of
// theirs works at the provider either, without anybody asking again.
function killWhileRevoking(campaign, point, quiet) {
  const account = campaign.newcomer();
  return runAt(campaign, point, quiet, async (rig) => {
    await rig.connect(account);
    return killWhile(campaign, rig, point, quiet, () => rig.revoke(account));
  }, {
    whoElse: async (rig) => {
      const { state } = (await rig.connections()).get(account);
      if (state === 'STATE_ACTIVE') return rig.probe([account]);
      for (const until = Date.now() + PATIENCE; Date.now() < until;) {
        if (await rig.provider.ask('isOver', account)) return [];
        await pause(50);
      }
      return [{ account, reason: `is ${state} here and works at the provider` }];
    },
  });
}

// At the first passing of a point that `work` leads to, while others get tokens.
async function killWhile({ random }, rig, point, quiet, work) {
  await rig.kill();
  await rig.restart({ TOKENVAULT_FAULT: `${point}:1` });
  const load = new Load(rig, random, quiet ? ONE_AT_A_TIME : {});
  const [reached] = await Promise.all([rig.dies(PATIENCE, SEEN_LATE), work().catch(() => {})]);
  if (!reached) await rig.kill();
  await load.stop();
  return reached;
}
