// The program that is judged, and what it says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = process.env.TOKENVAULT_BIN_DIR ?? path.join(root, 'build/dev/bin');

const CHECKED = [0, 6];

// {code, report}; the report is null when there is none.
export async function verify(args, input) {
  const child = spawn(path.join(BIN, 'tokenvault-audit-verify'), ['--format', 'json', ...args]);
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  child.stdin.on('error', () => {});  // it need not read all of it
  child.stdin.end(input);
  const [code, signal] = await once(child, 'close');
  if (!CHECKED.includes(code)) throw new Error(`tokenvault-audit-verify ended by ${signal ?? code}: ${err}`);
  return { code, report: out === '' ? null : JSON.parse(out) };
}
