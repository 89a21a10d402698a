// Builds the front-end assets into internal/web/dist: bundles the script and the
// style sheet, names every file by a hash of its content, and packs them.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const out = new URL('../internal/web/dist/', import.meta.url);
const target = ['chrome109', 'firefox115', 'safari15.6'];
mkdirSync(out, { recursive: true });
for (const f of readdirSync(out)) if (f !== '.gitkeep') rmSync(new URL(f, out));

const names = {};
function put(name, content) {
  const ext = extname(name);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const file = `${name.slice(0, -ext.length)}-${hash}${ext}`;
  writeFileSync(new URL(file, out), content);
  if (ext !== '.woff2') {
    writeFileSync(new URL(file + '.gz', out), gzipSync(content, { level: 9 }));
    writeFileSync(new URL(file + '.br', out), brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
  names[name] = file;
}

const font = (pkg) => readFileSync(new URL(`node_modules/@fontsource-variable/${pkg}/files/${pkg}-latin-wght-normal.woff2`, import.meta.url));
put('text.woff2', font('source-sans-3'));
put('code.woff2', font('atkinson-hyperlegible-next'));
put('mark.svg', readFileSync(new URL('src/mark.svg', import.meta.url)));

// The order counts: what a width, a printer or a person's own colours ask for wins.
// One name a line, so that parts come and go without getting into each other's way.
const sheets = [
  'base',
  'explorer',
  'strip',
  'columns',
  'finder',
  'facets',
  'help',
  'pages',
  'public',
  'record',
  'codes',
  'charts',
  'tables',
  'people',
  'values',
  'conditions',
  'widths',
  'print',
];
const css = sheets.map((s) => readFileSync(new URL(`src/${s}.css`, import.meta.url), 'utf8')).join('\n').replace(/asset\(([\w.]+)\)/g, (_, f) => `url(/static/${names[f]})`);
const style = await build({ stdin: { contents: css, loader: 'css' }, external: ['/static/*'], bundle: true, minify: true, write: false, target, logLevel: 'error' });
put('app.css', style.outputFiles[0].contents);
const script = await build({ entryPoints: [new URL('src/app.ts', import.meta.url).pathname], bundle: true, minify: true, format: 'esm', write: false, target, logLevel: 'error' });
put('app.js', script.outputFiles[0].contents);
writeFileSync(new URL('manifest.json', out), JSON.stringify(names, null, 1) + '\n');
