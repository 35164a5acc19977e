// The time of day as somebody else sets it, by faketime(1)'s library. What counts
// the seconds since the machine started goes on as it is.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
  .replace('x86_64', process.arch === 'arm64' ? 'aarch64' : 'x86_64');

const HOUR = 3600;
// Seconds from the true time, while certificates are valid.
const PLACES = [0, 60, 2 * HOUR, 20 * HOUR];

export class OddClock {
  #file;
  #random;
  #place = 0;

  constructor(dir, random) {
    // The loader would only complain, and go on with the true time.
    if (!existsSync(LIBRARY)) throw new Error(`${LIBRARY} is not there: install faketime`);
    this.#file = join(dir, 'clock');
    this.#random = random;
    this.set();
  }

  // To another time than it showed, earlier or later.
  set() {
    this.#place = this.#random.of(PLACES.filter((place) => place !== this.#place));
    writeFileSync(this.#file, `+${this.#place}`);
  }

  // For the environment of a daemon that lives by it.
  get env() {
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
}
