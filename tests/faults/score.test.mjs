// A count that forgets something makes a run sound that is not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byGroup, quantiles, Score, sum } from './score.mjs';

const lost = { rule: 'I2', account: 'ana', text: 'lost' };
const endedToo = { rule: 'I3', account: 'ana', text: 'ended' };

function scored(...runs) {
  const score = new Score({});
  score.part = 'points';
  for (const run of runs) score.add('refresh.landed quiet', 'quiet', run);
  return score;
}

describe('a score', () => {
  test('is sound without a breach, and says what was counted', () => {
    const score = scored({ kills: 2, calls: 30, inDoubt: 1 }, { kills: 1, calls: 20 });
    assert.equal(score.sound, true);
    assert.equal(score.lastLine(), 'runs=2 kills=3 provider_calls=50 lost=0 used_twice=0 in_doubt=1 ' +
      'unaudited=0 plaintext=0 failed=0');
  });

  test('counts who is lost in two ways once a run, and is not sound', () => {
    const score = scored({ breaches: [lost, endedToo] }, { breaches: [lost] });
    assert.match(score.lastLine(), / lost=2 /);
    assert.equal(score.sound, false);
  });

  test('is not sound when something failed', () => {
    const score = scored({});
    score.fail('a point was not met');
    assert.match(score.lastLine(), / failed=1$/);
    assert.equal(score.sound, false);
  });

  test('names what was skipped', () => {
    const score = scored({});
    score.part = 'disk';
    score.skip('no tracing');
    assert.match(score.lastLine(), / skipped=disk$/);
  });

  test('adds kinds up by group', () => {
    const score = scored({ kills: 1 });
    score.add('refresh.done quiet', 'quiet', { kills: 2 });
    score.add('refresh.done loaded', 'loaded', { kills: 4 });
    const rows = byGroup([...score.kinds.values()]);
    assert.deepEqual(rows.map(({ group, runs, kills }) => [group, runs, kills]), [['quiet', 2, 3], ['loaded', 1, 4]]);
    assert.equal(sum(rows).kills, 7);
  });
});

test('quantiles are of the sorted times, in ms', () => {
  assert.equal(quantiles([]), 'none');
  assert.equal(quantiles([3000, 1000, 2000]), 'ms before the kill: p50 2.0, p90 2.0, p99 2.0, max 3.0');
});
