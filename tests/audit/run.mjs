// Proves that an audit log that was tampered with is found out; tests/audit/README.md
// says how to read what it prints. Started by tests/audit/run.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { tmpdir } from 'node:os';
import { readOptions } from '../faults/options.mjs';
import { Random } from '../faults/random.mjs';
import { faults } from './faults.mjs';
import { kills } from './kills.mjs';
import { mutations } from './mutations.mjs';
import { PROGRAM } from './options.mjs';
import { proofs } from './proofs.mjs';

// A part takes {random, size, fail} and answers with what it counted.
const PARTS = { mutations, proofs, kills, faults };
// A few are enough to find out why.
const MOST_TOLD = 10;

const { size, seed, only, out } = readOptions(process.argv.slice(2), PROGRAM);
const counts = {};
let failed = 0;

function failIn(part) {
  return (sentence, text) => {
    failed += 1;
    if (failed > MOST_TOLD) return;
    let where = '';
    if (text !== undefined) {
      where = path.join(tmpdir(), `audit-breach-${seed}-${failed}.jsonl`);
      writeFileSync(where, text);
    }
    process.stdout.write(`breach in ${part}: ${sentence.slice(0, 2000)} ${where}\n`);
  };
}

for (const [name, part] of Object.entries(PARTS)) {
  if (!only.includes(name)) continue;
  const began = Date.now();
  // Of its own seed, so that a part does the same with others and alone.
  const random = new Random(seed + PROGRAM.parts.indexOf(name));
  Object.assign(counts, await part({ random, size, fail: failIn(name) }));
  process.stdout.write(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}
const line = Object.entries({ form: size.form, seed, ...counts, failed }).map(([k, v]) => `${k}=${v}`).join(' ');
process.stdout.write(`${line}\n`);
if (out) writeFileSync(out, `${JSON.stringify({ form: size.form, seed, ...counts, failed }, null, 2)}\n`);
process.exit(failed > 0 ? 1 : 0);
