// The real daemon, started from its binary with a configuration file, and the
// command line beside it. Binaries: $TOKENVAULT_BIN_DIR, else build/dev/bin.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const BIN = process.env.TOKENVAULT_BIN_DIR ?? join(ROOT, 'build/dev/bin');
export const TOKENVAULT = join(BIN, 'tokenvault');
export const TOKENVAULTD = join(BIN, 'tokenvaultd');

// Below the ports that a system gives to who asks for any: no connection of
// another test takes one between here and the start of the daemon.
const PORTS = { from: 11_000, to: 32_000 };

// A port that nobody listens on now. The daemon's public URL is in its
// configuration, so it cannot choose one when it starts.
export async function freePort() {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

// Runs a command to its end: {code, stdout, stderr}. One that does not end, a daemon
// that should not have started say, is made to: its code is then null.
export async function run(file, args, { input, env, timeout = 120_000 } = {}) {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, timeout,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (part) => { output[name] += part; });
  }
  // One that ended before it read its input says why by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const [code] = await once(child, 'close');
  return { code, ...output };
}

export class Vault {
  // Everything the daemon wrote, over all its lives.
  log = '';
  // What starts the daemon, when it is not started by itself: a command that
  // becomes the daemon under the same process id.
  launcher = [];
  // What it is told besides its configuration.
  args = [];
  // The daemon itself.
  binary = TOKENVAULTD;
  #child = null;
  #wrote = new EventEmitter();

  // `config` is a configuration file, `adminSocket` the path it names.
  constructor({ config, adminSocket, env = {} }) {
    Object.assign(this, { config, adminSocket, env });
  }

  // The command line, as the operator on this machine uses it.
  cli(...args) {
    return run(TOKENVAULT, args, {
      env: { TOKENVAULT_CONFIG: this.config, TOKENVAULT_SOCKET: this.adminSocket, ...this.env },
    });
  }

  // Makes the root key and the database.
  async init() {
    const done = await this.cli('init', '--config', this.config);
    if (done.code !== 0) throw new Error(`tokenvault init: ${done.stdout}${done.stderr}`);
    return this;
  }

  // Returns once it serves; says why it does not.
  async start() {
    const [file, ...args] = [...this.launcher, this.binary, '--config', this.config, '--ready-fd', '3', ...this.args];
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, ...this.env },
    });
    this.#child = child;
    // Settles when this life of the daemon is over, by whomever's hand.
    this.ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    const began = this.log.length;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part) => {
        this.log += part;
        this.#wrote.emit('more');
      });
    }
    const ended = this.ended.then(({ code, signal }) => {
      throw new Error(`tokenvaultd ended (${signal ?? code}):\n${this.log.slice(began)}`);
    });
    ended.catch(() => {});
    const ready = once(child.stdio[3].setEncoding('utf8'), 'data');
    let timer;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(
        new Error(`tokenvaultd is not ready:\n${this.log.slice(began)}`)), 30_000);
    });
    try {
      const [line] = await Promise.race([ready, ended, late]);
      this.addresses = JSON.parse(line);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return this;
  }

  get pid() { return this.#child?.pid; }

  // How it ends, by itself: [code, signal].
  exit() { return once(this.#child, 'exit'); }

  signal(name) { this.#child.kill(name); }

  // In order: what is under way ends first. Returns the exit code.
  stop() { return this.#end('SIGTERM'); }

  // As when the power goes.
  kill() { return this.#end('SIGKILL'); }

  async #end(signal) {
    const child = this.#child;
    if (!child) return undefined;
    this.#child = null;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }

  // The log's JSON lines of one event, "server.started" say.
  events(name) {
    return this.log.split('\n').slice(0, -1).filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line)).filter((line) => line.event === name);
  }

  // Does `act`, waits until the log has one more event of this name, returns it.
  async logs(name, act) {
    const before = this.events(name).length;
    await act();
    while (this.events(name).length === before) {
      await once(this.#wrote, 'more', { signal: AbortSignal.timeout(20_000) });
    }
    return this.events(name)[before];
  }
}
