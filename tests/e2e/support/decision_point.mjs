// An external decision point: a real HTTPS server that speaks the Authorization
// API of OpenID AuthZEN, as far as a vault asks it.
import { once } from 'node:events';
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';

export class DecisionPoint {
  // What it was asked, in order: {path, authorization, body}.
  questions = [];
  // Gives {status, body} for a question, or nothing for no answer at all.
  answer = () => ({ status: 200, body: { decision: true } });

  static async start({ certFile, keyFile }) {
    const point = new DecisionPoint();
    point.server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) },
      (request, response) => point.#serve(request, response));
    point.server.listen(0, '127.0.0.1');
    await once(point.server, 'listening');
    point.url = `https://localhost:${point.server.address().port}`;
    return point;
  }

  async #serve(request, response) {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const question = {
      path: request.url, authorization: request.headers.authorization, body: JSON.parse(text),
    };
    this.questions.push(question);
    const answer = this.answer(question);
    if (!answer) return;
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
