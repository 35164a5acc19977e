// The operator's view of the keys, and what must hold of it whatever happened:
// nothing goes backwards, everything opens, and a rotation that is over can show
// that nothing needs an older key.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OVER = ['STATE_RETIRED', 'STATE_DESTROYED'];

export class Keys {
  // What was seen last.
  #generation = 1;
  #older = 0;
  rotations = 0;
  opened = 0;

  // `fail` is told what does not hold.
  constructor(fail) { this.fail = fail; }

  // A new world begins with its first key.
  begin() {
    this.#generation = 1;
    this.#older = 0;
  }

  async #json(rig, ...args) {
    const { code, stdout, stderr } = await rig.vault.cli(...args, '--format', 'json');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return JSON.parse(stdout.trim().split('\n').at(-1));
  }

  // After any fault: the master key moved on by one at most, what hangs on older
  // ones became less or stayed, and every data key and record opens.
  async look(rig, what) {
    const { keys } = await this.#json(rig, 'key', 'status');
    const active = keys.filter(({ state }) => state === 'STATE_ACTIVE');
    if (active.length !== 1) this.fail(`${what}: ${active.length} keys are active`);
    const { generation } = active[0];
    const older = keys.filter((one) => one.generation < generation)
      .reduce((sum, one) => sum + Number(one.dataKeys), 0);
    const moved = generation - this.#generation;
    if (moved < 0 || moved > 1) this.fail(`${what}: from generation ${this.#generation} to ${generation}`);
    if (moved === 0 && older > this.#older) {
      this.fail(`${what}: ${this.#older} data keys hung on older keys, now ${older}`);
    }
    for (const one of keys) {
      if (OVER.includes(one.state) && Number(one.dataKeys) > 0) {
        this.fail(`${what}: retired key ${one.generation} wraps ${one.dataKeys} data keys`);
      }
    }
    this.#generation = generation;
    this.#older = older;
    const verified = await rig.vault.cli('key', 'verify', '--all', '--format', 'json');
    const opened = JSON.parse(verified.stdout.trim().split('\n').at(-1));
    if (verified.code !== 0) {
      this.fail(`${what}: ${opened.brokenCount} do not open: ${(opened.broken ?? []).join(', ')}`);
    }
    this.opened += Number(opened.dataKeysOpened) + Number(opened.recordsOpened);
  }

  // To the end, while agents get tokens; then its proof must hold, and hold for no
  // other text.
  async finish(rig) {
    const rotated = await rig.vault.cli('key', 'rotate');
    if (rotated.code !== 0) {
      this.fail(`a rotation did not end: ${rotated.stdout}${rotated.stderr}`);
      return;
    }
    this.rotations += 1;
    const { keys, proofVerifier } = await this.#json(rig, 'key', 'status');
    const active = keys.find(({ state }) => state === 'STATE_ACTIVE');
    const left = keys.filter((one) => one.generation < active.generation && !OVER.includes(one.state));
    if (left.length > 0) this.fail(`generation ${left[0].generation} is ${left[0].state} after a rotation`);
    const file = join(rig.dir, 'proof.txt');
    writeFileSync(file, active.proof);
    const held = await rig.vault.cli('key', 'verify-proof', file, '--key', proofVerifier);
    if (held.code !== 0) this.fail(`the proof does not hold: ${held.stderr}`);
    writeFileSync(file, active.proof.replace(/data-keys (\d+)/, (_, n) => `data-keys ${Number(n) + 1}`));
    const forged = await rig.vault.cli('key', 'verify-proof', file, '--key', proofVerifier);
    if (forged.code !== 6) this.fail(`a forged proof was answered with ${forged.code}`);
    this.#generation = active.generation;
    this.#older = 0;
  }
}
