// Proves from outside that a rotation loses nothing and goes only forward;
// tests/rotation/README.md says how to read what it prints. Started by
// tests/rotation/run.
//
// The daemon, its provider with the ledger, the people, the load and the judge are
// those of tests/faults: while master keys change, a refresh must lose no grant
// either.
import { badCall, DATABASE_CALLS, throughBadDisks } from '../faults/bad_disk.mjs';
import { Campaign } from '../faults/campaign.mjs';
import { Course } from '../faults/course.mjs';
import { Load } from '../faults/load.mjs';
import { pause } from '../faults/moments.mjs';
import { readOptions } from '../faults/options.mjs';
import { faultPoints, isOfRotation, version } from '../faults/points.mjs';
import { Random } from '../faults/random.mjs';
import { Score } from '../faults/score.mjs';
import { Keys } from './keys.mjs';
import { PROGRAM } from './options.mjs';

const PEOPLE = Array.from({ length: 20 }, (_, i) => `p${i + 1}`);
// So many data keys a second: a rotation of all takes longer than most lives of the
// daemon.
const SLOW = ['key', 'rotate', '--rate', '8'];
const LONGEST_LIFE = 2500;
// A rotation that dies at a point dies soon.
const PATIENCE = 15_000;
// A kill at a point is only seen from outside, so many microseconds late at most.
const SEEN_LATE = 50_000;
// More than a rotation of all these people takes.
const MOST_CALLS = 300;
// Every third fault meets a rotation that an earlier one left.
const GO_ON = 3;

const { size, seed, only, margin, out } = readOptions(process.argv.slice(2), PROGRAM);
const score = new Score({ seed, form: size.form, margin, version: await version(), parts: [] });
const keys = new Keys((text) => course.say(score.fail(text), 'breach'));
const course = new Course(score, {
  out, more: () => ` rotations=${keys.rotations} opened=${keys.opened}`,
});
const { say } = course;

// One fault while a rotation runs and agents get tokens; then the keys are looked
// at, now and then the rotation is ended, and the judge has the last word.
function runOne(campaign, kind, fault, { ends = () => campaign.random.onceIn(GO_ON) } = {}) {
  return campaign.run(kind, fault, {
    whoElse: async (rig) => {
      await keys.look(rig, kind);
      if (ends()) {
        const load = new Load(rig, campaign.random, { depth: 1 });
        await keys.finish(rig);
        await load.stop();
      }
      return [];
    },
  });
}

async function killAtPoint(campaign, point) {
  let reached = false;
  // Chance, or what an earlier kill left, may lead past a point; then again.
  for (let tries = 0; tries < 4 && !reached && !course.stopped; tries += 1) {
    await runOne(campaign, 'kill at a fault point', async (rig) => {
      await rig.kill();
      await rig.restart({ TOKENVAULT_FAULT: `${point}:1` });
      const load = new Load(rig, campaign.random, { depth: 1 });
      const rotating = rig.vault.cli('key', 'rotate');
      reached = await Promise.race([rig.dies(PATIENCE, SEEN_LATE), rotating.then(() => pause(500)).then(() => false)]);
      if (!reached) await rig.kill();
      await Promise.all([rotating, load.stop()]);
    });
  }
  if (!reached) return score.fail(`${point} was not met`);
  score.points[point] = (score.points[point] ?? 0) + 1;
  return undefined;
}

async function points(campaign) {
  const { points: all, problem } = await faultPoints();
  if (problem) throw new Error(`no fault points: ${problem}`);
  const ours = all.filter(isOfRotation);
  for (let i = 0; i < size.pointRounds; i += 1) {
    for (const point of ours) {
      if (course.stopped) return;
      say(`round ${i + 1}/${size.pointRounds}: ${point}`);
      await killAtPoint(campaign, point);
    }
  }
  score.remarks.push(`fault points: ${ours.length}, each met ${size.pointRounds} times`);
}

async function random(campaign) {
  await course.repeat(size.randomKills, 'random kill', () => runOne(campaign, 'random kill', async (rig) => {
    const load = new Load(rig, campaign.random, { depth: 1 });
    const rotating = rig.vault.cli(...SLOW);
    await pause(campaign.random.between(0, LONGEST_LIFE));
    await rig.kill();
    await Promise.all([rotating, load.stop()]);
  }));
}

async function diskFails(campaign, makeDisk, { loaded = true, ends } = {}) {
  let met = false;
  await runOne(campaign, makeDisk.kind, async (rig) => {
    const { launcher, injected } = makeDisk(rig);
    await rig.kill();
    const serves = await rig.restart({}, launcher).then(() => true, () => false);
    if (serves) {
      const load = loaded && new Load(rig, campaign.random, { depth: 1 });
      await rig.vault.cli('key', 'rotate');
      if (load) await load.stop();
      await rig.kill();
    }
    met = injected();
  }, { ends });
  return met;
}

// Every call in its turn, from the start of the daemon to the end of a whole rotation,
// until a rotation ends and its call was not met: there is none that was left out.
// Nobody else writes meanwhile.
const WHOLE = { loaded: false, ends: () => true };
async function everyWrite(campaign) {
  for (const [what, calls] of Object.entries(DATABASE_CALLS)) {
    for (const error of size.errors) {
      let call = 1;
      while (!course.stopped && await diskFails(campaign, badCall(calls, error, call), WHOLE)) {
        say(`${what} ${call} says ${error}`);
        call += 1;
        if (call > MOST_CALLS) throw new Error(`a rotation takes more than ${MOST_CALLS} calls`);
      }
      score.remarks.push(`each ${what} of a rotation says ${error}: ${call - 1} of them`);
    }
  }
}

const DOES = {
  points,
  random,
  writes: everyWrite,
  disk: (campaign) => throughBadDisks(course, campaign.random, size, (one) => diskFails(campaign, one)),
};

async function runPart(part) {
  keys.begin();
  const means = { score, random: new Random(seed + 7919 * PROGRAM.parts.indexOf(part)), say, margin: margin * 1000 };
  // One world a part: its keys grow old together.
  const campaign = new Campaign({ people: PEOPLE, seed, ttl: 2, runs: Infinity }, means);
  try {
    await DOES[part](campaign);
  } finally {
    await campaign.stop();
  }
}

await course.through(only, runPart);
if (keys.rotations === 0 && !course.stopped) score.fail('no rotation came to its end');
course.finish();
