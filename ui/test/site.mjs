// What every browser test needs: the real program over synthetic data of its
// own, a browser, windows that note what goes wrong in them, and axe.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

const bin = new URL('../../bin/webenable', import.meta.url).pathname;
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const shots = process.env.SCREENSHOTS;
export const password = 'try-me-on-synthetic-data';

// sizes are the windows at which pages are looked at.
export const sizes = [[1440, 900], [1366, 768], [390, 844], [320, 640]];

// choose says what the data are for, and agrees to the terms where that is asked.
export const choose = async (page, agreement) => {
  if (agreement) await page.check(`input[value="${agreement}"]`);
  else await page.check('input[name=agreement] >> nth=0');
  for (const box of await page.locator('input[name^=agree-]:visible').all()) await box.check();
  await page.click('main button[type=submit]');
  await page.waitForLoadState();
};

// run runs the program and returns what it printed.
export function run(...args) {
  const r = spawnSync(bin, args, { encoding: 'utf8' });
  assert.equal(r.status, 0, `webenable ${args[0]}: ${r.stderr}`);
  return r.stdout;
}

// site makes data, loads them and serves them for the tests of one file, and
// takes everything away after them. Its url and dir are there once they run.
export function site({ patients = 4000, first = 2008, last = 2010 } = {}) {
  const files = Array.from({ length: last - first + 1 }, (_, i) => [first + i, first + i + 1].map((y) => String(y).slice(2)).join(''));
  const s = { url: '', dir: '' };
  let server, browser;

  // load makes a release of the files, as the options say.
  s.load = (...options) => run('load', '--data', s.dir, '--quiet', '--agreement', 'DEMO-CLINIC', '--identifiers', 'LOPATID', '--opt-out', 'not-needed', ...options, ...files.map((y) => join(s.root, 'raw', `synthetic_hes_apc_${y}.txt`)));

  // open starts a browser window that notes everything that goes wrong in it.
  s.open = async ({ javaScriptEnabled = true, width = 1440, height = 900, ...more } = {}) => {
    const context = await browser.newContext({ javaScriptEnabled, viewport: { width, height }, ...more });
    const page = await context.newPage();
    const wrong = [];
    page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') wrong.push(m.text()); });
    page.on('pageerror', (e) => wrong.push(String(e)));
    return { context, page, wrong };
  };

  s.signIn = async (page, name) => {
    await page.goto(s.url + '/sign-in');
    await page.fill('#name', name);
    await page.fill('#password', password);
    await page.click('main button[type=submit]');
    await page.waitForLoadState(); // the script is there too
    if (new URL(page.url()).pathname === '/purpose') await choose(page);
  };

  s.choose = choose;

  // check lets axe look at a page as it stands. It comes in by the debugger, past
  // the content security policy, which stays in force for the page itself. ready,
  // if given, brings the page to the state that is meant.
  // skip names a rule that does not fit the window.
  s.check = async (page, name, ready, skip = []) => {
    await ready?.(page);
    // axe takes what the box at the head of the side panel half covers for a small target
    await page.evaluate(() => document.querySelector('.side')?.scrollTo(0, 0));
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
    const found = await page.evaluate(async (skip) => (await window.axe.run(document, { rules: Object.fromEntries(skip.map((r) => [r, { enabled: false }])), runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`), skip);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${page.viewportSize().width}.png`) });
    assert.deepEqual(found, [], `axe on ${name}`);
  };

  // Last: node runs the first hook of a file as soon as it is named.
  before(async () => {
    const root = mkdtempSync(join(tmpdir(), 'webenable-'));
    s.root = root;
    s.dir = join(root, 'data');
    run('synth', '--patients', String(patients), '--years', `${first}-${last}`, '--dirt', '0.01', '--local-ids', '--out', join(root, 'raw'));
    run('agreement', 'add', 'DEMO-CLINIC', '--data', s.dir, '--basis', 'clinical', '--title', 'Dermatology clinic', '--provider', 'RTH', '--specialty', '330', '--fields', 'LOPATID', '--years', '0405', '--until', '2099-12-31'); // the load names it
    s.load();
    server = spawn(bin, ['demo', '--data', s.dir, '--listen', '127.0.0.1:0']);
    s.url = await new Promise((ok, fail) => {
      let said = '';
      server.stdout.on('data', (b) => { said += b; const m = said.match(/http:\/\/\S+/); if (m) ok(m[0]); });
      server.on('exit', () => fail(new Error('the server ended: ' + said)));
    });
    browser = await chromium.launch({ executablePath: process.env.BROWSER ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] });
    if (shots) mkdirSync(shots, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    if (server?.exitCode === null) await new Promise((ok) => { server.on('exit', ok); server.kill('SIGTERM'); }); // it writes until it ends
    rmSync(s.root, { recursive: true, force: true });
  });
  return s;
}

// total is the number in the headline.
export const total = async (page) => Number((await page.textContent('#count strong')).replace(/\D/g, ''));
