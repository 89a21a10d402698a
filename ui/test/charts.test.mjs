// The charts in a real browser: they fit every window, axe finds nothing, a mark
// filters and is pressed, tables open and stay open, forms choose what is drawn,
// with JavaScript and without, and by keyboard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;
const opened = ['trend', 'diagnosis', 'region', 'age-sex', 'provider', 'procedure', 'condition', 'stay', 'waiting'].flatMap((c) => [c + '.table', c + '.how']).join();
const bar = '.ch--diagnosis .bars li:nth-child(2) a';
const drawn = (page) => page.waitForFunction(() => document.querySelector('#app')?.dataset.url === location.pathname + location.search);

for (const [width, height] of sizes) {
  test(`charts-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    for (const [name, address] of [
      ['charts', '/records?view=charts'],
      ['charts-opened', `/records?view=charts&open=dx,${opened}`],
      ['charts-filtered', '/records?dx=L40&dx=L20&sex=2&year=0809&los=0..1&view=charts&by=CONDITION_GROUP,AGE_BAND&of=EPIDUR&open=dx,breakdown.fields,distribution.fields'],
    ]) {
      await page.goto(here.url + address);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} scrolls sideways`);
      const small = await page.evaluate(() => [...document.querySelectorAll('.ch a, .ch select, .ch button')]
        .map((e) => [e.getBoundingClientRect(), e]).filter(([r]) => r.width && (r.width < 24 || r.height < 23.5)).map(([r, e]) => `${e.closest('.ch').id} ${e.textContent.trim().slice(0, 30)} ${Math.round(r.width)}x${Math.round(r.height)}`));
      assert.deepEqual(small, [], `${name}: targets too small to be hit`);
      const over = await page.evaluate(() => {
        const ends = [...document.querySelectorAll('.pan__l li')].map((l) => l.firstElementChild.getBoundingClientRect()).filter((r) => r.width);
        return ends.filter((a, i) => ends.some((b, j) => j > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length;
      });
      assert.equal(over, 0, `${name}: names at line ends lie on one another`);
      await check(page, name);
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`charts-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    const settled = async (act, pattern) => { await Promise.all([page.waitForURL(pattern), act()]); if (javaScriptEnabled) await drawn(page); };
    await signIn(page, 'researcher');
    await settled(() => page.click('.seg a:has-text("Charts")'), /view=charts/);
    const all = await total(page);
    const counts = Number((await page.textContent(bar + ' .n')).replace(/\D/g, ''));
    const code = await page.textContent(bar + ' code');
    // a table stays open while the page changes under it
    await settled(() => page.click('#diagnosis-table'), /open=.*diagnosis\.table/);
    const says = async (line) => (await page.locator(`#ch-diagnosis ${line}`).first().textContent()).replace(/\s/g, '');
    assert.equal(await says('.twin tbody tr'), await says('.bars li'), 'the table says what the marks say');
    await settled(() => page.click('#diagnosis-how'), /open=.*diagnosis\.table,diagnosis\.how/);
    assert.match(await page.textContent('#ch-diagnosis .how__p'), /Three-character ICD-10 categories/);
    if (javaScriptEnabled) assert.equal(await page.evaluate(() => document.activeElement.id), 'diagnosis-how', 'the focus has left the button');
    await settled(() => page.click('#diagnosis-how'), (u) => !u.search.includes('.how'));
    assert.equal(await page.locator('#ch-diagnosis .how__p').count(), 0);
    await settled(() => page.click(bar), new RegExp(`dx=${code}`));
    assert.equal(await total(page), counts);
    const pressed = `.ch--diagnosis .bars a[aria-current]:has(code:text-is("${code}"))`;
    assert.match(await page.getAttribute(pressed, 'aria-label'), /in use, take this filter off$/);
    if (javaScriptEnabled) {
      assert.ok(await page.locator('#ch-diagnosis:has(#diagnosis-table[aria-expanded=true]) .twin').count(), 'the table has closed');
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-current')), 'true', 'the focus has left the mark');
      assert.match(await page.textContent('#live'), /fewer/);
      await page.keyboard.press('Enter');
      await page.waitForURL((u) => !u.search.includes('dx='));
      await drawn(page);
      assert.equal(await total(page), all, 'Enter on the pressed mark takes it off');
    } else {
      await page.click(pressed);
      assert.equal(await total(page), all);
    }
    // what is chosen goes into the address and comes back from it
    await settled(() => page.click('#breakdown-fields'), /breakdown\.fields/);
    await page.selectOption('#breakdown-0', 'SEX');
    await page.selectOption('#breakdown-1', 'FYEAR');
    await page.selectOption('#breakdown-count', 'patients');
    await settled(() => page.click('.ch--breakdown form button'), /by=SEX,FYEAR&count=patients/);
    assert.ok(await page.locator('.ch--breakdown .heat tbody tr').count() >= 3);
    await settled(() => page.click('#distribution-fields'), /distribution\.fields/);
    await page.selectOption('#distribution-0', 'EPIDUR');
    await settled(() => page.click('.ch--distribution form button'), /by=SEX,FYEAR&count=patients&of=EPIDUR/);
    assert.match(await page.textContent('.ch--distribution'), /Median/);
    await settled(() => page.click('.seg a:has-text("Patients")'), /view=patients/);
    await settled(() => page.goBack(), /view=charts&by=SEX/);
    // a file
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('.ch--stay a[download]')]);
    assert.equal(file.suggestedFilename(), 'hes-chart-stay.csv');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('charts-stay-small', async () => {
  const { context, page } = await open();
  await signIn(page, 'researcher');
  await page.goto(here.url + '/records?view=charts');
  const nodes = await page.evaluate(() => document.querySelectorAll('.ch, .ch *').length);
  assert.ok(nodes <= 1000, `${nodes} nodes in the charts`);
  const part = await page.evaluate(async (u) => (await (await fetch(u, { headers: { 'X-Part': 'app' } })).text()), here.url + '/records?sex=2&view=charts');
  const figures = part.match(/<figure[\s\S]*<\/figure>/)[0];
  const size = gzipSync(figures, { level: 5 }).length;
  assert.ok(size <= 8000, `${size} bytes of charts for a click`);
  await context.close();
});

test('a-clinical-team-sees-charts-of-its-own', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'clinician');
  await page.click('.seg a:has-text("Charts")');
  await page.waitForURL(/view=charts/);
  await drawn(page);
  assert.equal(await page.locator('.ch--provider .bars li').count(), 1);
  assert.equal(await page.locator('.seg a:has-text("Episodes"), .grid').count(), 0);
  await check(page, 'charts-clinician');
  assert.deepEqual(wrong, []);
  await context.close();
});
