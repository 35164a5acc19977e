// What is done to the daemon at moments of chance, or at a call to the disk: each
// is one run of a campaign (campaign.mjs). The fault points are in point_kills.mjs.
import { Load } from './load.mjs';
import { CHANGED, HARMFUL, HARMLESS, INSTEAD } from './misbehaviour.mjs';
import { pause, waitMicroseconds } from './moments.mjs';
import { OddClock } from './odd_clock.mjs';

// Longer than the lease of a refresh, in ms.
const PAST_THE_LEASE = 46_000;

// One random kill under full load, at a microsecond of chance. What it ate says how
// large the residual window is.
export async function randomKill(campaign) {
  const { random, score } = campaign;
  const verdict = await campaign.run('random kill', async (rig) => {
    const load = new Load(rig, random);
    await waitMicroseconds(random.between(1000, 300_000));
    await rig.kill();
    await load.stop();
  });
  if (verdict) score.window.push(...verdict.window);
}

// A kill while the provider misbehaves, so that answers are lost and odd too.
export function killAmongFaults(campaign) {
  const { random } = campaign;
  return campaign.run('kill among faults', async (rig) => {
    await rig.provider.ask('chance', [...HARMLESS, ...HARMFUL], 6);
    const load = new Load(rig, random);
    await waitMicroseconds(random.between(50_000, 1_500_000));
    await rig.kill();
    await load.stop();
    await rig.provider.ask('clear');
  });
}

// No kill: the provider alone. `kinds` is what it does.
export function providerFaults(campaign, name, kinds) {
  const { random } = campaign;
  return campaign.run(name, async (rig) => {
    await rig.provider.ask('chance', kinds, 4);
    const load = new Load(rig, random);
    await pause(random.between(500, 2000));
    await load.stop();
    await rig.provider.ask('clear');
  });
}

// The provider does one thing only, `wanted` times at least. Where the answer is
// lost, each connection hears it once, and what hears it again hears no.
export async function garbage(campaign, kind, wanted) {
  const { random, score, world } = campaign;
  const group = INSTEAD[kind] ? 'garbage, nothing done' : CHANGED[kind] ? 'garbage, answered oddly' : 'garbage, answer lost';
  const lost = HARMFUL.includes(kind);
  // Other parts may have had some of it.
  const others = score.garbage[kind] ?? 0;
  const had = () => (score.garbage[kind] ?? 0) - others;
  for (let tries = 0; had() < wanted && tries < 10; tries += 1) {
    const missing = Math.min(wanted - had(), lost ? world.people.length : wanted);
    await campaign.run(`garbage ${kind}`, async (rig) => {
      const before = await rig.provider.ask('garbage');
      await rig.provider.ask('order', kind, lost ? Number.MAX_SAFE_INTEGER : missing);
      const load = new Load(rig, random);
      for (const until = Date.now() + (lost ? 4000 : 15_000); Date.now() < until;) {
        await pause(50);
        if (await rig.provider.ask('garbage') - before >= missing) break;
      }
      await load.stop();
      await rig.provider.ask('clear');
    }, { group, nobodyInDoubt: !lost });
  }
  if (had() < wanted) score.fail(`only ${had()} of ${wanted} answers of the kind ${kind}`);
}

// The daemon stands still for so many ms, then goes on.
function standStill(campaign, name, ms) {
  const { random } = campaign;
  return campaign.run(name, async (rig) => {
    const load = new Load(rig, random);
    await waitMicroseconds(random.between(10_000, 300_000));
    rig.vault.signal('SIGSTOP');
    await pause(ms);
    rig.vault.signal('SIGCONT');
    await pause(200);
    await load.stop();
  });
}

// For longer than the daemon's patience with the provider, at times.
export const standstill = (campaign) => standStill(campaign, 'standstill', campaign.random.between(50, 3500));

// The provider has answered long ago, and the leases are over.
export const longStop = (campaign) => standStill(campaign, 'standstill past the lease',
  PAST_THE_LEASE + campaign.random.between(0, 4000));

// A disk that fails, then a kill while nothing is under way. What could not be
// written was not begun, and what was answered is kept. Whether the daemon met
// the fault.
export async function diskFails(campaign, makeDisk) {
  const { random } = campaign;
  let met = false;
  await campaign.run(makeDisk.kind, async (rig) => {
    const { launcher, injected } = makeDisk(rig);
    await rig.kill();
    // It may be that it cannot even start: then it says so, and ends.
    const serves = await rig.restart({}, launcher).then(() => true, () => false);
    if (serves) {
      const load = new Load(rig, random);
      await pause(random.between(300, 700));
      await load.stop();
      await rig.kill();
    }
    met = injected();
  }, { nobodyInDoubt: true });
  return met;
}

// Somebody sets the clock, to and fro, and leaves it wrong. Everybody has a token
// that works within the usual patience, and nothing is asked of the provider twice.
export function clockSet(campaign) {
  const { random } = campaign;
  return campaign.run('clock set', async (rig) => {
    const clock = new OddClock(rig.dir, random);
    await rig.kill();
    await rig.restart(clock.env);
    const load = new Load(rig, random);
    for (let i = 0; i < 2; i += 1) {
      await pause(random.between(300, 900));
      clock.set();
    }
    await load.stop();
  }, {
    after: async (rig) => {
      await rig.kill();
      await rig.restart();
    },
  });
}
