// Proves from outside that a refresh never loses a grant; tests/faults/README.md
// says how to read what it prints. Started by tests/faults/run.
import { badDisk, whyNoBadDisks } from './bad_disk.mjs';
import { Campaign } from './campaign.mjs';
import { againstForeignServer } from './foreign_server.mjs';
import { HARMFUL, HARMLESS } from './misbehaviour.mjs';
import { faultPoints } from './points.mjs';
import { Random } from './random.mjs';
import { Rig } from './rig.mjs';
import { answeredMeanwhile, massRefusal, stampede } from './scenarios.mjs';

const SHORT = {
  people: 24, pointRounds: 1, randomKills: 40, faultKills: 8, harmless: 3, harmful: 3, standstills: 3, oddClocks: 3, badDisks: 12,
  stampede: { waiters: 200, connections: 20 }, mass: 100, foreign: { kills: 12, refreshes: 200, people: 20 },
};
const LONG = {
  people: 48, pointRounds: 20, randomKills: 2000, faultKills: 200, harmless: 50, harmful: 50,
  standstills: 50, oddClocks: 50, badDisks: 500, stampede: { waiters: 1000, connections: 100 }, mass: 1000,
  foreign: { kills: 200, refreshes: 10_000, people: 200 },
};
// At each point once quiet and once loaded makes one round.
const PARTS = ['points', 'random', 'faults', 'disk', 'stampede', 'mass', 'foreign'];

function readArguments(args) {
  const options = { size: SHORT, seed: Date.now() % 1e9, only: PARTS, margin: 5 };
  for (let i = 0; i < args.length; i += 1) {
    const value = args[i + 1];
    if (args[i] === '--short') options.size = SHORT;
    else if (args[i] === '--long') options.size = LONG;
    else if (args[i] === '--seed' && /^\d{1,9}$/.test(value)) {
      options.seed = Number(value);
      i += 1;
    } else if (args[i] === '--margin' && /^\d{1,4}$/.test(value)) {
      options.margin = Number(value);
      i += 1;
    } else if (args[i] === '--only' && value?.split(',').every((part) => PARTS.includes(part))) {
      options.only = value.split(',');
      i += 1;
    } else {
      process.stderr.write('usage: tests/faults/run [--seed N] [--short|--long] ' +
        `[--margin MS] [--only PART,...]\nparts: ${PARTS.join(' ')}\n`);
      process.exit(2);
    }
  }
  return options;
}

const began = Date.now();
let spoken = 0;
// A line every two seconds at most; breaches at once.
function say(text, kind = 'progress') {
  const now = Date.now();
  if (kind === 'progress' && now - spoken < 2000) return;
  spoken = now;
  const seconds = ((now - began) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${kind === 'breach' ? 'BREACH  ' : ''}${text}\n`);
}
const result = (text) => say(text, 'result');

const { size, seed, only, margin } = readArguments(process.argv.slice(2));
const random = new Random(seed);
const failures = [];
result(`seed ${seed}`);

async function repeat(count, name, work) {
  for (let i = 0; i < count; i += 1) {
    say(`${name} ${i + 1}/${count}`);
    await work();
  }
}

async function runPoints(campaign) {
  const { points, problem } = await faultPoints();
  if (problem) {
    failures.push(`no fault points: ${problem}`);
    result(`FAILED: no fault points: ${problem}`);
    return;
  }
  const reached = new Set();
  await repeat(size.pointRounds, 'round of all points', async () => {
    for (const point of points) {
      for (const quiet of [true, false]) {
        if (await campaign.killAtPoint(point, quiet)) reached.add(point);
        say(`${point}: ${campaign.kills} kills so far`);
      }
    }
  });
  for (const point of points.filter((one) => !reached.has(one))) {
    failures.push(`${point} was never passed`);
  }
  result(`points: ${reached.size} of ${points.length} met`);
}

// The residual window: answers that had come and were not on the disk yet.
function windowOf({ window, byKind }) {
  const { runs } = byKind.get('random kill');
  const times = window.map((us) => us / 1000).sort((a, b) => a - b);
  const at = (part) => times[Math.floor(part * (times.length - 1))]?.toFixed(2);
  return `residual window: ${times.length} answers eaten by ${runs} random kills after their last byte` +
    (times.length > 0 ? `; ms before the kill: p50 ${at(0.5)}, max ${at(1)}` : '');
}

async function runCampaign() {
  const people = Array.from({ length: size.people }, (_, i) => `p${i + 1}`);
  const rig = await Rig.start({ people, seed, ttl: 2 });
  const campaign = new Campaign(rig, random, say, margin * 1000);
  try {
    await rig.each(people, (account) => rig.connect(account));
    await rig.newEvents();
    result(`${people.length} people connected`);
    if (only.includes('points')) await runPoints(campaign);
    if (only.includes('random')) {
      await repeat(size.randomKills, 'random kill', () => campaign.randomKill());
    }
    if (only.includes('faults')) {
      await repeat(size.harmless, 'provider ill', () => campaign.providerFaults('provider ill', HARMLESS));
      await repeat(size.harmful, 'answers lost', () => campaign.providerFaults('answers lost', HARMFUL));
      await repeat(size.faultKills, 'kill among faults', () => campaign.killAmongFaults());
      await repeat(size.standstills, 'standstill', () => campaign.standstill());
      await repeat(size.oddClocks, 'clock set', () => campaign.oddClock());
    }
    const noDisks = only.includes('disk') ? whyNoBadDisks() : 'not asked for';
    if (only.includes('disk') && noDisks) result(`SKIPPED  bad disks: ${noDisks}`);
    if (!noDisks) {
      let met = 0;
      await repeat(size.badDisks, 'bad disk', async () => {
        if (await campaign.badDisk(badDisk(random, rig))) met += 1;
      });
      result(`bad disks: ${met} of ${size.badDisks} met`);
      if (met < size.badDisks / 2) failures.push('most bad disks were not met');
    }
    campaign.finish();
    for (const [kind, { runs, inDoubt, breaches }] of campaign.byKind) {
      result(`${kind}: runs=${runs} in_doubt=${inDoubt} breaches=${breaches.length}`);
    }
    if (only.includes('random')) result(windowOf(campaign));
    return { ...campaign.numbers(), runs: campaign.runs, kills: campaign.kills, calls: rig.providerCalls };
  } finally {
    await rig.stop();
  }
}

async function scenario(name, work) {
  try {
    const { line, ok } = await work();
    result(`${ok ? 'ok' : 'FAILED'}  ${line}`);
    if (!ok) failures.push(line);
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
    result(`FAILED  ${name}: ${error.stack}`);
  }
}

const numbers = await runCampaign();
if (only.includes('faults')) {
  await scenario('answered meanwhile', () => answeredMeanwhile({ seed }));
}
if (only.includes('stampede')) {
  await scenario('stampede', () => stampede({ ...size.stampede, seed, say }));
}
if (only.includes('mass')) {
  for (const [kind, mayFlag] of [['invalid_client', 0], ['invalid_grant', 20]]) {
    await scenario(`mass ${kind}`,
      () => massRefusal({ kind, mayFlag, connections: size.mass, seed, say, random }));
  }
}
if (only.includes('foreign')) {
  await scenario('against oidc-provider', () => againstForeignServer({ ...size.foreign, random, say, margin: margin * 1000 }));
}
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
process.stdout.write(`runs=${numbers.runs} kills=${numbers.kills} provider_calls=${numbers.calls} ` +
  `lost=${numbers.lost} used_twice=${numbers.used_twice} in_doubt=${numbers.in_doubt} ` +
  `unaudited=${numbers.unaudited} plaintext=${numbers.plaintext}\n`);
const sound = [numbers.lost, numbers.used_twice, numbers.unaudited, numbers.plaintext]
  .every((count) => count === 0);
// All is counted: what sockets and workers of the last scenario still have to say
// changes nothing, and must not end us otherwise.
process.exit(sound && failures.length === 0 ? 0 : 1);
