// How much of everything the two forms of a run do.
export const PROGRAM = {
  name: 'tests/rotation/run',
  parts: ['points', 'random', 'disk'],
  short: { form: 'short', pointRounds: 4, randomKills: 30, badDisks: { inTurn: 0, byChance: 6 } },
  long: { form: 'long', pointRounds: 20, randomKills: 400, badDisks: { inTurn: 12, byChance: 60 } },
};
