// Part `mutations`: every way of tampering with an export is seen, and where a range of
// leaves is named, it is the right one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { Log, textOf } from './log.mjs';
import { MUTATIONS } from './mutate.mjs';
import { Signer } from './notes.mjs';
import { verify } from './verifier.mjs';

const ORIGIN = 'tokenvault-6f1a2b3c';

// Whether each place has a leaf in one of the ranges.
const covers = (ranges, at) => at.every((place) => place.some(
  (leaf) => ranges.some(({ first, last }) => first <= leaf && leaf <= last)));

class World {
  constructor(random, leaves, folder) {
    this.random = random;
    this.witness = new Signer('witness.example/w1', 4, random);
    this.stranger = new Signer(ORIGIN, 1, random);
    const signer = new Signer(ORIGIN, 1, random);
    this.log = new Log({ random, signer, witness: this.witness }).grow(leaves);
    this.other = new Log({ random, signer: this.stranger, witness: null, life: 'b' }).grow(leaves);
    this.otherLines = this.other.export();
    this.folder = folder;
    this.kept = path.join(folder, 'kept');
    writeFileSync(this.kept, [...this.log.notes.values()].join('\n'));
  }

  args({ withoutKey = false } = {}) {
    return [...(withoutKey ? [] : ['--key', this.log.signer.vkey]), '--witnessed', this.kept,
      '--witness-key', this.witness.vkey];
  }

  // An export of all of it, or of what follows some leaf: for the checks, each alike.
  draw() {
    const first = this.random.onceIn(3) ? this.random.between(2, this.log.leaves.length / 2) : 1;
    this.lines = this.log.export(first);
    this.text = Buffer.from(textOf(this.lines));
    return this;
  }
}

// What is as it was written verifies, in one file or several, from the first leaf or not.
async function controls(world, fail) {
  const { log, random } = world;
  const end = log.leaves.length;
  const cuts = [random.between(1, 400), log.sizes[2], random.between(500, end - 1)].sort((a, b) => a - b);
  const parts = [0, ...cuts].map((from, i) => log.export(from + 1, cuts[i] ?? end));
  const files = parts.map((lines, i) => {
    const file = path.join(world.folder, `part${i}`);
    writeFileSync(file, textOf(lines));
    return file;
  });
  const all = {
    whole: [world.args(), [log.export()], end],
    'without key and witness': [[], [log.export()], end],
    several: [[...world.args(), ...files], [], end],
    'from a later leaf': [world.args(), [log.export(cuts[0] + 1)], end - cuts[0]],
  };
  for (const [name, [args, [lines], leaves]] of Object.entries(all)) {
    const { code, report } = await verify(lines ? [...args, '-'] : args, lines ? textOf(lines) : '');
    if (code !== 0 || report.leaves !== leaves) fail(`control ${name}: ${code} ${JSON.stringify(report)}`);
    const states = new Set(report.ranges.map(({ state }) => state));
    const wanted = args.length > 0 ? 'witnessed' : 'signed';
    if (states.size !== 1 || !states.has(wanted)) fail(`control ${name}: ${[...states]}, not ${wanted}`);
  }
  return Object.keys(all).length;
}

async function judge(world, kind, { text, at, withoutKey }, counts, fail) {
  const { code, report } = await verify([...world.args({ withoutKey }), '-'], text);
  counts.mutations += 1;
  counts[kind] = (counts[kind] ?? 0) + 1;
  if (code !== 6 || report.faults.length === 0) return fail(`${kind} was not seen`, text);
  counts.reported += 1;
  const ranges = report.faults.filter((fault) => fault.first);
  if (ranges.length === 0 || at.length === 0) return undefined;
  if (covers(ranges, at)) counts.placed += 1;
  else fail(`${kind} at ${JSON.stringify(at)} was put at ${JSON.stringify(ranges)}`, text);
  return undefined;
}

// {counts}; what does not hold is told to `fail`, with the export it is about.
export async function mutations({ random, size, fail }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'audit-'));
  const counts = { controls: 0, mutations: 0, reported: 0, placed: 0, same: 0 };
  try {
    const world = new World(random, size.leaves, folder);
    counts.controls = await controls(world, fail);
    const kinds = Object.keys(MUTATIONS);
    const running = new Set();
    for (let turn = 0; counts.mutations + running.size < size.mutations; turn += 1) {
      const kind = kinds[turn % kinds.length];
      const { text } = world.draw();
      const mutated = MUTATIONS[kind](world);
      if (mutated === null) continue;
      if (Buffer.from(mutated.text).equals(text)) {
        counts.same += 1;
        continue;
      }
      const run = judge(world, kind, mutated, counts, fail).finally(() => running.delete(run));
      running.add(run);
      if (running.size >= availableParallelism()) await Promise.race(running);
    }
    await Promise.all(running);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return counts;
}
