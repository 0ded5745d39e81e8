import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const folder = new URL('../../ui/src/i18n/', import.meta.url);

// The catalogues are plain JavaScript in files that are called TypeScript.
async function catalogue(file) {
  const source = await readFile(new URL(file, folder));
  const module = await import(`data:text/javascript;base64,${source.toString('base64')}`);
  return module[file.replace('.ts', '')];
}

const placeholders = (sentence) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ts') && name !== 'index.ts')) {
  test(`${file} says everything that English says`, async () => {
    const [english, other] = [await catalogue('en.ts'), await catalogue(file)];
    assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort());
    for (const [key, sentence] of Object.entries(other)) {
      assert.notEqual(sentence.trim(), '', `${key} is empty`);
      assert.deepEqual(placeholders(sentence), placeholders(english[key]), `${key} has the same values`);
    }
  });
}
