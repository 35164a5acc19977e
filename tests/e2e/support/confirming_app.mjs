// A web application that confirms its own people: they sign in at it, it sends them
// to the vault, and says by CompleteConnect who came back.
//
//   const app = await ConfirmingApp.start({ tls });
//   app.agent = world.bot; app.tokenOf = (login) => …;
//   GET /signin?as=ana   a session, as good as any other
//   GET /connect         a new connect session of hers; sends the browser there
//   GET /back            the way back
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { VaultError } from './agent.mjs';

const COOKIE = 'app_session';

export class ConfirmingApp {
  // Whether it takes the way back only in the session that it sent off.
  careful = true;
  // The newest connect session.
  asked = null;
  #sessions = new Map();
  #held = null;

  static async start({ tls }) {
    const app = new ConfirmingApp();
    app.server = createServer({ cert: tls.cert, key: tls.key }, (request, response) => {
      app.#answer(request, response).catch((error) => app.#page(response, 500, String(error)));
    }).listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    app.url = `https://localhost:${app.server.address().port}`;
    return app;
  }

  // Where the next browser comes back to, which is answered with "Held" and not used.
  holdReturn() { return new Promise((done) => { this.#held = done; }); }

  complete(interaction, code, login, agent = this.agent) {
    return agent.call('ConnectionService', 'CompleteConnect',
      { name: interaction, connect_code: code, user_token: this.tokenOf(login) });
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.url);
    const id = new RegExp(`${COOKIE}=([^;]*)`).exec(request.headers.cookie ?? '')?.[1];
    if (url.pathname === '/signin') {
      const fresh = randomBytes(16).toString('hex');
      this.#sessions.set(fresh, { login: url.searchParams.get('as') });
      response.setHeader('set-cookie', `${COOKIE}=${fresh}; Path=/; Secure; HttpOnly; SameSite=Lax`);
      return this.#page(response, 200, 'Signed in');
    }
    if (url.pathname === '/back' && this.#held) {
      this.#held(url);
      this.#held = null;
      return this.#page(response, 200, 'Held');
    }
    const session = this.#sessions.get(id);
    if (!session) return this.#page(response, 401, 'Sign in first');
    if (url.pathname === '/connect') {
      this.asked = await this.agent.call('ConnectionService', 'CreateConnectSession', {
        parent: 'users/-', subject: { user_token: this.tokenOf(session.login) }, providers: ['providers/calendar'],
        scopes: ['calendar.read'], agent: 'agents/bot', return_uri: `${this.url}/back`, app_confirms: true,
      });
      session.asked = this.asked.name;
      return response.writeHead(302, { location: this.asked.url }).end();
    }
    const interaction = url.searchParams.get('interaction');
    const code = url.searchParams.get('connect_code');
    if (this.careful && session.asked !== interaction) return this.#page(response, 403, 'Not sent by us');
    if (!code) return this.#page(response, 200, 'Nothing connected');
    try {
      await this.complete(interaction, code, session.login);
      return this.#page(response, 200, 'Connected');
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return this.#page(response, 403, `Not connected: ${error.reason}`);
    }
  }

  #page(response, status, heading) {
    response.writeHead(status, { 'content-type': 'text/html' })
      .end(`<!doctype html><html lang="en"><title>App</title><h1>${heading}</h1>`);
  }
}
