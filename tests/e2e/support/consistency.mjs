// Whether a log grew out of an older one: RFC 9162, section 2.1.4.2, from its text.
import { createHash } from 'node:crypto';

const node = (left, right) =>
  createHash('sha256').update(Buffer.concat([Buffer.from([1]), left, right])).digest();

export function verifyConsistencyProof(first, firstRoot, second, secondRoot, proof) {
  const path = [...proof];
  if ((first & (first - 1)) === 0) path.unshift(firstRoot);
  if (path.length === 0) return false;
  let fn = first - 1;
  let sn = second - 1;
  while (fn & 1) { fn >>= 1; sn >>= 1; }
  let [fr] = path;
  let [sr] = path;
  for (const hash of path.slice(1)) {
    if (sn === 0) return false;
    if ((fn & 1) || fn === sn) {
      fr = node(hash, fr);
      sr = node(hash, sr);
      while (!(fn & 1) && fn !== 0) { fn >>= 1; sn >>= 1; }
    } else {
      sr = node(sr, hash);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return fr.equals(firstRoot) && sr.equals(secondRoot) && sn === 0;
}
