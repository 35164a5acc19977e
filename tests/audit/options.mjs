// How much of everything the two forms of a run do.
export const PROGRAM = {
  name: 'tests/audit/run',
  parts: ['mutations', 'proofs', 'kills', 'faults'],
  short: { form: 'short', mutations: 1000, leaves: 1200, allUpTo: 300, largeTrees: 50, kills: 60, faultRounds: 3 },
  long: { form: 'long', mutations: 10_000, leaves: 3000, allUpTo: 300, largeTrees: 1000, kills: 500, faultRounds: 100 },
};
