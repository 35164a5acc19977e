// What is new in the files of a folder since somebody last looked. Most of a
// database is as it was a run ago, and was searched then.
import {
  closeSync, existsSync, fstatSync, openSync, readdirSync, readSync,
} from 'node:fs';
import { join } from 'node:path';

const BLOCK = 64 * 1024;
// Longer than what anybody looks for, so that nothing is cut in two.
const OVERLAP = 4096;
// A text longer than this is given in several.
const MOST = 64 * 1024 * 1024;

export class ChangedFiles {
  #folder;
  // By path: what the file was at the last look, with room to grow.
  #seen = new Map();
  #block = Buffer.allocUnsafeSlow(BLOCK);

  constructor(folder) { this.#folder = folder; }

  // Pairs of a name and a text of latin1; all there is once `forget` was called.
  * look() {
    for (const entry of readdirSync(this.#folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !existsSync(path)) continue;
      const { bytes, size, changed } = this.#update(path);
      for (const { from, to } of changed) {
        yield [entry.name, bytes.toString('latin1', Math.max(0, from - OVERLAP), Math.min(size, to + OVERLAP))];
      }
    }
  }

  forget() { this.#seen.clear(); }

  // The file as it is now, and the ranges of it that are new.
  #update(path) {
    const file = openSync(path, 'r');
    try {
      const length = fstatSync(file).size;
      let { bytes, size } = this.#seen.get(path) ?? { bytes: Buffer.alloc(0), size: 0 };
      if (bytes.length < length) {
        const larger = Buffer.alloc(length + (length >> 2));
        bytes.copy(larger, 0, 0, size);
        bytes = larger;
      }
      const changed = [];
      let at = 0;
      for (let got; at < length; at += got) {
        got = readSync(file, this.#block, 0, Math.min(BLOCK, length - at), at);
        if (got === 0) break;
        const to = at + got;
        if (to <= size && this.#block.compare(bytes, at, to, 0, got) === 0) continue;
        this.#block.copy(bytes, at, 0, got);
        const last = changed.at(-1);
        if (last?.to === at && to - last.from < MOST) last.to = to;
        else changed.push({ from: at, to });
      }
      size = at;
      this.#seen.set(path, { bytes, size });
      return { bytes, size, changed };
    } finally {
      closeSync(file);
    }
  }
}
