// The vault's rows behind its back, by SQLite's own command line; and its files,
// byte by byte.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SEALED = {
  commitment: [52, 84],  // docs/sealed-format.md
};

// Runs `sql` on the database of `dir`; what it answers, a line a row.
export function sql(dir, text) {
  return execFileSync('sqlite3', ['-cmd', '.timeout 5000', '-cmd', '.separator |',
    join(dir, 'vault.db'), text], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

// Columns of BLOBs as buffers, a row each.
export function blobs(dir, text) {
  return sql(dir, text).map((row) => row.split('|').map((hex) => Buffer.from(hex, 'hex')));
}

export const commitmentOf = (envelope) => envelope.subarray(...SEALED.commitment);

// The files under `dir` that hold these bytes.
export function filesWith(dir, bytes) {
  if (bytes.length < 16) throw new Error('too short to mean anything');
  const found = [];
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (readFileSync(path).includes(bytes)) found.push(entry.name);
  }
  return found;
}
