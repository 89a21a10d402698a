// Click to painted: how long it takes from a click on a filter to the next frame
// with its answer, on a plain machine and on a slow one behind a slow line. Not
// part of make test; make speed prints it.
import { chromium } from 'playwright-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choose, password } from './site.mjs';

const bin = new URL('../../bin/webenable', import.meta.url).pathname;
const clicks = 40;
const dir = mkdtempSync(join(tmpdir(), 'webenable-speed-'));
const run = (...args) => { const r = spawnSync(bin, args, { encoding: 'utf8' }); if (r.status !== 0) throw new Error(r.stderr); };
let server, browser;
try {
  run('synth', '--patients', process.env.PATIENTS ?? '115000', '--years', '2004-2013', '--dirt', '0.01', '--out', join(dir, 'raw'));
  run('load', '--data', join(dir, 'data'), '--quiet', ...Array.from({ length: 10 }, (_, i) => join(dir, 'raw', `synthetic_hes_apc_${String(4 + i).padStart(2, '0')}${String(5 + i).padStart(2, '0')}.txt`)));
  server = spawn(bin, ['demo', '--data', join(dir, 'data'), '--listen', '127.0.0.1:0']);
  const url = await new Promise((ok, fail) => {
    let said = '';
    server.stdout.on('data', (b) => { said += b; const m = said.match(/http:\/\/\S+/); if (m) ok(m[0]); });
    server.on('exit', () => fail(new Error('the server ended: ' + said)));
  });
  browser = await chromium.launch({ executablePath: process.env.BROWSER ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'] });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await page.goto(url + '/sign-in');
  await page.fill('#name', 'researcher');
  await page.fill('#password', password);
  await page.click('main button[type=submit]');
  await page.waitForURL(/\/purpose/);
  await choose(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  for (const [name, cpu, network] of [['plain', 1, { latency: 0, downloadThroughput: -1, uploadThroughput: -1 }], ['4 times slower, 10 Mbit, 40 ms', 4, { latency: 40, downloadThroughput: 1.25e6, uploadThroughput: 1.25e6 }]]) {
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: cpu });
    await cdp.send('Network.emulateNetworkConditions', { offline: false, ...network });
    await page.goto(url + '/records');
    const times = [];
    for (let i = 0; i < clicks; i++) {
      times.push(await page.evaluate((i) => new Promise((ok) => {
        const boxes = [...document.querySelectorAll('#fac-dx > fieldset > .opt input, #fac-sex > fieldset > .opt input')];
        document.addEventListener('shown', () => requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => ok(performance.now() - start); c.port2.postMessage(0); }), { once: true });
        const start = performance.now();
        boxes[i % boxes.length].click();
      }), i));
      await page.waitForTimeout(50);
    }
    times.sort((a, b) => a - b);
    console.log(`${name}: median ${times[clicks / 2].toFixed(0)} ms, p95 ${times[Math.floor(clicks * 0.95)].toFixed(0)} ms, best ${times[0].toFixed(0)} ms of ${clicks} clicks on a filter`);
  }
} finally {
  await browser?.close();
  server?.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}
