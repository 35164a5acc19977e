// An application in which people sign in at the tenant's identity provider, and
// whose back end passes their ID tokens on to its agent.
//
//   const app = new WebApp({ server: identity, ca, client: 'assistant' });
//   await app.signIn('ana')        the ID token
import { createHash, randomBytes } from 'node:crypto';
import { form, send } from './http.mjs';
import { answerProvider, Person } from './person.mjs';

// Nobody listens there: the browser is stopped on its way.
const CALLBACK = 'https://localhost:1/app';

export class WebApp {
  constructor({ server, ca, client }) {
    Object.assign(this, { server, ca, client });
  }

  // What the identity provider must know of the application `id`.
  static client(id) {
    return { client_id: id, client_secret: `${id}-app-secret`, redirect_uris: [CALLBACK] };
  }

  async signIn(login) {
    const verifier = randomBytes(32).toString('base64url');
    const url = new URL('/auth', this.server.issuer);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: this.client,
      redirect_uri: CALLBACK,
      scope: 'openid email',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const until = (at) => at.startsWith(CALLBACK);
    const person = new Person({ ca: this.ca });
    const page = await person.visit(url.href, { until });
    const back = await answerProvider(person, page, login, { until });
    const { client_secret: secret } = WebApp.client(this.client);
    const answer = await send(`${this.server.issuer}/token`, {
      ca: this.ca,
      ...form({
        grant_type: 'authorization_code',
        code: new URL(back.url).searchParams.get('code'),
        redirect_uri: CALLBACK,
        code_verifier: verifier,
      }, { authorization: `Basic ${Buffer.from(`${this.client}:${secret}`).toString('base64')}` }),
    });
    if (answer.status !== 200) throw new Error(`${login} did not sign in: ${answer.body}`);
    return JSON.parse(answer.body).id_token;
  }
}
