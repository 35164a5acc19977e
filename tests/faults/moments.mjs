// Waiting, roughly and exactly.
import { microseconds } from './ledger.mjs';

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// To the microsecond, as far as the machine lets us.
export async function waitMicroseconds(count) {
  const until = microseconds() + count;
  if (count > 3000) await pause(Math.floor(count / 1000) - 2);
  while (microseconds() < until);
}
