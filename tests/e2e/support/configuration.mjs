// The daemon's configuration for one test, as an operator would write it. The
// only place of the tests that knows its keys.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const text = (value) => JSON.stringify(value);

function value(anything) {
  if (Array.isArray(anything)) return `[${anything.map(value).join(', ')}]`;
  if (typeof anything === 'object') {
    return `{ ${Object.entries(anything).map(([k, v]) => `${k} = ${value(v)}`).join(', ')} }`;
  }
  return typeof anything === 'string' ? text(anything) : String(anything);
}

function section(head, entries) {
  const lines = Object.entries(entries).filter(([, one]) => one !== undefined)
    .map(([key, one]) => `${key} = ${value(one)}`);
  return [head, ...lines, ''].join('\n');
}

function secretFile(dir, name, secret) {
  mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
  const path = join(dir, 'secrets', name);
  writeFileSync(path, secret, { mode: 0o600 });
  return path;
}

// Writes `dir`/tokenvault.toml and the files it names; returns its path.
//
//   ports       {grpc, http}: on loopback
//   tls         {cert, key} files of the server; `caFile` it trusts itself, and
//               that vouches for agents
//   seal        the keys of [seal]; a key file if left out
//   rootSources [{id, type, ...more keys}]; none if left out
//   witnesses   [{id, folder} or {id, url, vkey}]; none if left out
//   tenants     [{id, issuer, clientId, clientSecret, ...more keys}]
//   agents      [{id, auth, ...more keys}]
//   workloadIssuers  [{issuer, audience, ...more keys}]; none if left out
//   providers   [{id, preset, clientSecret, ...more keys}]
//   policies    [{id, effect, ...more keys}]
//   webhook     {url, secret, ...more keys} of [webhook]; none if left out
//   email       {smtp_url, from, username, password} of [email]; none if left out
//   sections    further keys by section: {tokens: {max_ttl: '5m'}}
export function writeConfiguration(dir, world) {
  const { ports, tls, caFile, tenants, agents, providers, policies } = world;
  const { sections = {}, workloadIssuers = [], rootSources = [], witnesses = [], webhook, email } = world;
  const seal = world.seal ?? { type: 'file', key_file: join(dir, 'root.key') };
  const local = `127.0.0.1:${ports.grpc}`;
  const files = [
    section('[server]', {
      grpc_listen: local,
      grpc_tls_cert_file: tls.certFile,
      grpc_tls_key_file: tls.keyFile,
      grpc_client_ca_file: caFile,
      trust_domains: ['example.test'],
      http_listen: `127.0.0.1:${ports.http}`,
      http_tls_cert_file: tls.certFile,
      http_tls_key_file: tls.keyFile,
      http_client_ca_file: caFile,
      public_url: `https://localhost:${ports.http}`,
      admin_listen: `unix:${join(dir, 'admin.sock')}`,
      log_level: 'debug',
      // What machine the tests run on is not the daemon's business.
      allow_swap: true,
      ...sections.server,
    }),
    section('[seal]', { ...seal, ...sections.seal }),
    ...rootSources.map((source) => section('[[root_sources]]', source)),
    section('[storage]', { path: join(dir, 'vault.db'), ...sections.storage }),
    section('[audit]', { ...sections.audit }),
    ...witnesses.map((witness) => section('[[witnesses]]', witness)),
    section('[tokens]', { ...sections.tokens }),
    // The providers of a test are on this machine, by https.
    section('[egress]', {
      allow: ['127.0.0.0/8', '::1'], ca_file: caFile, ...sections.egress,
    }),
    ...(sections.operators ? [section('[operators]', sections.operators)] : []),
    ...(sections.decision_point ? [section('[decision_point]', sections.decision_point)] : []),
  ];
  if (webhook) {
    const { secret, ...more } = webhook;
    files.push(section('[webhook]', { secret_file: secretFile(dir, 'webhook', secret), ...more }));
  }
  if (email) {
    const { password, ...more } = email;
    files.push(section('[email]', { password_file: secretFile(dir, 'email', password), ...more }));
  }
  for (const { id, issuer, clientId, clientSecret, ...more } of tenants) {
    files.push(section('[[tenants]]', {
      id, name: id, issuer, client_id: clientId,
      client_secret_file: secretFile(dir, `tenant-${id}`, clientSecret), ...more,
    }));
  }
  for (const issuer of workloadIssuers) files.push(section('[[workload_issuers]]', issuer));
  for (const agent of agents) files.push(section('[[agents]]', agent));
  for (const { clientSecret, ...provider } of providers) {
    files.push(section('[[providers]]', {
      client_secret_file: secretFile(dir, `provider-${provider.id}`, clientSecret),
      ...provider,
    }));
  }
  for (const policy of policies) files.push(section('[[policies]]', policy));
  const path = join(dir, 'tokenvault.toml');
  writeFileSync(path, files.join('\n'), { mode: 0o600 });
  return path;
}
