// JSON Web Tokens as an issuer signs them, and as somebody forges them.
//
//   const key = newKey('one');                       RS256, with a `kid`
//   signJwt(claims, { key })                          good
//   signJwt(claims, { key, header: { alg: 'none' } }) as the header says
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');

// {kid, privateKey, publicKey, jwk}, where jwk is what a key set publishes.
export function newKey(kid) {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, ...pair, jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } };
}

// Signs with the algorithm that the header names: RS256; none, which signs
// nothing; or HS256, whose shared secret is what everybody knows, the public key.
export function signJwt(claims, { key, header = {} }) {
  const head = { alg: 'RS256', typ: 'JWT', kid: key.kid, ...header };
  const input = `${encode(head)}.${encode(claims)}`;
  const signature = {
    RS256: () => sign('sha256', Buffer.from(input), key.privateKey),
    HS256: () => createHmac('sha256',
      key.publicKey.export({ format: 'pem', type: 'spki' })).update(input).digest(),
    none: () => Buffer.alloc(0),
  }[head.alg]();
  return `${input}.${signature.toString('base64url')}`;
}

// The same token with one claim changed and the signature of before.
export function tamper(token, changes) {
  const [head, body, signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  return [head, encode({ ...claims, ...changes }), signature].join('.');
}
