// A receiver of webhooks by https that checks each as the Standard Webhooks
// specification says, by its own means. It answers as it is told, and 204 else.
//
//   const receiver = await WebhookReceiver.start({ tls, secret });
//   receiver.answerNext(500);
//   const { body, headers, status } = await receiver.next();
import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:https';

export class WebhookReceiver {
  // What came, oldest first: {headers, body, text, status, problem}.
  deliveries = [];
  #wrote = new EventEmitter();
  #answers = [];

  static async start({ tls, secret }) {
    const receiver = new WebhookReceiver();
    receiver.key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
    receiver.server = createServer({ cert: tls.cert, key: tls.key }, async (request, response) => {
      let text = '';
      for await (const part of request) text += part;
      const status = receiver.#answers.shift() ?? 204;
      const problem = receiver.#problemOf(request, text);
      receiver.deliveries.push({ headers: request.headers, text, body: JSON.parse(text), status, problem });
      response.writeHead(status).end();
      receiver.#wrote.emit('delivery');
    }).listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.url = `https://localhost:${receiver.server.address().port}/hooks`;
    return receiver;
  }

  answerNext(...statuses) { this.#answers.push(...statuses); }

  // The delivery number `index`, from 0: waits for it.
  async delivery(index) {
    while (this.deliveries.length <= index) {
      await once(this.#wrote, 'delivery', { signal: AbortSignal.timeout(30_000) });
    }
    return this.deliveries[index];
  }

  #problemOf(request, text) {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = request.headers;
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') return 'request';
    if (!/^[A-Za-z0-9_-]+$/.test(id)) return 'id';
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return 'timestamp';
    const wanted = createHmac('sha256', this.key).update(`${id}.${timestamp}.${text}`).digest();
    const fits = signatures.split(' ').some((signature) => {
      const [version, value] = signature.split(',');
      const given = Buffer.from(value ?? '', 'base64');
      return version === 'v1' && given.length === wanted.length && timingSafeEqual(given, wanted);
    });
    return fits ? undefined : 'signature';
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
