// What was not searched because it was taken for old would not be found.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ChangedFiles } from './changed_files.mjs';

const dir = mkdtempSync(join(tmpdir(), 'tokenvault-changed-'));
after(() => rmSync(dir, { recursive: true }));

const file = join(dir, 'vault.db');
const text = (files) => [...files.look()].map(([, part]) => part).join('|');
const BLOCK = 64 * 1024;

describe('a file', () => {
  const files = new ChangedFiles(dir);

  test('is all new at first, and nothing of it at once afterwards', () => {
    writeFileSync(file, 'a'.repeat(5 * BLOCK));
    assert.equal(text(files).length, 5 * BLOCK);
    assert.equal(text(files), '');
  });

  test('gives what was changed in its middle, with what stands around it', () => {
    const bytes = Buffer.from('a'.repeat(5 * BLOCK));
    bytes.write('token', 3 * BLOCK - 2);
    writeFileSync(file, bytes);
    assert.match(text(files), /^a+tokena+$/);
    assert.equal(text(files), '');
  });

  test('gives what was added, also after it became shorter', () => {
    writeFileSync(file, 'a'.repeat(BLOCK));
    assert.equal(text(files), '');
    writeFileSync(file, `${'a'.repeat(BLOCK)}token`);
    assert.match(text(files), /^a+token$/);
  });

  test('gives everything to whoever forgot', () => {
    files.forget();
    assert.equal(text(files).length, BLOCK + 5);
  });
});
