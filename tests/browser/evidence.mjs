// What an attack left behind, by three witnesses: the authorization server's own log
// of codes, the page that was shown, and the audit log.
//
//   const evidence = await Evidence.since(world);
//   …the attack…
//   evidence.assertRedeemed(0);
//   await assertShows(visitor, WENT_WRONG);
//   await evidence.assertLeaf({ action: 'connect.refused', detail: 'state' });
import assert from 'node:assert/strict';
import { ACCOUNTS } from '../e2e/support/authorization_server.mjs';

// Pages by which a refusal is known; none says what was checked.
export const WENT_WRONG = { status: 403, heading: 'Something went wrong' };
export const OTHER_PERSON = { status: 403, heading: 'This link was made for someone else' };
export const SIGN_IN_PAGE = { status: 200, heading: 'Sign in to continue' };
export const CONSENT = { status: 200, heading: 'Let Calendar Bot use your Test Calendar account?' };
export const DONE = { status: 200, heading: /^Done\. Calendar Bot can / };
export const USED = { status: 410, heading: 'This link was used already' };
export const STOPPED = { status: 410, heading: 'This link was stopped' };

// Who people are, as it would be seen by those who must not.
const names = (login) => [ACCOUNTS[login].name, ACCOUNTS[login].email];

// That the visitor sees this page, and nobody's name but their own.
export async function assertShows(visitor, { status, heading }) {
  const shown = await visitor.heading();
  if (heading instanceof RegExp) assert.match(shown, heading);
  else assert.equal(shown, heading);
  assert.equal(visitor.shown.status(), status);
  const html = await visitor.page.content();
  const own = ACCOUNTS[visitor.login] ? names(visitor.login) : [];
  for (const name of Object.keys(ACCOUNTS).flatMap(names)) {
    assert.ok(own.includes(name) || !html.includes(name), `the page names ${name}`);
  }
}

export class Evidence {
  // Of what happens from now on.
  static async since(world) {
    const evidence = new Evidence();
    evidence.world = world;
    evidence.codes = world.provider.redeemed().length;
    evidence.signIns = world.identity.redeemed().length;
    evidence.size = (await world.leaves()).length;
    return evidence;
  }

  // How many codes the provider took.
  assertRedeemed(count) {
    assert.equal(this.world.provider.redeemed().length - this.codes, count, 'codes redeemed');
  }

  // How many the identity provider took.
  assertSignedIn(count) {
    assert.equal(this.world.identity.redeemed().length - this.signIns, count, 'sign-ins');
  }

  async leaves(action) {
    const leaves = (await this.world.leaves()).slice(this.size);
    return action ? leaves.filter((leaf) => leaf.action === action) : leaves;
  }

  // That exactly one leaf of this action came, and says this.
  async assertLeaf({ action, ...says }) {
    const found = await this.leaves(action);
    assert.equal(found.length, 1, JSON.stringify(await this.leaves()));
    for (const [key, value] of Object.entries(says)) assert.equal(found[0][key], value, key);
  }

  // That nobody decided anything, and nothing was connected.
  async assertNothingDecided() {
    const decided = (await this.leaves())
      .filter(({ action }) => /^((consent|approval)\.(allowed|given|denied)|connection\.)/.test(action));
    assert.deepEqual(decided, []);
  }
}

// The leaf of a failed check on the way of a consent.
export const refusedFor = (detail) =>
  ({ action: 'connect.refused', outcome: 'denied', reason: 'CONNECT_REFUSED', detail });
export const MISMATCH =
  { action: 'connect.user_mismatch', outcome: 'denied', reason: 'FAILED_USER_MISMATCH' };
