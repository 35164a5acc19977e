// What is in a folder: mode and content of every file, to see that nothing was
// changed, left behind or half written.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// {name: "100600 hash"}. Files whose names match `but` are only named.
export function footprintOf(dir, { but } = {}) {
  const found = {};
  for (const name of readdirSync(dir, { recursive: true }).sort()) {
    const path = join(dir, name);
    const info = lstatSync(path);
    const content = info.isFile() && !but?.test(name)
      ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    found[name] = `${info.mode.toString(8)} ${content}`;
  }
  return found;
}
