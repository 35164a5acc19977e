// The ways of tampering with an export. Each takes the world, {random, log, lines, other,
// stranger}, and answers what became of the text, and where: `at` are leaves, one list
// for each place, of which one must be in a range that the verifier names, if it names
// any. Null: this time there was nothing to do.
import { checkpointText, signedNote } from './notes.mjs';
import { textOf } from './log.mjs';

const leavesOf = (lines) => lines.flatMap((line, i) => (line.leaf ? [i] : []));
const checkpointsOf = (lines) => lines.flatMap((line, i) => (line.size !== undefined ? [i] : []));
const pick = (random, lines, which) => random.of(which(lines));

const written = (lines, at = []) => ({ text: textOf(lines), at });
const replaced = (lines, i, text) => lines.with(i, { ...lines[i], text });

// The number of the line that comes next, when one is put in before lines[i].
function numberBefore(lines, i) {
  for (let k = i; k < lines.length; k += 1) if (lines[k].leaf || lines[k].size) return lines[k].leaf ?? lines[k].size;
  return lines.findLast(({ leaf }) => leaf).leaf;
}

function changeByte(random, text, from = 0) {
  const bytes = Buffer.from(text);
  const at = random.between(from, bytes.length - 1);
  if (random.onceIn(4)) bytes[at] = random.between(0, 255);
  else bytes[at] ^= 1 << random.between(0, 7);
  return bytes;
}

const joined = (lines, i, bytes) => Buffer.concat([
  Buffer.from(textOf(lines.slice(0, i))), bytes, Buffer.from(`\n${textOf(lines.slice(i + 1))}`),
]);

function editCheckpoint({ lines, random }, edit) {
  const i = pick(random, lines, checkpointsOf);
  const object = JSON.parse(lines[i].text);
  return edit(object, i) === null ? null
    : written(replaced(lines, i, JSON.stringify(object)), [[lines[i].size, lines[i].size + 1]]);
}

function editHeader({ lines }, edit) {
  const header = { ...lines[0].header };
  edit(header);
  return written(replaced(lines, 0, JSON.stringify(header)));
}

function cut(lines, count, { whole, part = '' }) {
  const rest = lines.slice(0, count);
  const last = rest.findLast(({ leaf }) => leaf)?.leaf ?? 0;
  if (whole) rest[0] = { text: JSON.stringify({ ...lines[0].header, last }) };
  return { text: textOf(rest) + part, at: [[last, last + 1]] };
}

export const MUTATIONS = {
  edit({ lines, random }) {
    const i = pick(random, lines, leavesOf);
    return { text: joined(lines, i, changeByte(random, lines[i].text)), at: [[lines[i].leaf]] };
  },
  // What an insider would do: another outcome, all in good form.
  rewrite({ lines, random }) {
    const i = pick(random, lines, leavesOf);
    const leaf = JSON.parse(lines[i].text);
    leaf[random.of(['outcome', 'actor', 'user', 'time'])] = 'ok';
    return written(replaced(lines, i, JSON.stringify(leaf)), [[lines[i].leaf]]);
  },
  delete({ lines, random }) {
    const i = pick(random, lines, leavesOf);
    return written(lines.toSpliced(i, 1), [[lines[i].leaf]]);
  },
  deleteRun({ lines, random }) {
    const i = pick(random, lines, leavesOf);
    const gone = lines.slice(i, i + random.between(2, 200)).filter(({ leaf }) => leaf);
    return written(lines.filter((line) => !gone.includes(line)), [[gone[0].leaf], [gone.at(-1).leaf]]);
  },
  duplicate({ lines, random }) {
    const from = pick(random, lines, leavesOf);
    const to = random.onceIn(2) ? from + 1 : random.between(1, lines.length - 1);
    return written(lines.toSpliced(to, 0, { text: lines[from].text }), [[numberBefore(lines, to)]]);
  },
  swap({ lines, random }) {
    const a = pick(random, lines, leavesOf);
    const b = random.onceIn(2) ? leavesOf(lines).find((i) => i > a) : pick(random, lines, leavesOf);
    if (b === undefined) return null;
    return written(lines.with(a, lines[b]).with(b, lines[a]), [[lines[a].leaf], [lines[b].leaf]]);
  },
  reorder({ lines, random }) {
    const all = leavesOf(lines);
    const from = random.between(0, all.length - 3);
    const some = all.slice(from, from + random.between(3, 40));
    const texts = some.map((i) => lines[i]);
    texts.unshift(texts.pop());
    const out = [...lines];
    some.forEach((i, k) => { out[i] = texts[k]; });
    return written(out, [[lines[some[0]].leaf], [lines[some.at(-1)].leaf]]);
  },
  truncate: ({ lines, random }) => cut(lines, random.between(1, lines.length - 1), { whole: false }),
  truncateWhole: ({ lines, random }) => cut(lines, random.between(2, lines.length - 1), { whole: true }),
  // At a checkpoint, so that nothing in the file itself is wrong.
  truncateClean({ lines, random }) {
    const all = checkpointsOf(lines);
    if (all.length < 2) return null;
    return cut(lines, random.of(all.slice(0, -1)) + 1, { whole: true });
  },
  truncateInLine({ lines, random }) {
    const i = random.between(1, lines.length - 1);
    const text = Buffer.from(lines[i].text).toString('latin1');
    const part = text.slice(0, random.between(1, text.length));
    const { text: before } = cut(lines, i, { whole: random.onceIn(2) });
    const last = lines.slice(0, i + 1).findLast(({ leaf }) => leaf)?.leaf ?? 0;
    return { text: Buffer.concat([Buffer.from(before), Buffer.from(part, 'latin1')]), at: [[last, last + 1]] };
  },
  // Another history from some leaf on, signed by the very key.
  fork({ log, random }) {
    const leaf = random.between(1, log.leaves.length);
    const fork = log.forkAt(leaf, `fork${random.between(0, 1e6)}`);
    const more = random.between(0, 30);
    for (const size of log.sizes.filter((n) => n >= leaf)) {
      while (fork.leaves.length < size) fork.append();
      fork.checkpoint();
    }
    if (more > 0) fork.grow(fork.leaves.length + more);
    return written(fork.export(), [[leaf], [log.leaves.length]]);
  },
  // The same, with checkpoints where the true log has none.
  forkElsewhere({ log, random }) {
    const leaf = random.between(1, log.leaves.length);
    const fork = log.forkAt(leaf, `else${random.between(0, 1e6)}`).grow(log.leaves.length + random.between(0, 30));
    return written(fork.export(), [[leaf]]);
  },
  splice({ lines, other, random }) {
    const all = leavesOf(lines);
    const from = random.between(0, all.length - 1);
    const some = all.slice(from, from + random.between(1, 150));
    const out = [...lines];
    for (const i of some) out[i] = { ...lines[i], text: other.leaves[lines[i].leaf - 1] };
    return written(out, [[lines[some[0]].leaf], [lines[some.at(-1)].leaf]]);
  },
  // With the checkpoints of that other log.
  spliceWithCheckpoints({ lines, otherLines, random }) {
    const from = random.between(2, lines.length - 2);
    const leaf = numberBefore(lines, from);
    const to = random.between(leaf, otherLines.at(-1).size);
    const begin = otherLines.findIndex((line) => line.leaf === leaf);
    const end = otherLines.findIndex((line) => line.leaf === to);
    const rest = lines.findIndex((line) => line.leaf > to);
    if (begin < 0 || end < begin) return null;
    return written([...lines.slice(0, from), ...otherLines.slice(begin, end + 1), ...(rest < 0 ? [] : lines.slice(rest))],
      [[leaf, leaf + 1]]);
  },
  headerByte: ({ lines, random }) => ({ text: joined(lines, 0, changeByte(random, lines[0].text)), at: [] }),
  headerFirst: (world) => editHeader(world, (h) => { h.first += world.random.of([1, -1, 2, 64]); }),
  headerLast: (world) => editHeader(world, (h) => { h.last += world.random.of([1, -1, -100, 1000, 2 ** 40]); }),
  headerEdge: (world) => editHeader(world, (h) => {
    const edge = [...h.edge];
    if (edge.length > 0 && world.random.onceIn(2)) edge[0] = Buffer.alloc(32, world.random.between(0, 255)).toString('base64');
    else edge.push(Buffer.alloc(32).toString('base64'));
    h.edge = edge;
  }),
  headerOrigin: (world) => editHeader(world, (h) => { h.origin = `${h.origin}x`; }),
  headerKey: (world) => editHeader(world, (h) => { h.key = world.stranger.vkey; }),
  headerRemove: ({ lines }) => written(lines.slice(1)),
  headerOrder: (world) => editHeader(world, (h) => {
    const { edge } = h;
    delete h.edge;
    h.edge = edge;
    const { key } = h;
    delete h.key;
    h.key = key;
  }),
  // Not in a witness's name or key id: a line of nobody we know is none of ours.
  checkpointByte({ lines, random, witness }) {
    const i = pick(random, lines, checkpointsOf);
    const { text, size } = lines[i];
    const cosigned = text.indexOf(`\\n\u2014 ${witness.name} `);
    const bytes = changeByte(random, text);
    const changed = bytes.findIndex((byte, k) => byte !== Buffer.from(text)[k]);
    if (cosigned >= 0) {
      const from = Buffer.byteLength(text.slice(0, cosigned));
      const safe = from + Buffer.byteLength(`\\n\u2014 ${witness.name} `) + 6;
      if (changed >= from && changed < safe) return null;
    }
    return { text: joined(lines, i, bytes), at: [[size, size + 1]] };
  },
  checkpointRemove({ lines, random }) {
    const i = pick(random, lines, checkpointsOf);
    return written(lines.toSpliced(i, 1), [[lines[i].size, lines[i].size + 1]]);
  },
  checkpointDuplicate({ lines, random }) {
    const i = pick(random, lines, checkpointsOf);
    const to = random.onceIn(2) ? i + 1 : random.between(1, lines.length);
    return written(lines.toSpliced(to, 0, lines[i]),
      [[lines[i].size, lines[i].size + 1, to < lines.length ? numberBefore(lines, to) : lines[i].size]]);
  },
  checkpointSwap({ lines, random }) {
    const [a, b] = [pick(random, lines, checkpointsOf), pick(random, lines, checkpointsOf)];
    if (a === b) return null;
    return written(lines.with(a, lines[b]).with(b, lines[a]), [[lines[a].size], [lines[b].size]]);
  },
  checkpointMove({ lines, random }) {
    const i = pick(random, lines, checkpointsOf);
    const to = random.between(1, lines.length - 1);
    return written(lines.toSpliced(i, 1).toSpliced(to, 0, lines[i]), [[lines[i].size, lines[i].size + 1]]);
  },
  edge: (world) => editCheckpoint(world, (object) => {
    if (!object.edge) return null;
    const k = world.random.between(0, object.edge.length - 1);
    const how = world.random.between(1, 4);
    if (how === 1) object.edge.splice(k, 1);
    else if (how === 2) object.edge.push(object.edge[k]);
    else if (how === 3) object.edge.reverse();
    else object.edge[k] = Buffer.alloc(32, world.random.between(0, 255)).toString('base64');
    return undefined;
  }),
  signature: (world) => editCheckpoint(world, (object) => {
    const [text] = object.checkpoint.split('\n\n');
    // Without its cosignature a checkpoint is what the vault wrote: not with its own line.
    const from = world.random.of([...world.log.notes.values()].filter((note) => !note.startsWith(text)));
    const line = world.random.onceIn(2) ? world.stranger.line(`${text}\n`) : `${from.split('\n\n')[1].split('\n')[0]}\n`;
    object.checkpoint = signedNote(`${text}\n`, line);
  }),
  cosignature: (world) => editCheckpoint(world, (object) => {
    const [text, lines] = object.checkpoint.split('\n\n');
    const [own] = lines.split('\n');
    object.checkpoint = signedNote(`${text}\n`, `${own}\n`, world.witness.line(`x${text}\n`, 1_700_000_000));
  }),
  root: (world) => editCheckpoint(world, (object, i) => {
    const text = checkpointText(world.log.signer.name, world.lines[i].size, Buffer.alloc(32, 7));
    object.checkpoint = signedNote(text, object.checkpoint.split('\n\n')[1]);
  }),
  // All of it anew, under another key of the same name; checked without --key.
  key({ log, stranger, random }) {
    const copy = log.forkAt(1, `key${random.between(0, 1e6)}`);
    copy.signer = stranger;
    return { ...written(copy.grow(log.leaves.length).export()), withoutKey: true };
  },
  noise({ lines, random }) {
    const text = Buffer.from(textOf(lines));
    const from = random.between(0, text.length - 1);
    const size = random.between(1, 4000);
    for (let i = from; i < Math.min(from + size, text.length); i += 1) text[i] = random.between(0, 255);
    return { text, at: [] };
  },
};
