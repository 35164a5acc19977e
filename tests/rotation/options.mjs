// What is asked of a run, and how much of everything its two forms do.
export const PARTS = ['points', 'random', 'disk'];

const SHORT = { form: 'short', pointRounds: 4, randomKills: 30, badDisks: { inTurn: 0, byChance: 6 } };
const LONG = { form: 'long', pointRounds: 20, randomKills: 400, badDisks: { inTurn: 12, byChance: 60 } };

const USAGE = `usage: tests/rotation/run [--seed N] [--short|--long] [--margin MS] [--only PART,...]
parts: ${PARTS.join(' ')}
`;

// {size, seed, only, margin}; `margin` in ms. Ends the process when they make no
// sense.
export function readOptions(args) {
  const options = { size: SHORT, seed: Date.now() % 1e9, only: PARTS, margin: 5 };
  const takes = {
    '--seed': [/^\d{1,9}$/, (value) => { options.seed = Number(value); }],
    '--margin': [/^\d{1,4}$/, (value) => { options.margin = Number(value); }],
    '--only': [new RegExp(`^(${PARTS.join('|')})(,(${PARTS.join('|')}))*$`),
      (value) => { options.only = value.split(','); }],
  };
  for (let i = 0; i < args.length; i += 1) {
    if (args[i] === '--short') options.size = SHORT;
    else if (args[i] === '--long') options.size = LONG;
    else {
      const [form, take] = takes[args[i]] ?? [];
      i += 1;
      if (!form?.test(args[i] ?? '')) {
        process.stderr.write(USAGE);
        process.exit(2);
      }
      take(args[i]);
    }
  }
  return options;
}
