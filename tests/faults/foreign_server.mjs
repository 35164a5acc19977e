// The same against an authorization server that we did not write: oidc-provider,
// which ends a grant when a used refresh token comes again.
import { ACCOUNTS } from '../e2e/support/authorization_server.mjs';
import { World } from '../e2e/support/world.mjs';
import { IN_DOUBT } from './judge.mjs';
import { microseconds } from './ledger.mjs';

const ASK = ['calendar.read'];
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Every answer of the token endpoint: when it was asked, and when the last byte
// had gone.
function watchAnswers(server) {
  const answers = [];
  server.http.prependListener('request', (req, res) => {
    if (req.url !== '/token') return;
    const answer = { at: microseconds(), gone: null };
    answers.push(answer);
    res.on('finish', () => { answer.gone = microseconds(); });
  });
  return answers;
}

async function stateOf(world, account) {
  const { connections } = await world.bot.call('ConnectionService', 'ListConnections',
    { parent: 'users/-', page_size: 500 });
  return connections.find((one) => one.account_label === ACCOUNTS[account].email)?.state_reason;
}

// "" when it works, else why not.
async function tryOut(world, account) {
  for (const end = Date.now() + 10_000; ;) {
    try {
      const answer = await world.bot.getToken('calendar', account, ASK);
      if (answer.outcome === 'token') return '';
      return await stateOf(world, account) || answer.consent_required.kind;
    } catch (error) {
      if (Date.now() > end) return error.reason ?? error.message;
      await pause(50);
    }
  }
}

async function connect(world, account) {
  const { consent_required: asked } = await world.bot.getToken('calendar', account, ASK);
  if (asked) await world.connect(world.person(), account, asked);
}

async function load(world, people, random, life) {
  while (life.on) {
    const more = random.onceIn(2) ? { min_ttl: { seconds: '1', nanos: 400_000_000 } } : {};
    await world.bot.getToken('calendar', random.of(people), ASK, more)
      .catch(() => pause(5));
  }
}

// A few at a time, or hundreds of people take longer than the tokens live.
async function eachOf(people, work) {
  const left = [...people];
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (left.length > 0) await work(left.pop());
  }));
}

// {line, ok}. Goes on until there were so many kills and so many refreshes. Lost
// are those that do not work and have no right to say that they are in doubt:
// there are no more of these than answers on their way at the kill.
export async function againstForeignServer({ kills, refreshes, people: count, random, say, margin }) {
  const people = Array.from({ length: count }, (_, i) => `p${i + 1}`);
  for (const name of people) ACCOUNTS[name] = { name, email: `${name}@example.test` };
  const world = await World.start({ accessTokenTtl: 2 });
  const result = { kills: 0, refreshes: 0, lost: 0, inDoubt: 0, revoked: 0 };
  try {
    const answers = watchAnswers(world.provider);
    world.provider.provider.on('grant.revoked', () => { result.revoked += 1; });
    world.provider.provider.on('grant.success', ({ oidc }) => {
      if (oidc.params.grant_type === 'refresh_token') result.refreshes += 1;
    });
    for (const name of people) {
      await connect(world, name);
      say(`${name} of ${count} connected at oidc-provider`);
    }
    while (result.kills < kills || result.refreshes < refreshes) {
      const life = { on: true };
      const workers = Array.from({ length: 4 }, () => load(world, people, random, life));
      await pause(random.between(20, 400));
      const from = microseconds();
      await world.vault.kill();
      life.on = false;
      await Promise.all(workers);
      result.kills += 1;
      const atRisk = answers.filter(({ gone }) => gone === null || gone + margin > from).length;
      world.bot.close();
      await world.vault.start();
      world.bot = world.agent('bot');
      let doubts = 0;
      await eachOf(people, async (name) => {
        const reason = await tryOut(world, name);
        if (reason === '') return;
        if (IN_DOUBT.includes(reason) && doubts < atRisk) doubts += 1;
        else result.lost += 1;
        await connect(world, name);
      });
      result.inDoubt += doubts;
      answers.length = 0;
      say(`${result.kills} kills, ${result.refreshes} refreshes at oidc-provider`);
    }
    return {
      ok: result.lost === 0 && result.revoked <= result.inDoubt,
      line: `against oidc-provider: people=${count} kills=${result.kills} ` +
        `refreshes=${result.refreshes} lost=${result.lost} ` +
        `in_doubt=${result.inDoubt} families_revoked=${result.revoked}`,
    };
  } finally {
    await world.stop();
  }
}
