// The outside judge. Pure functions over what others wrote down: the provider's
// ledger (ledger.mjs), the times of the kills, what a token request brought for
// each person afterwards, the audit log and the bytes of the files. It knows
// nothing of how the daemon works.
//
//   I1  a refresh token whose answer arrived is never shown again, and one whose
//       answer may be lost is shown once more at most
//   I2  every connection works afterwards, or the provider ended it of its own
//       will, or it says that its answer may be lost, and the ledger agrees
//   I3  no family is ended by a replay, but for those
//   I4  no token in plain text in any file or log
//   I5  every token an agent got has its leaf in the audit log
//
// Times are microseconds of one clock. A kill is {from, to, next}: it happened
// between the first two, and the next life of the daemon began at the third. What
// was sent before it may still be at work in the provider after it.
import { hashOf, MARK, TOKEN } from './ledger.mjs';

// How long after the last byte left the provider a kill may still excuse a loss.
export const MARGIN = 5000;

// The reasons with which a connection says that an answer may be lost.
export const IN_DOUBT = ['UNKNOWN_ROTATION', 'LOST_ROTATION'];

// What became of the answer to each call that used up a refresh token.
function answersByCall(events) {
  const answers = new Map();
  for (const event of events) {
    if (event.what === 'used' && event.rotated) {
      answers.set(event.call, { ...event, deliveredAt: null, endedAt: null });
    } else if (event.what === 'delivered' || event.what === 'undelivered') {
      const answer = answers.get(event.call);
      if (!answer) continue;
      answer.endedAt = event.at;
      if (event.what === 'delivered') answer.deliveredAt = event.at;
    }
  }
  return answers;
}

// True when the daemon has no excuse for not having this answer.
function mustBeKept(answer, kills, margin) {
  if (!answer || answer.deliveredAt === null) return false;
  return !kills.some((kill) => kill.next >= answer.at && kill.from < answer.deliveredAt + margin);
}

// How long before the next kill the answer had arrived, for whoever looks into it.
function arrival(answer, kills) {
  const next = kills.filter(({ to }) => to >= answer.deliveredAt).map(({ from }) => from);
  const before = next.length > 0
    ? `${((Math.min(...next) - answer.deliveredAt) / 1000).toFixed(1)} ms before a kill` : 'no kill after it';
  return `though its answer arrived (${before}${answer.fault ? `, ${answer.fault}` : ''})`;
}

export function judgeUse(events, kills, margin = MARGIN) {
  const breaches = [];
  const answers = answersByCall(events);
  const seen = new Map();
  const say = (event, text) => breaches.push({
    rule: 'I1', account: event.account, text: `${event.family} generation ${event.generation}: ${text}`,
  });
  for (const event of events) {
    const key = `${event.family}/${event.generation}`;
    if (event.what === 'used' && event.rotated) {
      if (seen.has(key)) say(event, 'rotated twice');
      seen.set(key, { replays: 0 });
    } else if (event.what === 'replayed') {
      const answer = answers.get(event.usedBy);
      const early = answer && (answer.endedAt === null || event.at < answer.endedAt) &&
        !kills.some((kill) => kill.next >= answer.at && kill.from <= event.at);
      const count = seen.get(key) ?? { replays: 0 };
      seen.set(key, count);
      count.replays += 1;
      if (early) say(event, 'shown again while its answer was under way');
      else if (mustBeKept(answer, kills, margin)) say(event, `shown again ${arrival(answer, kills)}`);
      else if (count.replays > 1) say(event, 'shown again more than once');
    }
  }
  return breaches;
}

// `probes` are {account, works, inDoubt, reason}: one for each person, from after
// the restart. Returns the breaches of I2 and I3, who is rightly in doubt, and of
// those that do not work though their answer had left the provider before a kill,
// how long before: also where that is a breach.
export function judgeGrants(events, kills, probes, margin = MARGIN) {
  const breaches = [];
  const inDoubt = [];
  const window = [];
  const answers = [...answersByCall(events).values()];
  const declared = new Set(probes.filter((one) => one.inDoubt).map((one) => one.account));
  const ended = new Set(events.filter((one) => one.what === 'revoked' && one.why === 'provider')
    .map((one) => one.account));
  for (const probe of probes) {
    const { account } = probe;
    const say = (text) => breaches.push({ rule: 'I2', account, text });
    if (probe.works || ended.has(account)) continue;
    const last = answers.filter((one) => one.account === account).at(-1);
    const before = !last || last.deliveredAt === null ? []
      : kills.map(({ from }) => from - last.deliveredAt).filter((time) => time >= 0);
    if (before.length > 0) window.push(Math.min(...before));
    if (!probe.inDoubt) say(`lost: ${probe.reason}`);
    else if (!last) say(`in doubt (${probe.reason}) though no answer is missing`);
    else if (mustBeKept(last, kills, margin)) say(`in doubt (${probe.reason}) ${arrival(last, kills)}`);
    else inDoubt.push(account);
  }
  for (const event of events) {
    if (event.what !== 'revoked' || event.why !== 'replay') continue;
    if (declared.has(event.account)) continue;
    breaches.push({ rule: 'I3', account: event.account, text: `${event.family} ended by a replay` });
  }
  return { breaches, inDoubt, window };
}

// The mark as it looks in base64, by where in a group of three it begins: without
// the characters that its neighbours have a part in.
function marksInBase64() {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.from('\0'.repeat(offset) + MARK).toString('base64');
    const whole = Math.floor((offset + MARK.length) / 3) * 4;
    return text.slice(offset === 0 ? 0 : 4, whole);
  });
}

// The ledger's tokens that stand in `places`, pairs of a name and bytes as latin1
// text. Any encoded mark counts too: nothing else makes one.
export function judgePlainText(tokenHashes, places) {
  const encoded = [Buffer.from(MARK).toString('hex'), ...marksInBase64()];
  const breaches = [];
  for (const [place, content] of places) {
    const found = new Set([...content.matchAll(TOKEN)].map(([value]) => hashOf(value))
      .filter((hash) => tokenHashes.has(hash)));
    for (const hash of found) {
      breaches.push({ rule: 'I4', text: `token ${hash.slice(0, 8)} in ${place}` });
    }
    for (const mark of encoded) {
      if (content.includes(mark)) breaches.push({ rule: 'I4', text: `an encoded token in ${place}` });
    }
  }
  return breaches;
}

// `granted` are the token ids that agents got, `leaves` those of token.granted.
export function judgeAudit(granted, leaves) {
  return [...granted].filter((id) => !leaves.has(id))
    .map((id) => ({ rule: 'I5', text: `no leaf for ${id}` }));
}

// All of it, for one run.
export function judge({ events, kills, probes, granted, leaves, tokenHashes, places, margin }) {
  const grants = judgeGrants(events, kills, probes, margin);
  const breaches = [
    ...judgeUse(events, kills, margin), ...grants.breaches,
    ...judgePlainText(tokenHashes, places), ...judgeAudit(granted, leaves),
  ];
  return { breaches, inDoubt: grants.inDoubt, window: grants.window };
}

// The numbers of the last line. A connection that is lost in two ways is one.
export function tally(breaches) {
  const of = (...rules) => breaches.filter(({ rule }) => rules.includes(rule));
  return {
    lost: new Set(of('I2', 'I3').map(({ account, run }) => `${run ?? ''}/${account}`)).size,
    used_twice: of('I1').length,
    unaudited: of('I5').length,
    plaintext: of('I4').length,
  };
}
