// The provider says no to everybody for a while: it is the provider that is ill,
// not a thousand people who changed their minds.
import { Load } from './load.mjs';
import { pause } from './moments.mjs';

// Until the vault doubts it, a few are asked; then one in five seconds.
const MOST_CALLS = 80;
const SECONDS = 10;
// It is believed again when one of those goes well.
const HEALS = 90_000;
const DOUBTED = 'PROVIDER_MISCONFIGURED';

// `kind` is what it says; `mayFlag` people may be told to reconnect. Afterwards every
// one of them works: that is the judge's rule, and those who were flagged are in it.
export function massRefusal(campaign, kind, mayFlag) {
  const { score, random, say } = campaign;
  return campaign.run(`everybody hears ${kind}`, async (rig) => {
    await rig.probe();
    // No token is left that would do.
    await pause(2500);
    const before = await rig.provider.ask('calls');
    await rig.provider.ask('order', kind, Number.MAX_SAFE_INTEGER);
    const load = new Load(rig, random);
    for (let second = 0; second < SECONDS; second += 1) {
      await pause(1000);
      say(`everybody hears ${kind}: ${second + 1}/${SECONDS} s`);
    }
    await load.stop();
    const calls = await rig.provider.ask('calls') - before;
    const flagged = [...await rig.connections()]
      .filter(([, { state }]) => state !== 'STATE_ACTIVE').map(([account]) => account);
    await rig.provider.ask('clear');
    const told = new Set([...flagged, ...load.links]).size;
    const doubted = load.refusals.get(DOUBTED) ?? 0;
    const line = `everybody hears ${kind}: connections=${rig.people.length} flagged=${flagged.length} ` +
      `links=${load.links.size} (together at most ${mayFlag}, and ${told}) doubted=${doubted} ` +
      `provider_calls=${calls} (at most ${MOST_CALLS})`;
    score.remarks.push(line);
    if (told > mayFlag || doubted === 0 || calls > MOST_CALLS) score.fail(line);
    say(line, 'result');
  }, { patience: HEALS, nobodyInDoubt: true });
}
