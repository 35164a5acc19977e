// A process of ledger_provider.mjs, as its parent sees it: asked by message.
//
//   const provider = new ProviderProcess();
//   const issuer = await provider.ask('start', {...});
//   await provider.ask('order', 'html', 3);
//   await provider.stop();
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export class ProviderProcess {
  #waiting = new Map();
  #id = 0;

  constructor() {
    this.child = fork(join(import.meta.dirname, 'ledger_provider.mjs'), { serialization: 'advanced' });
    this.child.on('message', ({ id, value, error }) => {
      const { done, fail } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) fail(new Error(`ledger provider: ${error}`));
      else done(value);
    });
    this.child.on('exit', () => {
      for (const { fail } of this.#waiting.values()) fail(new Error('the ledger provider ended'));
    });
  }

  ask(call, ...args) {
    this.#id += 1;
    return new Promise((done, fail) => {
      this.#waiting.set(this.#id, { done, fail });
      this.child.send({ id: this.#id, call, args });
    });
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}
