// One page that shows all pictures of a folder: `node gallery.mjs DIR` writes
// DIR/index.html and says so. A picture is "page--light--narrow.png".
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^(.+)--(light|dark)--(narrow|wide)\.png$/;
const FORMS = [['light', 'narrow'], ['dark', 'narrow'], ['light', 'wide'], ['dark', 'wide']];

const [dir] = process.argv.slice(2);
const files = readdirSync(dir).filter((name) => NAME.test(name)).sort();
const pages = [...new Set(files.map((name) => NAME.exec(name)[1]))];

const picture = (page, form) => {
  const file = `${[page, ...form].join('--')}.png`;
  return files.includes(file)
    ? `<a href="${file}"><img src="${file}" alt="${page}, ${form.join(', ')}" loading="lazy"></a>` : '';
};
const row = (page) => `<h2>${page}</h2>
<div>${FORMS.map((form) => picture(page, form)).join('\n')}</div>`;

writeFileSync(join(dir, 'index.html'), `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The pages</title>
<style>
body { margin: 2rem; font: 1rem/1.5 system-ui, sans-serif; background: #ddd; }
div { display: grid; grid-template-columns: 1fr 1fr 2fr 2fr; gap: 1rem; align-items: start; }
img { inline-size: 100%; border: 1px solid #888; }
</style>
<h1>The pages, as Chromium shows them</h1>
${pages.map(row).join('\n')}
</html>
`);
console.log(`${files.length} screenshots in ${dir}`);
