// The box that finds a code or filter, by keyboard alone and without a script;
// pasted lists; the code browser and the data dictionary as everybody sees them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;
const options = (page) => page.locator('#found [role=option]');
const active = (page) => page.evaluate(() => document.getElementById(document.querySelector('#find').getAttribute('aria-activedescendant') ?? '')?.textContent.replace(/\s+/g, ' ').trim());
const listed = (page, pattern) => page.waitForFunction((p) => new RegExp(p).test(document.querySelector('#found')?.textContent ?? ''), pattern.source);
const shown = (page) => page.waitForFunction(() => document.querySelector('#app')?.dataset.url === location.pathname + location.search);

test('by-keyboard-alone', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const all = await total(page);
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'find');
  assert.equal(await page.getAttribute('#find', 'aria-expanded'), 'false');
  await page.keyboard.type('psor');
  await listed(page, /Psoriasis/);
  assert.equal(await page.getAttribute('#find', 'aria-expanded'), 'true');
  assert.match(await page.textContent('#live'), /^10 suggestions of \d+$/);
  assert.match(await active(page), /^L40 Psoriasis/);
  assert.equal(await page.locator('#found [aria-selected=true]').count(), 1);
  await check(page, 'finder');
  // arrows go round
  await page.keyboard.press('ArrowDown');
  const second = await active(page);
  assert.notEqual(second, 'L40 Psoriasis Primary diagnosis');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  assert.match(await active(page), /^All \d+ suggestions$/);
  await page.keyboard.press('ArrowDown');
  // Escape closes the list, and then empties the box
  await page.keyboard.press('Escape');
  assert.equal(await options(page).count(), 0);
  assert.equal(await page.inputValue('#find'), 'psor');
  await page.keyboard.press('Escape');
  assert.equal(await page.inputValue('#find'), '');
  // Enter takes the first, even before the list is there
  await page.keyboard.type('L40');
  await page.keyboard.press('Enter');
  await page.waitForURL(/dx=L40$/);
  await shown(page);
  const psoriasis = await total(page);
  assert.ok(psoriasis > 0 && psoriasis < all, `${psoriasis} of ${all}`);
  assert.equal(await options(page).count(), 0);
  assert.equal(await page.inputValue('#find'), '');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'find', 'the focus stays in the box');
  // a second one is added to what is there
  await page.keyboard.type('female');
  await listed(page, /Female/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/dx=L40&sex=2$/);
  await shown(page);
  assert.ok((await total(page)) < psoriasis);
  // Back takes it away again
  await page.goBack();
  await page.waitForURL(/dx=L40$/);
  await shown(page);
  assert.equal(await total(page), psoriasis);
  // a filter by its name is opened
  await page.focus('#find');
  await page.keyboard.type('specialty');
  await listed(page, /Open this filter/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.closest('#fac-main')?.open);
  assert.equal(await options(page).count(), 0);
  // nothing found
  await page.focus('#find');
  await page.keyboard.type('xyzzy');
  await listed(page, /Nothing found/);
  assert.equal(await page.textContent('#live'), 'Nothing found');
  await page.keyboard.press('Enter');
  assert.match(page.url(), /dx=L40&open=\S*main$/, 'the filters are as they were, the panel as it was opened');
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a-click-takes-a-suggestion', async () => {
  const { context, page, wrong } = await open({ width: 1366, height: 768 });
  await signIn(page, 'clinician');
  await page.fill('#find', 'phototherapy');
  await listed(page, /S12/);
  await options(page).first().click();
  await page.waitForURL(/op=S12&view=patients/);
  await page.fill('#find', '65');
  await listed(page, /Aged 65 and over/);
  await page.click('#count'); // elsewhere
  assert.equal(await options(page).count(), 0);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a-list-of-codes-is-pasted', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const paste = (text) => page.evaluate((t) => {
    const box = document.querySelector('#find');
    box.value = '';
    box.focus();
    const clipboard = new DataTransfer();
    clipboard.setData('text/plain', t);
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: clipboard, bubbles: true, cancelable: true }));
  }, text);
  await paste('L40 Psoriasis\nL20.8 Other atopic dermatitis\nS12.2\nS12.1\nL4O\n');
  await listed(page, /Primary diagnosis is one of 2 codes/);
  await listed(page, /Main procedure is one of 2 codes/);
  await listed(page, /Not understood:\s*L4O/);
  assert.match(await page.textContent('#live'), /2 suggestions, and 1 part of the list not understood/);
  await check(page, 'finder-list');
  await page.keyboard.press('Enter');
  await page.waitForURL(/dx=L208&dx=L40$/);
  // one that is too long for an address says what can be done
  const many = Array.from({ length: 900 }, (_, i) => `I${String(Math.floor(i / 9)).padStart(2, '0')}.${i % 9}`);
  await paste(many.join('\n'));
  await listed(page, /one of 900 codes.*Too long for a link.*one of 100 categories/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/dx=I00&dx=I01/);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('without-javascript', async () => {
  const { context, page } = await open({ javaScriptEnabled: false });
  await signIn(page, 'researcher');
  await page.goto(here.url + '/records?sex=2');
  await page.fill('#find', 'psor');
  await page.click('#finder button');
  await page.waitForURL(/records\/find\?/);
  await page.click('.found-page a');
  await page.waitForURL((u) => u.search === '?dx=L40&sex=2');
  await page.fill('#find', 'L40 L20');
  await page.press('#find', 'Enter');
  assert.match(await page.textContent('main'), /Primary diagnosis is one of 2 codes/);
  await page.fill('#list', 'L40 Psoriasis\nL20 Atopic dermatitis\nnonsense');
  await page.click('text=Read the list');
  assert.match(await page.textContent('main'), /Primary diagnosis is one of 2 codes.*Not understood:\s*nonsense/s);
  await page.click('.found-page a');
  await page.waitForURL((u) => u.search === '?dx=L20&dx=L40&sex=2');
  await context.close();
});

for (const [width, height] of sizes) {
  test(`codes-and-dictionary-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    const look = async (path, name) => {
      await page.goto(here.url + path);
      await check(page, name);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${path} scrolls sideways`);
    };
    await look('/codes', 'codes');
    await look('/codes/icd10/L40', 'code-public');
    await signIn(page, 'researcher');
    await look('/codes/icd10', 'codes-icd10');
    await look('/codes/icd10/L40', 'code');
    await look('/codes?find=skin', 'codes-found');
    await look('/dictionary/ADMIMETH', 'field');
    await look('/dictionary/LOS_DAYS', 'field-derived');
    await look('/records/find?q=skin', 'find');
    if (width > 860) {
      await page.goto(here.url + '/records');
      await page.click('th:has-text("Sex") .about');
      await page.waitForURL(/dictionary\/SEX$/);
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('a-planner-sees-a-published-table-in-the-dictionary', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'planner');
  await page.goto(here.url + '/dictionary/SEX');
  assert.match(await page.textContent('main'), /published tables only.*Female/s);
  await check(page, 'field-planner');
  await page.goto(here.url + '/dictionary/ADMIMETH');
  assert.equal(await page.locator('td.num').count(), 0);
  assert.deepEqual(wrong, []);
  await context.close();
});
