// What is seen while an answer is on its way, when it takes long, and when there
// is none: the filters stay, and there is a way on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password, site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;
const sex = 'input[name=sex][value="2"]';
const women = /\/records\?.*sex=2/;

// hold keeps back the answers to an address until it is let go.
async function hold(page, pattern) {
  let go;
  const held = new Promise((ok) => { go = ok; });
  await page.route(pattern, async (route) => { await held; await route.continue().catch(() => {}); });
  return go;
}

test('a-bar-then-words-then-cancel', async () => {
  const { context, page, wrong } = await open();
  await page.clock.install();
  await signIn(page, 'researcher');
  const before = { url: page.url(), total: await total(page), row: await page.textContent('.grid tbody tr') };
  await hold(page, women);
  const given = new Promise((ok) => page.on('requestfailed', (r) => { if (women.test(r.url())) ok(r.failure().errorText); }));
  await page.clock.pauseAt(Date.now() + 60_000); // else the machine's own time goes on besides
  await page.check(sex);
  await page.clock.runFor(100);
  assert.equal(await page.locator('[aria-busy]').count(), 0, 'nothing is seen at first');
  await page.clock.runFor(50);
  assert.equal(await page.locator('#app[aria-busy=true]').count(), 1);
  assert.equal(await page.textContent('.grid tbody tr'), before.row, 'what was there stays');
  await page.clock.runFor(4000);
  assert.equal(await page.isVisible('#slow'), false);
  await page.clock.runFor(1000);
  assert.equal(await page.isVisible('#slow'), true);
  assert.match(await page.textContent('#slow'), /Still counting/);
  await page.focus('[data-cancel]');
  await page.keyboard.press('Enter');
  assert.match(await given, /ABORTED/, 'the question is still asked');
  assert.equal(await page.isVisible('#slow'), false);
  assert.equal(await page.locator('[aria-busy]').count(), 0);
  assert.equal(await page.isChecked(sex), false, 'the filter is as it was');
  assert.deepEqual({ url: page.url(), total: await total(page), row: await page.textContent('.grid tbody tr') }, before);
  // and another question works
  await page.clock.resume();
  await page.unroute(women);
  await page.check(sex);
  await page.waitForURL(women);
  // Back can be given up too: the address is again that of what is shown
  await page.waitForFunction(() => document.querySelector('#app').dataset.url === location.pathname + location.search);
  const now = { url: page.url(), total: await total(page) };
  await hold(page, (u) => u.pathname === '/records' && !u.search);
  await page.goBack();
  await page.clock.runFor(6000);
  await page.click('[data-cancel]');
  assert.deepEqual({ url: page.url(), total: await total(page) }, now);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('errors-stand-in-the-place-of-the-results', async () => {
  const { context, page } = await open();
  await signIn(page, 'researcher');
  const before = page.url();
  // the server cannot be reached
  await page.route(women, (route) => route.abort('connectionrefused'));
  await page.check(sex);
  await page.waitForSelector('#trouble');
  assert.match(await page.textContent('#trouble'), /server cannot be reached/);
  assert.equal(await page.isChecked(sex), true, 'the filters are kept');
  assert.equal(page.url(), before);
  assert.equal(await page.isVisible('.grid'), false, 'no list under filters that it is not of');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'trouble');
  await check(page, 'unreachable');
  await page.unroute(women);
  await page.click('#trouble .btn');
  await page.waitForURL(women);
  assert.equal(await page.locator('#trouble').count(), 0);
  assert.equal(await page.isVisible('.grid'), true);
  // something that is typed wrong: what is wanted, and back to the field
  await page.click('#fac-adm summary');
  await page.waitForSelector('#fac-adm input[name=adm_from]');
  await page.fill('#fac-adm input[name=adm_from]', 'last summer');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#trouble');
  assert.match(await page.textContent('#trouble'), /Admitted: write a day as 2008-04-01.*quote \w{10}/s);
  await check(page, 'typed-wrong');
  await page.click('#trouble a[href="#fac-adm"]');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'adm_from');
  assert.equal(await page.inputValue('#fac-adm input[name=adm_from]'), 'last summer', 'what was typed is kept');
  await page.click('#trouble >> text=Leave this filter out');
  await page.waitForFunction(() => !document.querySelector('#trouble'));
  assert.match(page.url(), women);
  // a record beside the list: the list stays
  await page.route(/\/records\/[\w-]{22}/, (route) => route.abort('connectionrefused'));
  await page.click('a[data-row]');
  await page.waitForSelector('.trouble--over');
  assert.equal(await page.isVisible('.grid'), true);
  await context.close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`signed-out-and-back-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page } = await open({ javaScriptEnabled });
    await signIn(page, 'researcher');
    await page.goto(here.url + '/records?dx=L40&sort=STARTAGE');
    const elsewhere = await context.newPage();
    await elsewhere.goto(here.url + '/account');
    await elsewhere.click('.user summary');
    await elsewhere.click('.user button[type=submit]');
    await page.click(sex);
    if (!javaScriptEnabled) await page.click('.apply button');
    await page.waitForURL(/sign-in\?next=/);
    await page.fill('#name', 'researcher');
    await page.fill('#password', password);
    await page.click('main button[type=submit]');
    await page.waitForURL(/\/purpose\?next=/);
    await here.choose(page);
    await page.waitForURL('**/records?dx=L40&sex=2&sort=STARTAGE');
    await context.close();
  });
}

test('a-refusal-says-what-is-missing', async () => {
  const { context, page } = await open();
  await signIn(page, 'researcher');
  const r = await page.goto(here.url + '/records?sex=2&cols=SEX,LSOA01');
  assert.equal(r.status(), 403);
  assert.match(await page.textContent('main'), /LSOA01 is not covered by agreement DEMO-STUDY\. Ask the information governance lead/);
  await check(page, 'refused');
  await page.click('text=Show the list with your own columns');
  await page.waitForURL(here.url + '/records?sex=2');
  await page.goto(here.url + '/records?sex=2&adm=yesterday');
  assert.match(await page.textContent('[role=alert]'), /write a day as/);
  await page.click('text=Leave this filter out');
  await page.waitForURL(here.url + '/records?sex=2');
  await context.close();
});

for (const [width, height] of sizes) {
  test(`empty-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    await page.goto(here.url + '/records?dx=L40&age=..9&los=60..&sex=2');
    assert.match(await page.textContent('.empty'), /No episodes match all of these filters/);
    await check(page, 'empty');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    const links = page.locator('.empty li');
    for (let i = 0; i < (await links.count()); i++) {
      const want = Number((await links.nth(i).locator('.n').textContent()).replace(/\D/g, ''));
      const other = await context.newPage();
      await other.goto(here.url + (await links.nth(i).locator('a').getAttribute('href')));
      assert.equal(await total(other), want);
      await other.close();
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('a-page-of-an-earlier-release', async () => {
  const { context, page } = await open();
  await signIn(page, 'researcher');
  await page.goto(here.url + '/records?sex=2');
  here.load('--subset', 'all');
  await page.click('[data-next]');
  await page.waitForSelector('#trouble');
  assert.match(await page.textContent('#trouble'), /The data have been replaced/);
  await check(page, 'replaced');
  await page.click('text=Show the list from its beginning');
  await page.waitForFunction(() => !document.querySelector('#trouble'));
  assert.equal(page.url(), here.url + '/records?sex=2');
  await context.close();
});
