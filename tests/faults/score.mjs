// What is counted: by kind of run, and all together.
//
//   kind   {part, group, runs, kills, calls, inDoubt, seconds, breaches, and of
//          them lost, used_twice, unaudited, plaintext}
//
// A group is what a table shows in one row: all the fault points, say.
import { cpus, release, totalmem, type } from 'node:os';
import { writeFileSync } from 'node:fs';
import { tally } from './judge.mjs';

const COUNTS = ['runs', 'kills', 'calls', 'lost', 'used_twice', 'in_doubt', 'unaudited', 'plaintext'];
const MUST_BE_ZERO = ['lost', 'used_twice', 'unaudited', 'plaintext'];
const zeros = () => Object.fromEntries(COUNTS.map((name) => [name, 0]));

export function sum(kinds) {
  const all = { ...zeros(), breaches: 0, seconds: 0 };
  for (const kind of kinds) for (const name of Object.keys(all)) all[name] += kind[name];
  return all;
}

// Rows of {part, group, ...counts}, in the order in which they came.
export function byGroup(kinds) {
  const groups = new Map();
  for (const kind of kinds) {
    const key = `${kind.part}/${kind.group}`;
    groups.set(key, [...groups.get(key) ?? [], kind]);
  }
  return [...groups.values()].map((of) => ({ part: of[0].part, group: of[0].group, ...sum(of) }));
}

// Where times in microseconds lie.
export function quantiles(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part) => (sorted[Math.floor(part * (sorted.length - 1))] / 1000).toFixed(1);
  if (sorted.length === 0) return 'none';
  return `ms before the kill: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`;
}

export class Score {
  part = '';
  kinds = new Map();
  failures = [];
  skipped = [];
  // What a scenario has to say, and what was counted that no kind of run has.
  remarks = [];
  // How often the daemon was killed at each fault point, and ran past none.
  points = {};
  missed = {};
  // How many answers of each kind of misbehaviour the daemon got.
  garbage = {};
  // Microseconds from an answer's last byte to the random kill that ate it.
  window = [];

  constructor(options) { Object.assign(this, options); }

  // Adds what one or more runs came to.
  add(kind, group, { runs = 1, kills = 0, calls = 0, inDoubt = 0, seconds = 0, breaches = [] }) {
    const key = `${this.part}/${kind}`;
    const entry = this.kinds.get(key) ?? {
      part: this.part, kind, group, ...zeros(), breaches: 0, seconds: 0,
    };
    this.kinds.set(key, entry);
    entry.runs += runs;
    entry.kills += kills;
    entry.calls += calls;
    entry.in_doubt += inDoubt;
    entry.seconds += seconds;
    entry.breaches += breaches.length;
    for (const [name, count] of Object.entries(tally(breaches))) entry[name] += count;
  }

  // Something that is no breach of an invariant, and not as it must be.
  fail(text) {
    this.failures.push(`${this.part}: ${text}`);
    return text;
  }

  skip(why) {
    this.skipped.push(this.part);
    this.remarks.push(`${this.part}: SKIPPED, ${why}`);
  }

  get sound() {
    const all = sum(this.kinds.values());
    return this.failures.length === 0 && MUST_BE_ZERO.every((name) => all[name] === 0);
  }

  table() {
    const rows = [...this.kinds.values()].map((one) => [one.part, one.kind, one.runs, one.kills,
      one.calls, one.in_doubt, one.breaches, one.seconds.toFixed(0)]);
    const all = [['part', 'kind', 'runs', 'kills', 'calls', 'in doubt', 'breaches', 'seconds'], ...rows];
    const widths = all[0].map((_, i) => Math.max(...all.map((row) => String(row[i]).length)));
    return all.map((row) => row.map((cell, i) => (i < 2
      ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join('  ')).join('\n');
  }

  lastLine() {
    const all = sum(this.kinds.values());
    const counts = COUNTS.map((name) => `${name === 'calls' ? 'provider_calls' : name}=${all[name]}`);
    const skipped = this.skipped.length > 0 ? ` skipped=${this.skipped.join(',')}` : '';
    return `${counts.join(' ')} failed=${this.failures.length}${skipped}`;
  }

  // For tests/faults/report; written after each part, so that an end too soon
  // leaves the parts that were done.
  write(file) {
    const { seed, form, margin, version, parts, failures, skipped, remarks, points, missed, garbage, window } = this;
    writeFileSync(file, `${JSON.stringify({
      seed, form, margin, version, parts, failures, skipped, remarks, points, missed, garbage, window,
      machine: `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release().split('.', 2).join('.')}`,
      date: new Date().toISOString().slice(0, 10),
      kinds: [...this.kinds.values()],
    }, null, 1)}\n`);
  }
}
