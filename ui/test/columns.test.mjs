// Columns: chosen in a window or, without JavaScript, on a page; put in order,
// remembered, carried by a link.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site();
const { open, signIn, check } = here;
const heads = async (page) => (await page.locator('.grid thead th').allTextContents()).map((t) => t.trim());
const order = (page) => page.evaluate(() => [...document.querySelectorAll('#cols ol [name=order]')].map((i) => i.value));

test('columns-in-a-window', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  await page.goto(here.url + '/records?sex=2');
  await page.click('a[data-columns]');
  await page.waitForSelector('dialog #cols');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'cols-find');
  await check(page, 'columns');
  const first = await order(page);
  assert.equal(first.length, 12);
  // by keyboard: search, tick, move, take out
  await page.keyboard.type('ethnic');
  const seen = await page.locator('#cols label:has([name=column]):visible').allTextContents();
  assert.ok(seen.length > 0 && seen.length < 12, seen.join());
  await page.focus('[name=column][value=ETHNOS]');
  await page.keyboard.press('Space');
  assert.deepEqual(await order(page), [...first, 'ETHNOS']);
  assert.equal(await page.textContent('#cols-n'), '13');
  await page.focus('[value="up:ETHNOS"]');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  assert.deepEqual((await order(page)).slice(-3), ['ETHNOS', ...first.slice(-2)]);
  assert.equal(await page.evaluate(() => document.activeElement.value), 'up:ETHNOS', 'the keyboard stays on the button');
  assert.match(await page.textContent('#cols-say'), /is number 11 of 13/);
  await page.click('[value="out:FYEAR"]');
  assert.equal(await page.isChecked('[name=column][value=FYEAR]'), false);
  await page.fill('#cols-find', '');
  await page.uncheck('[name=column][value=CLASSPAT]');
  assert.equal((await order(page)).at(-1), 'ETHNOS');
  // closed, nothing has changed
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog #cols', { state: 'detached' });
  await page.reload();
  assert.equal((await heads(page)).length, 13);
  // sent, they are remembered and in the address
  await page.click('a[data-columns]');
  await page.check('[name=column][value=ETHNOS]');
  await page.click('text=Show these columns');
  await page.waitForURL(/cols=ADMIDATE,.*FYEAR,ETHNOS$/);
  assert.equal((await heads(page)).at(-1), 'Ethnic category');
  const link = page.url();
  await page.goto(here.url + '/records');
  await page.waitForURL(/cols=ADMIDATE,.*,ETHNOS$/);
  assert.equal(await page.locator('.lent').count(), 0);
  // a colleague, here the same person with other columns of their own, opens the link
  await page.click('a[data-columns]');
  await page.click('text=Default columns');
  await page.waitForURL(here.url + '/records');
  await page.goto(link);
  assert.equal((await heads(page)).at(-1), 'Ethnic category');
  await check(page, 'columns-of-a-link');
  await page.click('text=Use your own columns');
  await page.waitForURL(here.url + '/records?sex=2');
  assert.equal((await heads(page)).length, 13);
  await page.goto(link);
  await page.click('text=Keep these columns');
  await page.waitForFunction(() => !document.querySelector('.lent'));
  await page.goto(here.url + '/records');
  await page.waitForURL(/cols=.*ETHNOS/);
  await page.click('a[data-columns]');
  await page.click('text=Default columns');
  await page.waitForURL(here.url + '/records');
  assert.deepEqual(wrong, []);
  await context.close();
});

test('columns-without-javascript', async () => {
  const { context, page, wrong } = await open({ javaScriptEnabled: false });
  await signIn(page, 'researcher');
  await page.goto(here.url + '/records?sex=2');
  await page.click('a[data-columns]');
  await page.waitForURL(/\/records\/columns\?sex=2/);
  await page.click('[value="up:SEX"]');
  assert.deepEqual((await order(page)).slice(0, 3), ['ADMIDATE', 'SEX', 'STARTAGE']);
  await page.click('[value="out:CLASSPAT"]');
  await page.fill('#cols-find', 'ethnic');
  await page.keyboard.press('Enter');
  await page.check('[name=column][value=ETHNOS]');
  await page.click('text=Take over what is ticked');
  assert.deepEqual((await order(page)).slice(-2), ['FYEAR', 'ETHNOS']);
  await page.click('text=Show these columns');
  await page.waitForURL(/\/records\?sex=2&cols=ADMIDATE,SEX,STARTAGE,.*FYEAR,ETHNOS$/);
  assert.deepEqual((await heads(page)).slice(2, 4), ['Sex', 'Age']);
  // an error is said, and what was chosen stays
  await page.click('a[data-columns]');
  for (const name of await order(page)) await page.click(`[value="out:${name}"]`);
  assert.deepEqual((await order(page)).length, 12, 'without any, the own ones are there again');
  await page.click('text=Default columns');
  await page.waitForURL(here.url + '/records?sex=2');
  assert.deepEqual(wrong, []);
  await context.close();
});

for (const [width, height] of sizes) {
  test(`columns-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    await page.goto(here.url + '/records/columns?sex=2');
    await check(page, 'columns-page');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}
