// An agent: calls the vault by gRPC with its certificate, or by the JSON door.
// Both answer in the JSON form of the protocol, and fail with a VaultError.
import { resolve } from 'node:path';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { send } from './http.mjs';

const PROTO = resolve(import.meta.dirname, '../../../proto');
const SERVICES = ['token_service', 'connection_service', 'approval_service', 'admin_service'];
const DETAILS = ['ErrorInfo', 'RetryInfo', 'BadRequest', 'PreconditionFailure', 'QuotaFailure',
  'LocalizedMessage', 'Help', 'RequestInfo', 'ResourceInfo', 'DebugInfo'];

const api = grpc.loadPackageDefinition(protoLoader.loadSync(
  SERVICES.map((name) => `tokenvault/v1/${name}.proto`),
  { includeDirs: [PROTO], keepCase: true, longs: String, enums: String, oneofs: true },
)).tokenvault.v1;

const errors = new protobuf.Root();
errors.resolvePath = (_origin, target) => (
  target.startsWith('google/protobuf/') && protobuf.common.get(target) ? target : resolve(PROTO, target));
errors.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

function decodeDetails(bytes) {
  if (!bytes) return {};
  const status = errors.lookupType('google.rpc.Status').decode(bytes);
  const details = {};
  for (const any of status.details) {
    const name = any.type_url.split('google.rpc.')[1];
    if (!DETAILS.includes(name)) throw new Error(`unknown detail ${any.type_url}`);
    if (details[name]) throw new Error(`two details of type ${name}`);
    const type = errors.lookupType(`google.rpc.${name}`);
    details[name] = type.toObject(type.decode(any.value), { longs: Number, defaults: true });
  }
  return details;
}

// The vault said no. `code` is as in PERMISSION_DENIED, `reason` as in
// docs/errors.md, `metadata` ErrorInfo's, `details` all of them by type.
export class VaultError extends Error {
  constructor(code, message, details) {
    super(`${code} ${details.ErrorInfo?.reason ?? '(no reason)'}: ${message}`);
    this.code = code;
    this.sentence = message;
    this.details = details;
    this.reason = details.ErrorInfo?.reason;
    this.metadata = details.ErrorInfo?.metadata ?? {};
  }
}

function nameOfCode(number) {
  return Object.entries(grpc.status).find(([, code]) => code === number)[0];
}

// Agent over gRPC: `address` as in "127.0.0.1:8443" or "unix:/path"; with
// {cert, key} of the agent and `ca` of the vault, or without any for a socket.
export class Agent {
  #stubs = new Map();

  constructor({ address, ca, cert, key, metadata = {} }) {
    this.address = address;
    this.metadata = metadata;
    const bytes = (pem) => (pem === undefined ? null : Buffer.from(pem));
    this.credentials = ca
      ? grpc.credentials.createSsl(bytes(ca), bytes(key), bytes(cert))
      : grpc.credentials.createInsecure();
  }

  // agent.call('TokenService', 'GetScopedToken', {provider: ..., scopes: [...]})
  // Who aborts `signal` goes away before the answer.
  call(service, method, request, { deadline = 20_000, signal } = {}) {
    if (!this.#stubs.has(service)) {
      this.#stubs.set(service, new api[service](this.address, this.credentials,
        { 'grpc.ssl_target_name_override': 'localhost' }));
    }
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(this.metadata)) metadata.set(name, value);
    return new Promise((done, fail) => {
      const call = this.#stubs.get(service)[method](request, metadata,
        { deadline: Date.now() + deadline }, (error, response) => {
          if (!error) return done(response);
          const [status] = error.metadata?.get('grpc-status-details-bin') ?? [];
          return fail(new VaultError(nameOfCode(error.code), error.details, decodeDetails(status)));
        });
      signal?.addEventListener('abort', () => call.cancel());
    });
  }

  // What agents do all day. `user` is a user_id, or {token} of the person.
  getToken(provider, user, scopes, more = {}) {
    const subject = typeof user === 'string' ? { user_id: user } : { user_token: user.token };
    return this.call('TokenService', 'GetScopedToken',
      { provider: `providers/${provider}`, subject, scopes, ...more });
  }

  close() {
    for (const stub of this.#stubs.values()) stub.close();
    this.#stubs.clear();
  }
}

// The JSON door: the same calls by HTTP. Fields are lowerCamelCase there.
export class JsonDoor {
  // `url` is the vault's public one; {cert, key} or `bearer` say who calls.
  constructor({ url, ca, cert, key, bearer }) {
    Object.assign(this, { url, ca, cert, key, bearer });
  }

  async call(service, method, request, { headers = {}, signal } = {}) {
    const answer = await send(`${this.url}/tokenvault.v1.${service}/${method}`, {
      method: 'POST',
      signal,
      ca: this.ca,
      cert: this.cert,
      key: this.key,
      headers: {
        'content-type': 'application/json',
        ...(this.bearer ? { authorization: `Bearer ${this.bearer}` } : {}),
        ...headers,
      },
      body: typeof request === 'string' ? request : JSON.stringify(request),
    });
    const body = JSON.parse(answer.body);
    if (answer.status === 200) return body;
    const details = {};
    for (const detail of body.details ?? []) {
      const name = (detail['@type'] ?? detail.type).split('google.rpc.')[1];
      details[name] = detail['@type'] ? detail : detail.debug ?? decodeConnect(name, detail.value);
    }
    const error = new VaultError(body.code.toUpperCase(), body.message, details);
    error.httpStatus = answer.status;
    throw error;
  }

  // As Agent's: the same request, and the answer with the same names.
  async getToken(provider, user, scopes, more = {}) {
    const subject = typeof user === 'string' ? { userId: user } : { userToken: user.token };
    const answer = snakeCase(await this.call('TokenService', 'GetScopedToken',
      { provider: `providers/${provider}`, subject, scopes, ...more }));
    return { ...answer, outcome: Object.keys(answer)[0] };
  }

  close() {}
}

function snakeCase(value) {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCase(one)]));
}

// The refusal that a call must end with; anything else fails the test.
export async function refusalOf(call) {
  const answer = await call.catch((error) => error);
  if (answer instanceof VaultError) return answer;
  throw new Error(`not refused: ${answer?.stack ?? JSON.stringify(answer)}`);
}

// Connect's form of a detail: the message in base64 without padding.
function decodeConnect(name, value) {
  const type = errors.lookupType(`google.rpc.${name}`);
  return type.toObject(type.decode(Buffer.from(value, 'base64')), { longs: Number, defaults: true });
}
