// The daemon stands still for longer than it waits for anybody, and the answer
// comes meanwhile. It is taken up when it goes on.
import { pause } from './moments.mjs';
import { NARROW, PATIENCE } from './rig.mjs';

// For one person only, so that it is known whose answer it is. Stands still for
// `past` ms longer than it waits for the provider.
export function answeredMeanwhile(campaign, past) {
  const { score } = campaign;
  return campaign.run('answered while it stood still', async (rig) => {
    await rig.kill();
    await rig.restart();
    const before = await rig.provider.ask('calls');
    await rig.provider.ask('set', { delay: 500 });
    const asked = rig.getToken(rig.agents[0], rig.people[0], NARROW, {}, PATIENCE + past + 20_000)
      .then((answer) => answer.outcome, (error) => error.reason ?? error.message);
    await pause(250);
    rig.vault.signal('SIGSTOP');
    await pause(PATIENCE + past);
    rig.vault.signal('SIGCONT');
    const first = await asked;
    await rig.provider.ask('set', { delay: 0 });
    // Who waited for longer than the vault lets anybody wait may be told so before
    // the answer is read; it is there for who asks next.
    const told = first === 'UPSTREAM_SLOW';
    const outcome = told
      ? (await rig.getToken(rig.agents[0], rig.people[0], NARROW)).outcome : first;
    const calls = await rig.provider.ask('calls') - before;
    const line = `answered while it stood still for ${(PATIENCE + past) / 1000} s: outcome=${told ? `${first}, then ` : ''}${outcome} provider_calls=${calls}`;
    score.remarks.push(line);
    if (outcome !== 'token' || calls !== 1) score.fail(line);
  }, { nobodyInDoubt: true });
}
