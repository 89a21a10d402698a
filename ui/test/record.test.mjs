// A record as a page and as the drawer beside the list, and the keys: what opens
// and closes it, where focus goes, what the history says, and that nothing of a
// patient is fetched before it is wanted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;
const record = /\/records\/[\w-]{22}/;

// start opens the list and counts the records that are fetched.
async function start(options = {}, address = '/records') {
  const { context, page, wrong } = await open(options);
  await signIn(page, 'researcher');
  if (address !== '/records') await page.goto(here.url + address);
  const fetched = [];
  page.on('request', (r) => { if (record.test(r.url())) fetched.push(new URL(r.url()).pathname); });
  return { context, page, wrong, fetched };
}

const path = (page) => new URL(page.url()).pathname + new URL(page.url()).search;
const row = (page, n) => page.locator('.grid tbody tr').nth(n);
const hrefOf = (page, n) => row(page, n).locator('a[data-row]').getAttribute('href');
const shown = (page, href) => page.waitForFunction((h) => location.pathname + location.search === h && document.activeElement?.closest('#drawer'), href);
const gone = (page) => page.waitForFunction(() => !document.querySelector('#drawer') && location.pathname === '/records');
const focusIn = (page) => page.evaluate(() => document.activeElement.closest('tr')?.querySelector('a[data-row]')?.getAttribute('href') ?? document.activeElement.id);
const ringed = (page) => page.evaluate(() => [...document.querySelectorAll('.grid tbody tr')].findIndex((r) => r.getAttribute('aria-current') === 'true'));

for (const [width, height] of sizes) {
  test(`a-record-at-${width}`, async () => {
    const { context, page, wrong } = await start({ width, height });
    const href = await hrefOf(page, 0);
    await page.click('a[data-row]');
    await shown(page, href);
    await check(page, 'drawer');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the list scrolls sideways');
    const box = await page.locator('#drawer').boundingBox();
    assert.deepEqual([box.x, box.width], width > 860 ? [width - 468, 468] : [0, width]);
    assert.equal(await page.evaluate(() => document.querySelector('#app').inert), width <= 860, 'what a full screen covers is out of reach');
    await page.reload();
    await check(page, 'record');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    await page.click('.rcd .more-d summary');
    assert.ok(await page.locator('.names a').first().isVisible());
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('the-drawer-opens-and-closes', async () => {
  const { context, page, wrong } = await start({}, '/records?sex=2');
  const title = await page.title(), list = path(page);
  const href = await hrefOf(page, 4);
  await row(page, 4).locator('td').nth(3).click(); // anywhere in the row
  await shown(page, href);
  assert.equal(await focusIn(page), 'drawer-h');
  assert.equal(await ringed(page), 4);
  assert.notEqual(await page.title(), title);
  const heading = await page.textContent('#drawer-h');
  // the key, the button and Back close it and give focus to its row
  for (const close of [() => page.keyboard.press('Escape'), () => page.click('[data-close-record]'), () => page.goBack()]) {
    await close();
    await gone(page);
    assert.deepEqual([path(page), await page.title(), await focusIn(page), await ringed(page)], [list, title, href, -1]);
    await page.keyboard.press('Enter');
    await shown(page, href);
    assert.equal(await page.textContent('#drawer-h'), heading);
  }
  // Forward shows it again; a reload shows the page; Back from there the list
  await page.goBack();
  await gone(page);
  await page.goForward();
  await shown(page, href);
  await page.reload();
  assert.equal((await page.textContent('h1')).trim(), heading.trim());
  await page.goBack();
  await page.waitForSelector('.grid');
  assert.equal(path(page), list);
  // the link can be copied
  const other = await context.newPage();
  await other.goto(here.url + href);
  assert.equal((await other.textContent('h1')).trim(), heading.trim());
  await other.click('.crumb a');
  await other.waitForURL((u) => u.pathname + u.search === list);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('the-drawer-goes-along-the-list', async () => {
  const { context, page, wrong, fetched } = await start();
  const hrefs = await page.locator('a[data-row]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  await page.click('a[data-row]');
  await shown(page, hrefs[0]);
  await page.keyboard.press('j');
  await shown(page, hrefs[1]);
  await page.keyboard.press('k');
  await shown(page, hrefs[0]);
  // who goes on at once never sees, and never asks for, what lies between
  fetched.length = 0;
  for (let i = 0; i < 4; i++) await page.keyboard.press('j');
  await shown(page, hrefs[4]);
  assert.deepEqual(fetched, [hrefs[4].split('?')[0]]);
  assert.equal(await ringed(page), 4);
  // the drawer's own links keep focus, so that they can be used again
  await page.click('#drawer [data-next-record]');
  await page.waitForFunction((h) => location.pathname + location.search === h, hrefs[5]);
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-next-record]')));
  await page.keyboard.press('Enter');
  await page.waitForFunction((h) => location.pathname + location.search === h, hrefs[6]);
  await page.click('#drawer [data-previous-record]');
  await page.waitForFunction((h) => location.pathname + location.search === h, hrefs[5]);
  // past the end of the page of rows, and back
  await row(page, 49).locator('a[data-row]').click();
  await shown(page, hrefs[49]);
  await page.keyboard.press('j');
  await page.waitForFunction((h) => !location.href.includes(h), hrefs[49].slice(0, 31));
  assert.equal(await ringed(page), -1);
  await page.keyboard.press('k');
  await shown(page, hrefs[49]);
  // one Back closes it, however far it went
  await page.goBack();
  await gone(page);
  assert.equal(await focusIn(page), hrefs[49]);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('the-drawer-leads-to-the-patients-other-episodes', async () => {
  const { context, page, wrong } = await start();
  let n = 0;
  for (; n < 30; n++) {
    await row(page, n).locator('a[data-row]').click();
    await shown(page, await hrefOf(page, n));
    if (await page.locator('[data-other-record]').count()) break;
  }
  const first = path(page), list = '/records';
  const other = await page.locator('[data-other-record]').first().getAttribute('href');
  await page.click(`[data-other-record][href="${other}"]`);
  await shown(page, other);
  assert.ok(await page.locator(`[data-other-record][href="${first}"]`).count(), 'the way back is in the list of episodes');
  await page.goBack();
  await shown(page, first);
  await page.goForward();
  await shown(page, other);
  await page.keyboard.press('Escape');
  await gone(page);
  assert.equal(path(page), list);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a-filter-closes-the-drawer-and-back-opens-it-again', async () => {
  const { context, page, wrong } = await start();
  assert.ok(await page.locator('[data-undo]').isHidden(), 'there is nothing to undo yet');
  const all = await total(page), href = await hrefOf(page, 2);
  await row(page, 2).locator('a[data-row]').click();
  await shown(page, href);
  await page.check('#f input[name=sex][value="2"]');
  await page.waitForURL(/sex=2/);
  await page.waitForFunction((n) => Number(document.querySelector('#count strong').textContent.replace(/\D/g, '')) < n, all);
  assert.equal(await page.locator('#drawer').count(), 0);
  assert.ok(await page.evaluate(() => document.activeElement.matches('#f input[name=sex][value="2"]')), 'focus stays on the ticked box');
  assert.ok(await page.locator('[data-undo]').isVisible());
  await page.click('[data-undo]');
  await shown(page, href);
  await page.waitForFunction((n) => Number(document.querySelector('#count strong').textContent.replace(/\D/g, '')) === n, all);
  assert.equal(await ringed(page), 2);
  assert.ok(await page.locator('[data-undo]').isHidden());
  await page.keyboard.press('u'); // undoes the opening
  await gone(page);
  await page.keyboard.press('u'); // nothing before that
  assert.equal(path(page), '/records');
  assert.deepEqual(wrong, []);
  await context.close();
});

// Each record fetched is written to the access record as seen.
test('no-record-is-fetched-before-it-is-wanted', async () => {
  const { context, page, fetched } = await start();
  for (let n = 0; n < 12; n++) await row(page, n).hover();
  for (let n = 0; n < 12; n++) await page.keyboard.press('j');
  await page.focus('.grid tbody tr:nth-child(3) a');
  await page.keyboard.press('n');
  await page.waitForURL(/after=/);
  // one that is wanted: had any been fetched ahead, it would be noted before this one
  const href = await hrefOf(page, 2);
  await row(page, 2).locator('a[data-row]').click();
  await shown(page, href);
  assert.deepEqual(fetched, [href.split('?')[0]]);
  assert.equal(await page.locator('link[rel=prefetch], link[rel=prerender], link[rel=preload][as=document], script[type=speculationrules]').count(), 0);
  await context.close();
});

test('single-keys', async () => {
  const { context, page, wrong } = await start();
  const first = await page.textContent('.pos');
  const hrefs = await page.locator('a[data-row]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  assert.equal(await focusIn(page), hrefs[1]);
  await page.keyboard.press('k');
  assert.equal(await focusIn(page), hrefs[0]);
  await page.keyboard.press('Enter');
  await shown(page, hrefs[0]);
  await page.keyboard.press('Escape');
  await gone(page);
  // pages: the table starts from its top, and so does focus
  await row(page, 40).locator('a[data-row]').focus();
  await page.keyboard.press('n');
  await page.waitForFunction((t) => document.querySelector('.pos').textContent !== t, first);
  assert.equal(await page.evaluate(() => document.querySelector('.scroll').scrollTop), 0);
  assert.equal(await focusIn(page), await hrefOf(page, 0));
  await page.keyboard.press('p');
  await page.waitForFunction((t) => document.querySelector('.pos').textContent === t, first);
  await page.keyboard.press('u');
  await page.waitForURL(/after=/);
  // views
  await page.keyboard.press('2');
  await page.waitForFunction(() => document.querySelector('.seg a:nth-child(2)').getAttribute('aria-current'));
  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelector('.seg a:nth-child(1)').getAttribute('aria-current'));
  // help lists the keys, and turns them off
  await page.keyboard.press('?');
  assert.match(await page.textContent('dialog[open]'), /Next or previous/);
  await page.check('#keys-off');
  await page.keyboard.press('Escape');
  const before = path(page);
  for (const key of ['n', 'j', '2', 'u', '?', '/']) await page.keyboard.press(key);
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.equal(path(page), before);
  await page.reload();
  await page.keyboard.press('?');
  assert.equal(await page.locator('dialog[open]').count(), 0, 'the switch is remembered');
  // Enter and Esc are no single-character keys: they stay
  await page.click('a[data-row]');
  await page.waitForSelector('#drawer');
  await page.keyboard.press('j');
  await page.keyboard.press('Escape');
  await gone(page);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('keys-on-the-page-of-a-record', async () => {
  const { context, page } = await start();
  const hrefs = await page.locator('a[data-row]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  await page.goto(here.url + hrefs[1]);
  await page.keyboard.press('j');
  await page.waitForURL(here.url + hrefs[2]);
  await page.keyboard.press('k');
  await page.waitForURL(here.url + hrefs[1]);
  await page.keyboard.press('?');
  assert.match(await page.textContent('dialog[open]'), /Next or previous/);
  await context.close();
});

// After the skip link, which gives focus to all of the page's content, the page
// must not freeze while the address changes.
test('the-page-goes-on-after-the-skip-link', async () => {
  const { context, page, wrong } = await start();
  const all = await total(page);
  await page.focus('.skip');
  await page.keyboard.press('Enter');
  assert.equal(await focusIn(page), 'main');
  await page.evaluate(() => document.querySelector('#f input[name=sex][value="2"]').click()); // focus stays where it is
  await page.waitForURL(/sex=2/);
  await page.waitForFunction((n) => Number(document.querySelector('#count strong').textContent.replace(/\D/g, '')) < n, all);
  assert.match(await page.textContent('.chips'), /Female/);
  await page.keyboard.press('u');
  await page.waitForFunction((n) => Number(document.querySelector('#count strong').textContent.replace(/\D/g, '')) === n, all);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('what-was-opened-stays-open', async () => {
  const { context, page } = await start();
  const state = () => page.locator('.side details').evaluateAll((all) => all.map((d) => d.open));
  for (const n of [0, 1, 4]) await page.locator('.side details > summary').nth(n).click();
  const before = await state();
  await page.check('#f input[name=sex][value="2"]');
  await page.waitForURL(/sex=2/);
  await page.waitForFunction(() => document.querySelector('#app').dataset.url === location.pathname + location.search);
  assert.deepEqual(await state(), before);
  await context.close();
});

test('the-address-is-written-once', async () => {
  const { context, page } = await start({}, '/records?cols=ADMIDATE,SEX&sex=2');
  for (const on of [true, false, true]) {
    await page.setChecked('#f input[name=sex][value="1"]', on);
    await page.waitForURL(on ? /sex=1/ : (u) => !u.search.includes('sex=1'));
    await page.waitForFunction(() => document.querySelector('#app').dataset.url === location.pathname + location.search);
  }
  assert.equal(path(page), '/records?sex=1&sex=2&cols=ADMIDATE,SEX');
  await context.close();
});

test('targets-are-large-enough', async () => {
  for (const [width, height] of sizes) {
    const { context, page } = await start({ width, height });
    await page.click('a[data-row]');
    await page.waitForSelector('#drawer');
    const small = await page.evaluate(() => [...document.querySelectorAll('#drawer :is(a, button, summary), .bar :is(a, button, summary), .q__top :is(a, button, summary)')]
      .map((el) => [el, el.getClientRects()[0]]).filter(([, r]) => r && r.width && (r.height < 23.5 || r.width < 23.5)).map(([el, r]) => `${el.outerHTML.slice(0, 80)} ${r.width}×${r.height}`));
    assert.deepEqual(small, [], `at ${width}`);
    await context.close();
  }
});

// On paper: who, when, for what purpose, from which release and under which
// filters; no navigation, and nothing wider than A4.
test('on-paper', async () => {
  const { context, page } = await start({}, '/records?sex=2');
  // sizes of the sheets, with A4 as browsers round it
  const size = async () => [...new Set((await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1').match(/\/MediaBox \[[^\]]*\]/g))]
    .map((box) => box.match(/[\d.]+/g).slice(2).map((n) => (Math.abs(n - 842) < 1.5 ? 'long' : Math.abs(n - 595) < 1.5 ? 'short' : n)).join());
  const facts = async () => {
    const text = await page.evaluate(() => document.body.innerText);
    for (const says of [/Demo researcher, \d+ \w+ 20\d\d, \d\d:\d\d\./, /Purpose: Skin disease pathways study DEMO-STUDY/, /Release \d{8}-\d{6}-\w{4}/]) assert.match(text, says);
  };
  const hidden = async (...selectors) => { for (const s of selectors) for (const el of await page.locator(s).all()) assert.ok(await el.isHidden(), `${s} is on the paper`); };
  const fits = async () => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= page.viewportSize().width, 'wider than the paper');
  await page.emulateMedia({ media: 'print' });
  for (const width of [1046, 719]) { // A4 within its margins, either way round
    await page.setViewportSize({ width, height: 1000 });
    await facts();
    await fits();
    assert.match(await page.innerText('.chips'), /Sex is Female/);
    await hidden('.top', '.side', '.bar', '.chip a', '.how', '.undo', '.foot');
    assert.ok(await page.locator('.grid thead').isVisible(), 'a table has its headings');
  }
  assert.deepEqual(await size(), ['long,short']);
  // with a record open it is the record that is printed
  await page.emulateMedia({ media: 'screen' });
  await page.setViewportSize({ width: 1440, height: 900 });
  const href = await hrefOf(page, 0);
  await page.click('a[data-row]');
  await shown(page, href);
  await page.emulateMedia({ media: 'print' });
  for (const address of [null, href]) { // the drawer, then the page
    if (address) await page.goto(here.url + address);
    await page.setViewportSize({ width: 719, height: 1000 });
    await facts();
    await fits();
    await hidden('#app', '.rcd button', '.rcd .btn', '.crumb');
    assert.ok(await page.locator('.rcd__facts').isVisible());
    assert.deepEqual(await size(), ['short,long']);
  }
  await context.close();
});
