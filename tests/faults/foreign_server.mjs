// The same against an authorization server that we did not write: oidc-provider,
// which ends a grant when a used refresh token comes again.
import { ACCOUNTS } from '../e2e/support/authorization_server.mjs';
import { World } from '../e2e/support/world.mjs';
import { IN_DOUBT } from './judge.mjs';
import { microseconds } from './ledger.mjs';
import { pause } from './moments.mjs';

const ASK = ['calendar.read'];

// What happens at the token endpoint, by account: each answer, when its last byte
// had gone, and whose grants were ended because a used token came again.
class Watch {
  refreshes = 0;
  answers = [];
  revoked = new Set();
  #ofRequest = new WeakMap();
  #accounts = new Map();

  constructor(server) {
    server.http.prependListener('request', (req, res) => {
      if (req.url !== '/token') return;
      const answer = { gone: null };
      this.#ofRequest.set(req, answer);
      this.answers.push(answer);
      res.on('finish', () => { answer.gone = microseconds(); });
    });
    server.provider.on('grant.success', ({ req, oidc }) => {
      const { Grant } = oidc.entities;
      this.#accounts.set(Grant.jti, Grant.accountId);
      this.#ofRequest.get(req).account = Grant.accountId;
      if (oidc.params.grant_type === 'refresh_token') this.refreshes += 1;
    });
    server.provider.on('grant.revoked', (_ctx, grant) => {
      this.revoked.add(this.#accounts.get(grant) ?? 'nobody we know');
    });
  }

  // Whose answer a kill at `from` may have eaten: it had not gone, or a moment ago.
  atRisk(from, margin) {
    return new Set(this.answers.filter(({ gone }) => gone === null || gone + margin > from)
      .map(({ account }) => account));
  }

  forget() {
    this.answers.length = 0;
    this.revoked.clear();
  }
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

// Goes on until there were so many kills and so many refreshes. "No family revoked"
// cannot hold to the letter: where the kill ate the answer, the token that is shown
// again, once, is a used one, and this server ends the grant for it. So a family may
// be ended only if its own account's answer was at risk at the kill, and the vault
// says of this very connection that it is in doubt. All else is lost.
export async function againstForeignServer({ kills, refreshes, people: count }, { score, random, say, margin }) {
  const people = Array.from({ length: count }, (_, i) => `p${i + 1}`);
  for (const name of people) ACCOUNTS[name] = { name, email: `${name}@example.test` };
  const world = await World.start({ accessTokenTtl: 2 });
  const watch = new Watch(world.provider);
  const all = { kills: 0, inDoubt: 0, revoked: 0, declared: 0 };
  try {
    for (const name of people) {
      await connect(world, name);
      say(`${name} of ${count} connected at oidc-provider`);
    }
    watch.forget();
    while (all.kills < kills || watch.refreshes < refreshes) {
      const began = Date.now();
      const life = { on: true };
      const workers = Array.from({ length: 4 }, () => load(world, people, random, life));
      await pause(random.between(20, 400));
      const from = microseconds();
      await world.vault.kill();
      life.on = false;
      await Promise.all(workers);
      all.kills += 1;
      const atRisk = watch.atRisk(from, margin);
      world.bot.close();
      await world.vault.start();
      world.bot = world.agent('bot');
      const inDoubt = new Set();
      const breaches = [];
      const broken = [];
      await eachOf(people, async (account) => {
        const reason = await tryOut(world, account);
        if (reason === '') return;
        broken.push(account);
        if (IN_DOUBT.includes(reason) && atRisk.has(account)) inDoubt.add(account);
        else breaches.push({ rule: 'I2', account, text: `lost: ${reason}` });
      });
      for (const account of watch.revoked) {
        if (inDoubt.has(account)) all.declared += 1;
        else breaches.push({ rule: 'I3', account, text: 'ended by a replay, and not in doubt' });
      }
      for (const { account, text } of breaches) say(`against oidc-provider: ${account} ${text}`, 'breach');
      all.inDoubt += inDoubt.size;
      all.revoked += watch.revoked.size;
      score.add('against oidc-provider', 'against oidc-provider',
        { kills: 1, calls: watch.answers.length, inDoubt: inDoubt.size, breaches, seconds: (Date.now() - began) / 1000 });
      await eachOf(broken, (account) => connect(world, account));
      watch.forget();
      say(`${all.kills} kills, ${watch.refreshes} refreshes at oidc-provider`);
    }
  } finally {
    const line = `against oidc-provider: people=${count} kills=${all.kills} refreshes=${watch.refreshes} ` +
      `in_doubt=${all.inDoubt} families_revoked=${all.revoked}, ${all.declared} of them in the residual window: ` +
      'the kill ate their own answer, and they say that they are in doubt';
    score.remarks.push(line);
    say(line, 'result');
    await world.stop();
  }
}
