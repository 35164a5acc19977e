// The judge against planted breaches: each must be caught, and what is allowed
// must pass.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashOf, MARK } from './ledger.mjs';
import { judge, judgeAudit, judgeGrants, judgePlainText, judgeUse, tally } from './judge.mjs';

const ANA = { family: 'f1', account: 'ana' };
const used = (at, generation = 1, more = {}) =>
  ({ what: 'used', at, call: at, ...ANA, generation, rotated: true, fault: '', ...more });
const delivered = (at, call) => ({ what: 'delivered', at, call, bytes: 500 });
const undelivered = (at, call) => ({ what: 'undelivered', at, call, why: 'closed' });
const replayed = (at, usedBy, generation = 1) =>
  ({ what: 'replayed', at, call: at, usedBy, ...ANA, generation });
const revoked = (at, why = 'replay') => ({ what: 'revoked', at, ...ANA, why });
const killAt = (at, next = at) => ({ from: at, to: at, next });
const works = { account: 'ana', works: true, inDoubt: false };
const gone = { account: 'ana', works: false, inDoubt: false, reason: 'GRANT_GONE' };
const doubted = { account: 'ana', works: false, inDoubt: true, reason: 'LOST_ROTATION' };
const rules = (breaches) => breaches.map((one) => one.rule);

describe('a refresh token', () => {
  test('that is used once a generation is fine', () => {
    const events = [used(1000), delivered(2000, 1000), used(50_000, 2), delivered(51_000, 50_000)];
    assert.deepEqual(judgeUse(events, []), []);
  });

  test('shown again after its answer arrived is caught', () => {
    const events = [used(1000), delivered(2000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(rules(judgeUse(events, [])), ['I1']);
  });

  test('shown again after its answer arrived well before a kill is caught', () => {
    const events = [used(1000), delivered(2000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(rules(judgeUse(events, [killAt(7001)])), ['I1']);
  });

  test('shown again after a kill that may have eaten the answer is fine, once', () => {
    const events = [used(1000), delivered(2000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(judgeUse(events, [killAt(6999)]), []);
    events.push(replayed(60_000, 1000));
    assert.deepEqual(rules(judgeUse(events, [killAt(6999)])), ['I1']);
  });

  test('shown again after a kill that its own request outlived is fine', () => {
    const events = [used(1000), delivered(2000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(judgeUse(events, [killAt(900, 2500)]), []);
  });

  test('shown again because of an earlier or later kill is caught', () => {
    const events = [used(1000), delivered(2000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(rules(judgeUse(events, [killAt(900), killAt(40_000)])), ['I1']);
  });

  test('shown again after a lost answer is fine, once', () => {
    const events = [used(1000), undelivered(2000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(judgeUse(events, []), []);
    events.push(replayed(60_000, 1000));
    assert.deepEqual(rules(judgeUse(events, [])), ['I1']);
  });

  test('shown twice at a time is caught, even if the answer is lost then', () => {
    const events = [used(1000), replayed(1500, 1000), undelivered(2000, 1000)];
    assert.deepEqual(rules(judgeUse(events, [])), ['I1']);
  });

  test('of which nothing is known is caught', () => {
    const events = [used(1000), used(3000)];
    assert.deepEqual(rules(judgeUse(events, [])), ['I1']);
  });

  test('that the provider did not rotate may be used again', () => {
    const events = [used(1000, 1, { rotated: false }), used(3000, 1)];
    assert.deepEqual(judgeUse(events, []), []);
  });

  test('whose killed call is known only roughly is judged by the earliest time', () => {
    const events = [used(1000), delivered(30_000, 1000), replayed(50_000, 1000)];
    assert.deepEqual(judgeUse(events, [{ from: 20_000, to: 45_000, next: 46_000 }]), []);
    assert.deepEqual(rules(judgeUse(events, [{ from: 36_000, to: 45_000, next: 46_000 }])), ['I1']);
  });
});

describe('a connection', () => {
  const kept = [used(1000), delivered(2000, 1000)];
  const lost = [used(1000), undelivered(2000, 1000), replayed(9000, 1000), revoked(9000)];

  test('that works is fine', () => {
    assert.deepEqual(judgeGrants(kept, [], [works]), { breaches: [], inDoubt: [], window: [] });
  });

  test('that is gone is caught', () => {
    assert.deepEqual(rules(judgeGrants(kept, [], [gone]).breaches), ['I2']);
  });

  test('that the provider ended of its own will may be gone, with or without a kill', () => {
    const events = [...kept, revoked(3000, 'provider')];
    assert.deepEqual(judgeGrants(events, [], [gone]), { breaches: [], inDoubt: [], window: [] });
    assert.deepEqual(judgeGrants(events, [killAt(2500)], [works]), { breaches: [], inDoubt: [], window: [] });
  });

  test('that is gone without a word about doubt is caught, whatever was lost', () => {
    assert.deepEqual(rules(judgeGrants(lost, [], [gone]).breaches), ['I2', 'I3']);
  });

  test('in doubt after a lost answer is fine, and its ended family too', () => {
    assert.deepEqual(judgeGrants(lost, [], [doubted]), { breaches: [], inDoubt: ['ana'], window: [] });
  });

  test('in doubt after a kill tells how long before it the answer had come', () => {
    assert.deepEqual(judgeGrants(kept, [killAt(2700)], [doubted]).window, [700]);
    assert.deepEqual(judgeGrants(kept, [killAt(1500)], [doubted]).window, []);
  });

  test('whose loss is a breach tells how long before the kill its answer had come', () => {
    assert.deepEqual(judgeGrants(kept, [killAt(9000)], [doubted]).window, [7000]);
    assert.deepEqual(judgeGrants(kept, [killAt(9000)], [gone]).window, [7000]);
  });

  test('in doubt after an answer cut off by a kill is fine', () => {
    assert.deepEqual(judgeGrants(kept, [killAt(1500)], [doubted]).inDoubt, ['ana']);
    assert.deepEqual(judgeGrants(kept, [killAt(6500)], [doubted]).breaches, []);
  });

  test('in doubt though its answer arrived is caught', () => {
    assert.deepEqual(rules(judgeGrants(kept, [], [doubted]).breaches), ['I2']);
    assert.deepEqual(rules(judgeGrants(kept, [killAt(7500)], [doubted]).breaches), ['I2']);
  });

  test('in doubt though nothing was asked is caught', () => {
    assert.deepEqual(rules(judgeGrants([], [killAt(100)], [doubted]).breaches), ['I2']);
  });

  test('that works while its family was ended by a replay is caught', () => {
    assert.deepEqual(rules(judgeGrants([...kept, revoked(9000)], [], [works]).breaches), ['I3']);
  });

  test('whose family was ended on purpose is fine', () => {
    assert.deepEqual(judgeGrants([revoked(9000, 'revocation')], [], [works]).breaches, []);
  });
});

describe('a token', () => {
  const value = `${MARK}R${'a1_-'.repeat(8)}`;
  const hashes = new Set([hashOf(value)]);
  const finds = (content) => judgePlainText(hashes, [['file', content]]).length;

  test('in plain text is caught', () => {
    assert.equal(finds(`x\0${value}\0y`), 1);
  });

  test('in hexadecimal is caught', () => {
    assert.equal(finds(Buffer.from(value).toString('hex')), 1);
  });

  test('in base64 is caught, wherever it begins', () => {
    for (const before of ['', 'x', 'xy', 'xyz']) {
      assert.ok(finds(Buffer.from(before + value).toString('base64')) >= 1, before);
    }
  });

  test('that nobody issued is no token', () => {
    assert.equal(finds(`${MARK}R${'b'.repeat(32)}`), 0);
  });

  test('that is not there is not found', () => {
    assert.equal(finds('nothing of the kind'), 0);
  });
});

describe('the audit log', () => {
  test('with a leaf for each token is fine', () => {
    assert.deepEqual(judgeAudit(new Set(['t-1']), new Set(['t-1', 't-2'])), []);
  });

  test('without the leaf of a token is caught', () => {
    assert.deepEqual(rules(judgeAudit(new Set(['t-1', 't-3']), new Set(['t-1']))), ['I5']);
  });
});

describe('the last line', () => {
  test('counts each kind, and a connection that is lost in two ways once a run', () => {
    const value = `${MARK}A${'c'.repeat(32)}`;
    const { breaches, inDoubt } = judge({
      events: [used(1000), delivered(2000, 1000), replayed(9000, 1000), revoked(9000)],
      kills: [],
      probes: [gone],
      granted: new Set(['t-1']),
      leaves: new Set(),
      tokenHashes: new Set([hashOf(value)]),
      places: [['log', value]],
    });
    assert.deepEqual(inDoubt, []);
    assert.deepEqual(tally(breaches), { lost: 1, used_twice: 1, unaudited: 1, plaintext: 1 });
    const again = [...breaches.map((one) => ({ ...one, run: 1 })), ...breaches.map((one) => ({ ...one, run: 2 }))];
    assert.equal(tally(again).lost, 2);
  });
});
