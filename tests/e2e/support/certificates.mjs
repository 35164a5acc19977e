// Certificates for one test run, made with the openssl command: an authority,
// servers on localhost, and agents with a SPIFFE id.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function openssl(...args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

// One certificate authority in a folder of its own. `caFile` is what clients
// trust.
export class CertificateAuthority {
  constructor(dir, name = 'test authority') {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.dir = dir;
    this.caFile = join(dir, 'ca.pem');
    this.caKeyFile = join(dir, 'ca.key');
    openssl('req', '-x509', ...NEW_KEY, '-keyout', this.caKeyFile,
      '-out', this.caFile, '-days', '30', '-subj', `/CN=${name}`,
      '-addext', 'basicConstraints=critical,CA:true',
      '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
    this.ca = readFileSync(this.caFile, 'utf8');
  }

  // {certFile, keyFile, cert, key} of a server on this machine.
  server(name) {
    return this.#issue(name, 'serverAuth', 'DNS:localhost,IP:127.0.0.1');
  }

  // The same of a client whose only name is `uri`. Further names may follow,
  // as openssl writes them: "URI:spiffe://example.test/second".
  client(name, uri, ...more) {
    return this.#issue(name, 'clientAuth', [`URI:${uri}`, ...more].join(','));
  }

  #issue(name, usage, names) {
    const base = join(this.dir, name);
    const made = { certFile: `${base}.pem`, keyFile: `${base}.key` };
    writeFileSync(`${base}.ext`,
      `subjectAltName=${names}\nextendedKeyUsage=${usage}\n` +
      'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n');
    openssl('req', ...NEW_KEY, '-keyout', made.keyFile, '-out', `${base}.csr`,
      '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', `${base}.csr`, '-CA', this.caFile,
      '-CAkey', this.caKeyFile, '-CAcreateserial', '-days', '30',
      '-extfile', `${base}.ext`, '-out', made.certFile);
    made.cert = readFileSync(made.certFile, 'utf8');
    made.key = readFileSync(made.keyFile, 'utf8');
    return made;
  }
}
