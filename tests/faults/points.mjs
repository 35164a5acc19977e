// The points at which a daemon built with -DTOKENVAULT_FAULTS=ON can be told to
// kill itself, as it lists them, and what leads there.
import { join, resolve } from 'node:path';
import { run } from '../e2e/support/vault.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const BIN = process.env.TOKENVAULT_BIN_DIR ?? join(ROOT, 'build/dev/bin');
const POINT = /^[a-z]+\.[a-z_]+$/;

// What the provider has to do so that a point is passed, where a refresh that goes
// well does not pass it. None of it loses an answer.
const PROVIDER_DOES = {
  'refresh.before_give_back': 'throttled',
  'refresh.given_back': 'throttled',
  'refresh.before_unknown': 'error_500',
  'refresh.unknown': 'error_500',
  'refresh.before_mark': 'revoked',
  'refresh.marked': 'revoked',
};

// How to get to `point`: {connecting}, {revoking}, {inRecovery}, or with what the
// provider does.
export function wayTo(point) {
  return {
    connecting: point.startsWith('connect.'),
    revoking: point.startsWith('revoke.'),
    inRecovery: point.startsWith('recover.'),
    providerDoes: PROVIDER_DOES[point],
  };
}

// Those of a rotation of the master key are tried by tests/rotation, those of an
// erasure and of new data keys by tests/e2e/erasure_kills.test.mjs.
export const isOfRotation = (point) => point.startsWith('rotate.');
export const isOfErasure = (point) => /^(erase|reseal)\./.test(point);
// Those of a restore, which is no work of the daemon, by tests/vault/restore_test.cc.
export const isOfRestore = (point) => point.startsWith('restore.');

// {points} or {problem}. None at all is a problem: a run without them proves
// nothing about them.
export async function faultPoints() {
  const { code, stdout } = await run(join(BIN, 'tokenvaultd'), ['--list-fault-points']);
  if (code !== 0) {
    return { problem: `tokenvaultd --list-fault-points ended with ${code}; configure with -DTOKENVAULT_FAULTS=ON` };
  }
  const points = stdout.split('\n').filter((line) => line !== '');
  if (points.length === 0) return { problem: 'tokenvaultd lists none' };
  const odd = points.find((line) => !POINT.test(line));
  return odd === undefined ? { points } : { problem: `"${odd}" is no name of a point` };
}

// Which build was tried, in one line.
export async function version() {
  const { stdout } = await run(join(BIN, 'tokenvaultd'), ['--version']);
  return stdout.trim().split('\n')[0];
}
