// What is asked of a run, and how much of everything its two forms do.

// Each part begins with a world of its own, so that parts can be run separately.
export const PARTS = ['points', 'random', 'faults', 'garbage', 'stops', 'clock', 'disk', 'stampede', 'mass', 'foreign'];

const SHORT = {
  form: 'short',
  people: 24,
  // At each point once quiet and once loaded makes one round.
  pointRounds: 1,
  randomKills: 40,
  faultKills: 8,
  harmless: 3,
  harmful: 3,
  garbage: 12,
  standstills: 3,
  longStops: 0,
  oddClocks: 3,
  badDisks: { inTurn: 0, byChance: 12 },
  stampede: { waiters: 200, connections: 20 },
  mass: 100,
  foreign: { kills: 12, refreshes: 200, people: 20 },
};
const LONG = {
  form: 'long',
  people: 24,
  pointRounds: 20,
  randomKills: 2000,
  faultKills: 200,
  harmless: 50,
  harmful: 50,
  garbage: 60,
  standstills: 50,
  longStops: 3,
  oddClocks: 50,
  badDisks: { inTurn: 40, byChance: 200 },
  stampede: { waiters: 1000, connections: 100 },
  mass: 1000,
  foreign: { kills: 100, refreshes: 10_000, people: 200 },
};

const FLAGS = '[--seed N] [--short|--long] [--margin MS] [--only PART,...] [--out FILE]';

// {size, seed, only, margin, out}; `margin` in ms. Ends the process when they make
// no sense. `program` is what is run, with its parts and its two forms.
export function readOptions(args, program = { name: 'tests/faults/run', parts: PARTS, short: SHORT, long: LONG }) {
  const { name, parts, short, long } = program;
  const options = { size: short, seed: Date.now() % 1e9, only: parts, margin: 5, out: '' };
  const takes = {
    '--seed': [/^\d{1,9}$/, (value) => { options.seed = Number(value); }],
    '--margin': [/^\d{1,4}$/, (value) => { options.margin = Number(value); }],
    '--out': [/^[^-]/, (value) => { options.out = value; }],
    '--only': [new RegExp(`^(${parts.join('|')})(,(${parts.join('|')}))*$`),
      (value) => { options.only = value.split(','); }],
  };
  for (let i = 0; i < args.length; i += 1) {
    if (args[i] === '--short') options.size = short;
    else if (args[i] === '--long') options.size = long;
    else {
      const [form, take] = takes[args[i]] ?? [];
      i += 1;
      if (!form?.test(args[i] ?? '')) {
        process.stderr.write(`usage: ${name} ${FLAGS}\nparts: ${parts.join(' ')}\n`);
        process.exit(2);
      }
      take(args[i]);
    }
  }
  return options;
}
