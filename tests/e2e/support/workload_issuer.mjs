// A platform that names its workloads by tokens, as Kubernetes does: a key set by
// https, and a token for whom it is asked.
//
//   const issuer = await WorkloadIssuer.start({ tls });
//   issuer.jwksUri
//   issuer.token({ sub: 'system:bot' })
import { randomUUID } from 'node:crypto';
import https from 'node:https';
import { newKey, signJwt } from './jwt.mjs';

export class WorkloadIssuer {
  key = newKey('workloads');
  audience = 'tokenvault';

  // `tls` is {cert, key}.
  static async start({ tls }) {
    const issuer = new WorkloadIssuer();
    issuer.http = https.createServer(tls, (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ keys: [issuer.key.jwk] }));
    });
    await new Promise((resolve) => { issuer.http.listen(0, '127.0.0.1', resolve); });
    issuer.issuer = `https://localhost:${issuer.http.address().port}`;
    issuer.jwksUri = `${issuer.issuer}/jwks`;
    return issuer;
  }

  // A good token, but for what `changes` and `options` of signJwt make of it.
  token(changes, options = {}) {
    const now = Math.floor(Date.now() / 1000);
    return signJwt({
      iss: this.issuer, aud: this.audience, iat: now, exp: now + 600, jti: randomUUID(), ...changes,
    }, { key: this.key, ...options });
  }

  async stop() {
    this.http.closeAllConnections();
    await new Promise((resolve) => { this.http.close(resolve); });
  }
}
