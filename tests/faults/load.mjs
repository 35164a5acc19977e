// Workers that ask for tokens all the time, each for people of its own choice.
import { NARROW, WIDE } from './rig.mjs';

// Tokens are good for two seconds: one that must have this long to go is fetched
// anew nearly every time.
const NEARLY_ALL = { seconds: '1', nanos: 400_000_000 };

export class Load {
  // How often each reason was given for no token, and to whom a link was.
  refusals = new Map();
  links = new Set();
  #on = true;
  #workers;

  // One worker an agent, each with `depth` requests under way at a time. Depth 1
  // with one worker is the quiet load: one connection is asked about at a time.
  constructor(rig, random, { workers = rig.agents.length, depth = 4, accounts = rig.people } = {}) {
    const loops = rig.agents.slice(0, workers)
      .flatMap((agent) => Array.from({ length: depth }, () => agent));
    this.#workers = loops.map((agent) => this.#work(rig, agent, random, accounts));
  }

  async #work(rig, agent, random, accounts) {
    while (this.#on && !rig.stopped) {
      const more = random.onceIn(2) ? { min_ttl: NEARLY_ALL } : {};
      const account = random.of(accounts);
      try {
        const answer = await rig.getToken(agent, account, random.onceIn(3) ? WIDE : NARROW, more);
        if (answer.outcome === 'consent_required') this.links.add(account);
      } catch (error) {
        const why = error.reason ?? error.code;
        this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
        // Nobody is there: do not spin.
        if (error.code === 'UNAVAILABLE') await new Promise((resolve) => { setTimeout(resolve, 5); });
      }
    }
  }

  // Once it returns, nothing of it is under way.
  async stop() {
    this.#on = false;
    await Promise.all(this.#workers);
  }
}
