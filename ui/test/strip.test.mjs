// The strip of months: its brush by keys and by pointer, its numbers, the typed
// span; with JavaScript and without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;
const settled = async (page, pattern, act) => {
  await act();
  await page.waitForURL(pattern);
  await page.waitForFunction(() => document.querySelector('#app').dataset.url === location.pathname + location.search && !document.querySelector('[aria-busy]'));
};
const span = (page) => page.evaluate(() => ['low', 'high'].map((id) => Number(document.getElementById(id).value)));
const number = (text) => Number(text.replace(/\D/g, '')); // of a text without other digits

test('the-strip-in-numbers-is-the-headline', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const months = (await page.locator('.mth-tbl td').allTextContents()).map(number);
  assert.equal(months.length, 36);
  const rest = (await page.locator('.mth-tbl ~ .more').allTextContents()).map(number);
  assert.equal(months.concat(rest).reduce((a, b) => a + b), await total(page), 'every episode is in a month or beside them');
  assert.match(await page.textContent('#strip-say'), new RegExp(`^peak ${Math.max(...months)} in a month`));
  // a bar for each month, as high as its number
  const bars = [...(await page.getAttribute('#bars', 'd')).matchAll(/M(\d+) 60v-(\d+)/g)].map((m) => [Number(m[1]), Number(m[2])]);
  const most = Math.max(...months);
  assert.deepEqual(bars, months.flatMap((n, i) => (n ? [[10 * i + 1, Math.ceil((60 * n) / most)]] : [])));
  // the pointer reads them out
  const box = await page.locator('#brush').boundingBox();
  await page.mouse.move(box.x + (box.width * 4.5) / 36, box.y + 10);
  assert.equal(await page.textContent('#strip-say'), `Aug 2008: ${months[4]} episodes`);
  await page.mouse.move(box.x, box.y + 300);
  assert.match(await page.textContent('#strip-say'), /^peak/);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('the-brush-by-keys', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  await page.focus('#low');
  await settled(page, /adm=2009-04\.\.$/, () => page.keyboard.press('PageUp'));
  assert.match(await page.textContent('.chips'), /Admitted from Apr 2009/);
  await settled(page, /adm=2009-06\.\.$/, async () => { await page.keyboard.press('ArrowRight'); await page.keyboard.press('ArrowUp'); });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'low', 'the slider keeps the focus');
  assert.equal(await page.getAttribute('#low', 'aria-valuetext'), 'Jun 2009');
  await page.focus('#high');
  await settled(page, /adm=2009-06\.\.2011-02$/, () => page.keyboard.press('ArrowLeft'));
  await settled(page, /adm=2009-06$/, () => page.keyboard.press('Home')); // it stays on its side
  assert.deepEqual(await span(page), [14, 15]);
  const shown = await total(page);
  const said = (await page.locator('.mth-tbl td').allTextContents()).map(number);
  assert.equal(shown, said[14]);
  // Back takes the steps back, and the sliders with them
  await page.goBack();
  await page.waitForURL(/adm=2009-06\.\.2011-02$/);
  await page.waitForFunction(() => document.querySelector('#high').value === '35');
  await check(page, 'brush');
  await settled(page, /\/records$/, () => page.click('text=Show all months'));
  assert.deepEqual(await span(page), [0, 36]);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('the-brush-by-pointer', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const box = await page.locator('#brush').boundingBox();
  const at = (month) => box.x + (box.width * month) / 36;
  const drag = async (from, to, y = box.y + 20) => {
    await page.mouse.move(from, y);
    await page.mouse.down();
    await page.mouse.move((from + to) / 2, y, { steps: 3 });
    await page.mouse.move(to, y, { steps: 3 });
    await page.mouse.up();
  };
  await settled(page, /adm=2008-10\.\.2009-03$/, () => drag(at(6.5), at(11.5))); // a new span
  await settled(page, /adm=2009-10\.\.2010-03$/, () => drag(at(8.5), at(20.5))); // the window as a whole
  await settled(page, /adm=2010-10\.\.2011-01$/, () => drag(at(33.5), at(30.5))); // and another one, from the right
  const thumb = box.y + 50;
  await settled(page, /adm=2010-10\.\.$/, () => drag(at(34) + 5, at(36) + 4, thumb)); // a handle
  await settled(page, /adm=2008-04$/, () => page.mouse.click(at(0.5), box.y + 20)); // one month
  await settled(page, /adm=2009-04\.\.2010-03$/, () => page.click('.yrs a:has-text("2009/10")'));
  // a pull that is given up changes nothing
  await page.mouse.move(at(30.5), box.y + 20);
  await page.mouse.down();
  await page.mouse.move(at(34.5), box.y + 20, { steps: 3 });
  assert.equal(await page.textContent('#strip-from'), 'Oct 2010');
  await page.keyboard.press('Escape');
  await page.mouse.up();
  assert.deepEqual(await span(page), [12, 24]);
  assert.match(page.url(), /adm=2009-04\.\.2010-03$/);
  assert.deepEqual(wrong, []);
  await context.close();
});

// A slider that is held is not moved by an answer to an earlier question.
test('a-late-answer-leaves-the-slider-alone', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  let go, asked = [];
  await page.route(/adm=2008-06\.\.$/, async (route) => { await new Promise((ok) => { go = ok; }); await route.continue().catch(() => {}); });
  page.on('request', (r) => { if (/\/records\?/.test(r.url())) asked.push(new URL(r.url()).searchParams.get('adm')); });
  await page.focus('#low');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  while (!go) await page.waitForTimeout(10); // the first question is under way
  await page.keyboard.down('ArrowRight');
  go();
  await page.waitForURL(/adm=2008-06\.\.$/);
  await page.waitForFunction(() => document.querySelector('#app').dataset.url === location.pathname + location.search);
  assert.deepEqual(await span(page), [3, 36], 'the answer has moved the slider');
  assert.equal(await page.textContent('#strip-from'), 'Jul 2008');
  await page.keyboard.up('ArrowRight');
  await page.waitForURL(/adm=2008-07\.\.$/);
  assert.deepEqual(await span(page), [3, 36]);
  assert.deepEqual(asked, ['2008-06..', '2008-07..']);
  assert.deepEqual(wrong, []);
  await context.close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`months-typed-and-chosen-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    await signIn(page, 'researcher');
    await page.goto(here.url + '/records?sex=2&sort=STARTAGE');
    await page.click('.mth summary');
    await page.fill('.mth input[name=adm_from]', 'apr 2009');
    await page.fill('.mth input[name=adm_to]', '3/2010');
    await Promise.all([page.waitForURL('**/records?sex=2&adm=2009-04..2010-03&sort=STARTAGE'), page.keyboard.press('Enter')]);
    await page.waitForFunction(() => document.querySelector('#strip-from').textContent === 'Apr 2009');
    if (!javaScriptEnabled) await page.click('.mth summary');
    const cell = page.locator('.mth-tbl tr:has-text("2010/11") button').nth(3);
    const want = number(await cell.textContent());
    await Promise.all([page.waitForURL('**/records?sex=2&adm=2010-07&sort=STARTAGE'), cell.click()]);
    await page.waitForFunction(() => document.querySelector('#strip-from').textContent === 'Jul 2010');
    assert.equal(await total(page), want);
    await page.click('.yrs a:has-text("2008/09")');
    await page.waitForURL('**/records?sex=2&adm=2008-04..2009-03&sort=STARTAGE');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('a-strip-that-is-folded-stays-folded', async () => {
  const { context, page, wrong } = await open({ width: 1366, height: 768 });
  await signIn(page, 'researcher');
  await page.click('#strip > summary');
  assert.equal(await page.locator('#brush').isVisible(), false);
  await settled(page, /sex=2/, () => page.check('input[name=sex][value="2"]'));
  assert.equal(await page.locator('#brush').isVisible(), false);
  await page.reload();
  assert.equal(await page.locator('#brush').isVisible(), false);
  await page.click('#strip > summary');
  await page.reload();
  assert.equal(await page.locator('#brush').isVisible(), true);
  assert.deepEqual(wrong, []);
  await context.close();
});

for (const [width, height] of sizes) {
  test(`strip-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    await page.goto(here.url + '/records?adm=2008-10..2009-12&dx=L40,L20,C44,D22&age=..90');
    await check(page, 'strip');
    await page.click('.mth summary');
    await check(page, 'strip-months');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    await page.click('.chip summary');
    await check(page, 'long-chip');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}
