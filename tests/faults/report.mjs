// Renders results of `run --out` for docs/reliability.md. Started by
// tests/faults/report.
import { readFileSync } from 'node:fs';
import { PARTS } from './options.mjs';
import { byGroup, quantiles, sum } from './score.mjs';

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('usage: tests/faults/report FILE...\n');
  process.exit(2);
}
const results = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const one = (name) => [...new Set(results.map((result) => result[name]))].join('; ');
const all = (name) => results.flatMap((result) => result[name]);
// Adds up {name: count}.
function counts(name) {
  const total = {};
  for (const result of results) {
    for (const [key, count] of Object.entries(result[name])) total[key] = (total[key] ?? 0) + count;
  }
  return total;
}
const line = (...cells) => `| ${cells.join(' | ')} |`;

const done = all('parts');
const twice = PARTS.filter((part) => done.filter((other) => other === part).length > 1);
if (twice.length > 0) throw new Error(`more than one result of ${twice.join(', ')}`);
const missing = PARTS.filter((part) => !done.includes(part));
const kinds = all('kinds').sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part));
const total = sum(kinds);
const cellsOf = (row) => [row.runs, row.kills, row.calls, row.in_doubt, row.lost, row.used_twice, row.unaudited,
  row.plaintext, (row.seconds / 60).toFixed(1)];
const points = counts('points');
const garbage = counts('garbage');
const answers = Object.values(garbage);

const text = [
  `Form ${one('form')}, seed ${one('seed')}, margin ${one('margin')} ms, ${one('version')}, ${one('date')}, on ` +
  `${one('machine')}.`,
  '',
  line('part', 'what', 'runs', 'kills', 'provider calls', 'in doubt', 'lost', 'used twice', 'unaudited', 'plaintext', 'minutes'),
  line('---', '---', ...Array(9).fill('---:')),
  ...byGroup(kinds).map((row) => line(row.part, row.group, ...cellsOf(row))),
  line('**all**', '', ...cellsOf(total)),
  '',
];
if (Object.keys(points).length > 0) {
  const missed = Object.values(counts('missed')).reduce((a, b) => a + b, 0);
  text.push(`* Fault points: ${Object.keys(points).length}, each with ${Math.min(...Object.values(points))} kills or more; ` +
    `in ${missed} more runs the point was not passed.`);
}
if (done.includes('random')) {
  const window = all('window');
  const { runs } = sum(kinds.filter(({ part, kind }) => part === 'random' && kind === 'random kill'));
  text.push(`* Residual window: ${window.length} answers eaten by ${runs} random kills after their last byte had gone; ` +
    `${quantiles(window)}.`);
}
if (answers.length > 0) {
  text.push(`* Answers that were not as they should be: ${answers.reduce((a, b) => a + b)} of ${answers.length} kinds ` +
    `(${Object.entries(garbage).map(([kind, count]) => `${kind} ${count}`).join(', ')}).`);
}
const remarks = all('remarks').filter((remark) => !/^(residual window|fault points):/.test(remark));
text.push(...remarks.map((remark) => `* ${remark[0].toUpperCase()}${remark.slice(1)}.`));
if (missing.length > 0) text.push(`* Not run: ${missing.join(', ')}.`);
text.push(...all('failures').map((failure) => `* FAILED: ${failure.split('\n')[0]}`));
process.stdout.write(`${text.join('\n')}\n`);
