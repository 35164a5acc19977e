// People at browsers: Chromium against a real vault and real authorization
// servers.
//
//   const visitors = await Visitors.start();
//   const ana = await visitors.new('ana');        a browser of her own
//   const asked = await visitors.ask('ana');      a question, and its link
//   await ana.open(asked);                        signs in when asked to
//   await ana.goToProvider();
//   await ana.answer('Allow');
//   await visitors.leave();                       all browsers are closed
//   await visitors.stop();
import assert from 'node:assert/strict';
import { launchBrowser, newPerson } from '../e2e/support/browser.mjs';
import { World } from '../e2e/support/world.mjs';

export const ASK = ['calendar.read'];
export const SIGN_IN = 'Sign in to continue';
const PATIENCE = 20_000;

export class Visitors {
  #here = [];
  // What the browser of someone who signed in keeps, by login.
  #kept = new Map();

  constructor(world, browser) { Object.assign(this, { world, browser }); }

  // `options` are World's.
  static async start(options) {
    const visitors = new Visitors();
    try {
      visitors.world = await World.start(options);
      visitors.browser = await launchBrowser();
    } catch (error) {
      await visitors.stop();
      throw error;
    }
    return visitors;
  }

  // The person `login` at a new browser, which knows nobody. `options` are those of
  // Playwright's contexts; without JavaScript unless they say otherwise.
  async new(login, options = {}) {
    const context = await newPerson(this.browser, { javaScriptEnabled: false, ...options });
    context.setDefaultTimeout(PATIENCE);
    const visitor = new Visitor(this, login, context, await context.newPage());
    this.#here.push(visitor);
    return visitor;
  }

  // The same, signed in already if they ever were before: in the same session.
  known(login, options = {}) {
    return this.new(login, { storageState: this.#kept.get(login), ...options });
  }

  async keep(visitor) { this.#kept.set(visitor.login, await visitor.context.storageState()); }

  async leave() {
    for (const { context } of this.#here.splice(0)) await context.close();
  }

  // Calendar Bot's question to `login`: {name, url, user_code, ...}.
  async ask(login, { scopes = ASK, agent = this.world.bot, purpose = 'Plan the offsite', task, ...more } = {}) {
    const answer = await agent.getToken('calendar', login, scopes,
      { purpose: { summary: purpose, task_id: task }, ...more });
    assert.equal(answer.outcome, 'consent_required', JSON.stringify(answer));
    return answer.consent_required;
  }

  // How that question was settled: {state, denial_reason, ...}.
  stateOf({ name }) { return this.world.bot.call('TokenService', 'WaitInteraction', { name }); }

  // That it is still open, and would be asked again; or that it was ended.
  async assertOpen(asked, login) { assert.equal((await this.ask(login)).name, asked.name, 'another question'); }

  async assertStopped(asked, reason) {
    const { state, denial_reason: why } = await this.stateOf(asked);
    assert.deepEqual({ state, why }, { state: 'STATE_REFUSED', why: reason });
  }

  // Ends every connection there is, whoever's and in whatever state.
  async disconnectAll() {
    const { connections = [] } = await this.world.bot.call('ConnectionService', 'ListConnections',
      { parent: 'users/-' });
    for (const { name, state } of connections) {
      if (state === 'STATE_REVOKED') continue;
      await this.world.bot.call('ConnectionService', 'RevokeConnection', { name });
    }
  }

  async disconnect(login) {
    const { connections = [] } = await this.world.bot.call('TokenService', 'ListUsableConnections',
      { subject: { user_id: login } });
    for (const { name } of connections) {
      await this.world.bot.call('ConnectionService', 'RevokeConnection', { name });
    }
  }

  async stop() {
    await this.leave();
    await this.browser?.close();
    await this.world?.stop();
  }
}

export class Visitor {
  // What the browser saw of the vault, in the order in which it came.
  seen = [];
  // The browser's own errors.
  complaints = [];
  // What the page that is shown came with.
  shown = null;

  constructor(visitors, login, context, page) {
    Object.assign(this, { visitors, login, context, page });
    context.on('console', (message) => {
      // Browsers ask every site for an icon, and there is none.
      if (message.type() !== 'error' || message.location().url.endsWith('/favicon.ico')) return;
      this.complaints.push(message.text());
    });
    page.on('response', (response) => {
      if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) {
        this.shown = response;
      }
    });
    context.on('response', (response) => {
      if (!response.url().startsWith(`${this.vault}/`)) return;
      const seen = response.headersArray().then((headers) => ({
        url: response.url(), status: response.status(), headers,
      }));
      // Who leaves before all of an answer is there has not seen it.
      seen.catch(() => {});
      this.seen.push(seen);
    });
  }

  get vault() { return this.visitors.world.publicUrl; }

  heading() { return this.page.locator('h1').innerText(); }
  text() { return this.page.locator('main').innerText(); }
  button(name) { return this.page.getByRole('button', { name, exact: true }); }
  link(name) { return this.page.getByRole('link', { name }); }
  // A button of ours, as a person presses it who has seen what it says.
  press(name) { return this.button(name).click(); }
  goTo(path) { return this.page.goto(new URL(path, this.vault).href); }

  // Those of the vault: cookies are shared by all ports of a host.
  async vaultCookies() {
    return (await this.context.cookies(this.vault)).filter(({ name }) => name.startsWith('__Host-tv_'));
  }

  // From wherever the sign-in page is shown, to what comes after it.
  async signIn() {
    await this.link(/^Sign in with /).click();
    await this.signInThere();
    await this.page.waitForURL((url) => url.href.startsWith(`${this.vault}/`));
    await this.visitors.keep(this);
  }

  // At the identity provider, up to the way back; it may know who this is, and it
  // asks once whether the vault may know.
  async signInThere() {
    const name = this.page.getByLabel('Name');
    const back = this.page.locator('main.card h1').filter({ hasNotText: SIGN_IN });
    const kept = this.page.getByRole('heading', { name: 'Held' });
    const later = this.button('Allow').or(back).or(kept);
    await name.or(later).first().waitFor();
    if (await name.count()) {
      await name.fill(this.login);
      await this.button('Sign in').click();
      await later.first().waitFor();
    }
    if (await this.button('Allow').count()) await this.button('Allow').click();
  }

  // The link of a question, signed in. Where the page asks for the code that the agent
  // shows, as it does without scripts, it is typed at once.
  async open(asked) {
    await this.page.goto(asked.url);
    if (await this.heading() === SIGN_IN) await this.signIn();
    await this.typeCode();
  }

  // The page says it too.
  async typeCode() {
    const field = this.page.getByLabel(/^The code that /);
    if (await field.count()) await field.fill(await this.page.locator('.code-value').innerText());
  }

  async goToProvider() {
    await this.typeCode();
    await this.press('Continue to Test Calendar');
    assert.match(await this.heading(), /^You are going to localhost/);
    await this.link(/^Go to /).click();
  }

  // At the provider, as `account`: says yes or no, without the boxes of `without`.
  // `held` is where the provider keeps the browser, if it was told to; `home` where it
  // comes to at the end.
  async answer(answer, { account = this.login, without = [], held, home = this.vault } = {}) {
    const name = this.page.getByLabel('Name');
    await name.or(this.button('Allow')).first().waitFor();
    if (await name.count()) {
      await name.fill(account);
      await this.button('Sign in').click();
    }
    for (const scope of without) await this.page.getByLabel(scope).uncheck();
    await this.button(answer).click();
    if (held) return held;
    return this.page.waitForURL((url) => url.href.startsWith(`${home}/`));
  }

  // A whole connection. Returns the question.
  async connect(options = {}) {
    const asked = await this.visitors.ask(this.login, options);
    await this.open(asked);
    await this.goToProvider();
    await this.answer('Allow', options);
    return asked;
  }

  // All of signing in but the last step: {url, cookie} of the way back that the browser
  // was not sent, with the code in it, and of the cookie that belongs to it.
  async fetchSignInCode() {
    const before = (await this.vaultCookies()).map(({ name }) => name);
    await this.goTo('/me');
    const held = this.visitors.world.identity.holdReturn();
    await this.link(/^Sign in with /).click();
    await this.signInThere();
    return { url: new URL(await held), cookie: await this.#newCookie('__Host-tv_login_', before) };
  }

  // The same of connecting an account.
  async fetchCode(asked, options = {}) {
    const before = (await this.vaultCookies()).map(({ name }) => name);
    await this.open(asked);
    await this.goToProvider();
    const held = this.visitors.world.provider.holdReturn();
    const url = new URL(await this.answer('Allow', { ...options, held }));
    return { url, cookie: await this.#newCookie('__Host-tv_flow_', before) };
  }

  async #newCookie(prefix, before) {
    return (await this.vaultCookies())
      .find(({ name }) => name.startsWith(prefix) && !before.includes(name));
  }
}
