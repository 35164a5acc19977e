// A PKCS#11 token of SoftHSM2 in a folder of its own. The daemon's library finds
// it by the environment, so there is one in a process of tests.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = '246810';

export class SoftToken {
  #dir;

  constructor(dir) {
    this.#dir = dir;
    mkdirSync(join(dir, 'tokens'), { mode: 0o700 });
    writeFileSync(join(dir, 'softhsm2.conf'), `directories.tokendir = ${join(dir, 'tokens')}\nlog.level = ERROR\n`);
    process.env.SOFTHSM2_CONF = join(dir, 'softhsm2.conf');
    execFileSync('softhsm2-util', ['--init-token', '--free', '--label', 'vault', '--pin', PIN, '--so-pin', '13579']);
    writeFileSync(join(dir, 'pin'), `${PIN}\n`, { mode: 0o400 });
  }

  // The keys of [seal] for the key "root" of this token.
  get settings() {
    return { type: 'pkcs11', module: MODULE, uri: 'pkcs11:token=vault;object=root', pin_file: join(this.#dir, 'pin') };
  }

  // What the token says of its keys.
  keys() {
    return execFileSync('pkcs11-tool', ['--module', MODULE, '--token-label', 'vault', '--login', '--pin', PIN,
      '--list-objects'], { encoding: 'utf8' });
  }

  remove() {
    renameSync(join(this.#dir, 'tokens'), join(this.#dir, 'away'));
    mkdirSync(join(this.#dir, 'tokens'), { mode: 0o700 });
  }

  putBack() {
    rmdirSync(join(this.#dir, 'tokens'));
    renameSync(join(this.#dir, 'away'), join(this.#dir, 'tokens'));
  }
}
