// Patients and spells in a real browser: one line each, a patient's timeline, and
// the way there and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site({ patients: 5000 });
const { open, signIn, check } = here;

for (const [width, height] of sizes) {
  test(`patients-and-spells-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    const look = async (name, path) => {
      if (path) await page.goto(here.url + path);
      await check(page, name);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} scrolls sideways`);
    };
    await look('patients', '/records?view=patients&sort=-EPISODES&dx=C44&dx=L40');
    assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) <= 3000, 'nodes of patients');
    const [whole, cut, tallest] = await page.evaluate(() => [
      document.documentElement.scrollHeight,
      [...document.querySelectorAll('.grid th .hd > :first-child')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.trim()),
      Math.max(...[...document.querySelectorAll('.sheet tbody tr')].map((r) => r.getBoundingClientRect().height))]);
    if (width > 860) assert.ok(whole <= height, `the window scrolls beside its panes: ${whole}`); // what is hidden for the eye must not make it taller
    else assert.ok(tallest <= 260, `a card of ${tallest} pixels`);
    assert.deepEqual(cut, [], 'headings that are cut');
    await page.click('.sheet tbody tr:first-child a');
    await page.waitForURL(/\/patients\/[\w-]{22}\?/);
    await look('patient');
    await page.click('.seg2 a:nth-child(2)');
    await page.waitForURL(/lanes=provider/);
    await look('patient-by-provider');
    await look('patients-more', '/records?view=patients&more=1&rule=any&fin=any&dup=any');
    await look('patients-wrapped', '/records?view=patients&more=1&den=w');
    await look('spells', '/records?view=spells&sort=-EPISODES');
    assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) <= 3000, 'nodes of spells');
    if (width > 860) assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('.grid th .hd > :first-child')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.trim())), [], 'headings that are cut');
    await page.click('.sheet tbody tr:first-child a');
    await page.waitForURL(/spell=[\w-]{22}/);
    await look('spell');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`a-clinician-opens-a-timeline-with-two-clicks-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled, width: 1366, height: 768 });
    await page.goto(here.url + '/sign-in');
    await page.fill('#name', 'clinician');
    await page.fill('#password', 'try-me-on-synthetic-data');
    await page.click('main button[type=submit]');
    await page.waitForURL(/\/purpose/);
    await here.choose(page); // one
    assert.match(page.url(), /view=patients/);
    const rows = await page.evaluate(() => [...document.querySelectorAll('.sheet tbody tr')].filter((r) => r.getBoundingClientRect().bottom <= innerHeight).length);
    assert.ok(rows >= 12, `${rows} rows are seen`);
    const name = (await page.textContent('.sheet tbody tr:first-child a')).trim();
    await page.click('.sheet tbody tr:first-child a'); // two
    await page.waitForURL(/\/patients\//);
    assert.match(await page.textContent('h1'), new RegExp(name));
    assert.ok((await page.locator('.lanes a').count()) > 0, 'no bars');
    const providers = await page.locator('td[data-l=Provider]').allTextContents();
    assert.equal(new Set(providers).size, 1, 'episodes at other providers');
    // a bar opens its episode, and the list is where it was
    await page.locator('.lanes a').first().click();
    await page.waitForURL(/\/records\/[\w-]{22}/);
    await page.goBack();
    await page.click('.crumb a');
    await page.waitForURL(/view=patients/);
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('the-way-back-keeps-the-list', async () => {
  const { context, page, wrong } = await open({ width: 1366, height: 768 });
  await signIn(page, 'researcher');
  await page.goto(here.url + '/records?sex=2&more=1&sort=-EPISODES&view=patients');
  await page.click('[data-next]');
  await page.waitForURL(/after=/);
  const list = page.url();
  const first = await page.textContent('.sheet tbody tr:first-child');
  // a cell's own filter does not become the list's
  await page.locator('td[data-l="Day cases"] a').first().click();
  await page.waitForURL(/cls=2/);
  assert.match(await page.textContent('.chips'), /Patient class is Day case/);
  const some = await page.locator('.sheet tbody tr').count();
  await page.click('text=Show all of this patient’s episodes');
  await page.waitForURL(/dup=any/);
  assert.ok((await page.locator('.sheet tbody tr').count()) >= some);
  await page.click('.crumb a');
  await page.waitForURL(list);
  assert.equal(await page.textContent('.sheet tbody tr:first-child'), first);
  // sorting by what can be sorted
  await page.click('th:has-text("Last") a');
  await page.waitForURL((u) => !u.search.includes('sort='));
  assert.equal(await page.getAttribute('th:has-text("Last"):not(:has-text("discharge"))', 'aria-sort'), 'descending');
  assert.doesNotMatch(await page.content(), /SYNTH[A-Za-z0-9]{27}/, 'the person key is on the page');
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a-list-on-paper-says-who-when-and-what-for', async () => {
  const { context, page, wrong } = await open({ width: 794, height: 1123 });
  await signIn(page, 'clinician');
  await page.emulateMedia({ media: 'print' });
  const seen = async (selector) => page.locator(selector).first().isVisible();
  assert.match(await page.innerText('.paper'), /Demo clinician, \d+ \w+ 20\d\d, \d\d:\d\d\./);
  assert.match(await page.innerText('.ctx'), /Purpose: Dermatology clinic/);
  assert.ok(await seen('.sheet thead'), 'a table has its headings on paper');
  for (const selector of ['.top', '.side', '.bar']) assert.ok(!(await seen(selector)), `${selector} is printed`);
  assert.ok((await page.evaluate(() => document.querySelector('.sheet').scrollWidth)) <= 794, 'the table is wider than the paper');
  assert.deepEqual(wrong, []);
  await context.close();
});
