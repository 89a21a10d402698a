// Prints the leaflet from its page into internal/web/leaflet, two A4 pages with
// tags, title and language, and writes down of which page: make leaflet calls it
// when the text of the page has changed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const bin = new URL('../bin/webenable', import.meta.url).pathname;
const out = new URL('../internal/web/leaflet/', import.meta.url);
const sha256 = (content) => createHash('sha256').update(content).digest('hex');

const data = mkdtempSync(join(tmpdir(), 'webenable-leaflet-'));
const server = spawn(bin, ['serve', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let browser;
try {
  const url = await new Promise((ok, fail) => {
    let said = '';
    server.stdout.on('data', (b) => { said += b; const m = said.match(/http:\/\/\S+/); if (m) ok(m[0]); });
    server.on('exit', () => fail(new Error('the server ended: ' + said)));
  });
  const page = await (await fetch(url + '/leaflet')).text();
  const main = page.match(/<main[^>]*>.*<\/main>/s)[0];
  browser = await chromium.launch({ executablePath: process.env.BROWSER ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  const window = await browser.newPage();
  await window.goto(url + '/leaflet');
  await window.evaluate(() => document.fonts.ready);
  const pdf = await window.pdf({ format: 'A4', tagged: true, outline: true, printBackground: true, preferCSSPageSize: false, margin: { top: '14mm', bottom: '12mm', left: '10mm', right: '10mm' } });
  writeFileSync(new URL('leaflet.pdf', out), pdf);
  writeFileSync(new URL('leaflet.json', out), JSON.stringify({ page: sha256(main), pdf: sha256(pdf) }, null, 1) + '\n');
} finally {
  await browser?.close();
  if (server.exitCode === null) await new Promise((ok) => { server.on('exit', ok); server.kill('SIGTERM'); });
  rmSync(data, { recursive: true, force: true });
}
