// Proves from outside that a refresh never loses a grant; tests/faults/README.md
// says how to read what it prints. Started by tests/faults/run.
import { throughBadDisks } from './bad_disk.mjs';
import { Campaign } from './campaign.mjs';
import { Course } from './course.mjs';
import { againstForeignServer } from './foreign_server.mjs';
import { massRefusal } from './mass_refusal.mjs';
import { HARMFUL, HARMLESS } from './misbehaviour.mjs';
import { PARTS, readOptions } from './options.mjs';
import { killAtPoint } from './point_kills.mjs';
import {
  faultPoints, isOfErasure, isOfRestore, isOfRotation, version,
} from './points.mjs';
import { Random } from './random.mjs';
import {
  clockSet, diskFails, garbage, killAmongFaults, longStop, providerFaults, randomKill, standstill,
} from './runs.mjs';
import { quantiles, Score } from './score.mjs';
import { stampede } from './stampede.mjs';
import { answeredMeanwhile } from './standing_still.mjs';

const { size, seed, only, margin, out } = readOptions(process.argv.slice(2));
const score = new Score({ seed, form: size.form, margin, version: await version(), parts: [] });
const course = new Course(score, { out });
const { say } = course;
const names = (count) => Array.from({ length: count }, (_, i) => `p${i + 1}`);

const repeat = (...how) => course.repeat(...how);

async function points(campaign) {
  const { points: every, problem } = await faultPoints();
  if (problem) throw new Error(`no fault points: ${problem}`);
  const elsewhere = [isOfErasure, isOfRestore, isOfRotation];
  const all = every.filter((point) => !elsewhere.some((isOf) => isOf(point)));
  await repeat(size.pointRounds, 'round of all points', async () => {
    for (const point of all) {
      for (const quiet of [true, false]) {
        if (course.stopped) return;
        await killAtPoint(campaign, point, quiet);
        say(point);
      }
    }
  });
  const wanted = 2 * size.pointRounds;
  const fewest = Math.min(...all.map((point) => score.points[point] ?? 0));
  for (const point of all.filter((one) => (score.points[one] ?? 0) < wanted)) {
    score.fail(`${point} was met ${score.points[point] ?? 0} times of ${wanted}`);
  }
  score.remarks.push(`fault points: ${all.length}, each met ${fewest} times or more; ` +
    `passed by ${Object.values(score.missed).reduce((a, b) => a + b, 0)} times`);
}

// What each part does, with a campaign of its own.
const DOES = {
  points,
  random: (campaign) => repeat(size.randomKills, 'random kill', () => randomKill(campaign)),
  faults: async (campaign) => {
    await repeat(size.harmless, 'provider ill', () => providerFaults(campaign, 'provider ill', HARMLESS));
    await repeat(size.harmful, 'answers lost', () => providerFaults(campaign, 'answers lost', HARMFUL));
    await repeat(size.faultKills, 'kill among faults', () => killAmongFaults(campaign));
  },
  garbage: (campaign) => {
    const kinds = [...HARMLESS, ...HARMFUL];
    return repeat(kinds.length, 'kind of garbage', (i) => garbage(campaign, kinds[i], size.garbage));
  },
  stops: async (campaign) => {
    await repeat(size.standstills, 'standstill', () => standstill(campaign));
    await repeat(size.longStops, 'standstill past the lease', () => longStop(campaign));
  },
  clock: (campaign) => repeat(size.oddClocks, 'clock set', () => clockSet(campaign)),
  disk: (campaign) => throughBadDisks(course, campaign.random, size, (one) => diskFails(campaign, one)),
  stampede: (campaign) => stampede(campaign, size.stampede.waiters),
  mass: async (campaign) => {
    await massRefusal(campaign, 'invalid_client', 0);
    await massRefusal(campaign, 'invalid_grant', 20);
  },
};

// The people of each part, how long their tokens live, and how long a world lasts.
const WORLDS = {
  // As many as are asked for at a time: each one more is one more to ask afterwards.
  points: { people: names(16), ttl: 2 },
  stampede: { people: names(size.stampede.connections), ttl: 600 },
  mass: { people: names(size.mass), ttl: 2, runs: 1 },
};

async function alone(campaign) {
  const one = new Campaign({ people: names(1), seed, ttl: 600 }, campaign);
  try {
    await answeredMeanwhile(one, 1000);
    if (size.longStops > 0) await answeredMeanwhile(one, 46_000);
  } finally {
    await one.stop();
  }
}

async function runPart(part) {
  // So that a part by itself does what it does among others.
  const random = new Random(seed + 7919 * PARTS.indexOf(part));
  const means = { score, random, say, margin: margin * 1000 };
  if (part === 'foreign') return againstForeignServer(size.foreign, means);
  const campaign = new Campaign({ people: names(size.people), ttl: 2, seed, ...WORLDS[part] }, means);
  try {
    await DOES[part](campaign);
    if (part === 'stops' && !course.stopped) await alone(means);
  } finally {
    await campaign.stop();
  }
  return undefined;
}

await course.through(only, runPart);
if (score.window.length > 0 || score.parts.includes('random')) {
  score.remarks.push(`residual window: ${score.window.length} answers eaten by random kills after their last byte; ` +
    quantiles(score.window));
}
course.finish();
