// How much of everything the two forms of a run do.
export const PROGRAM = {
  name: 'tests/rotation/run',
  parts: ['points', 'random', 'writes', 'disk'],
  short: { form: 'short', pointRounds: 2, randomKills: 16, errors: ['EIO'], badDisks: { inTurn: 0, byChance: 4 } },
  long: { form: 'long', pointRounds: 20, randomKills: 400, errors: ['EIO', 'ENOSPC'], badDisks: { inTurn: 12, byChance: 60 } },
};
