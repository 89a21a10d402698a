// Each change of the explorer is a step in the history: six changes and six times
// Back give the six earlier screens, byte for byte, with the ticks, the place and
// the focus that a person expects; with JavaScript and without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, total } from './site.mjs';

const here = site();
const { open, signIn } = here;
const path = (page) => page.evaluate(() => location.pathname + location.search);
const settled = (page) => page.waitForFunction(() => document.querySelector('#app')?.dataset.url === location.pathname + location.search && !document.querySelector('[aria-busy]'));

// screen is what #app holds, and what its fields hold, which the markup does not
// say. Attributes have no order, so they are put into one.
const screen = (page) => page.evaluate(() => {
  const app = document.querySelector('#app').cloneNode(true);
  for (const e of [app, ...app.querySelectorAll('*')]) {
    const all = [...e.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const a of all) e.removeAttributeNode(a);
    for (const a of all) e.setAttributeNode(a);
  }
  return { at: location.pathname + location.search, title: document.title, html: app.outerHTML, fields: [...document.querySelectorAll('#app :is(input, select)')].map((f) => `${f.name} ${f.type} ${f.checked} ${f.value}`).join('\n') };
});

// same compares two screens and, of a long text, shows where they part.
function same(now, was, what) {
  for (const key of Object.keys(was)) {
    if (now[key] === was[key]) continue;
    let i = 0;
    while (now[key][i] === was[key][i]) i++;
    assert.fail(`${what}: ${key} differs at ${i}: …${now[key].slice(Math.max(0, i - 120), i + 120)}…\nwas …${was[key].slice(Math.max(0, i - 120), i + 120)}…`);
  }
}

// changes are ways to change the list, each from the state that the one before
// leaves.
const tick = (key, value) => async (page, js) => { await page.check(`#fac-${key} input[value="${value}"]`); if (!js) await page.click('.apply button'); };
const changes = {
  list: [
    ['a value ticked', tick('sex', '2')],
    ['a second value', tick('dx', 'L40')],
    ['a heading', (page) => page.click('.grid thead th:has-text("Age") a')],
    ['the next page', (page) => page.click('[data-next]')],
    ['a filter removed', (page) => page.click('.chip a[aria-label*="Duplicates left out"]')],
    ['patients', (page) => page.click('.seg a:has-text("Patients")')],
  ],
  charts: [
    ['charts', (page) => page.click('.seg a:has-text("Charts")')],
    ['a bar', (page) => page.click('#ch-diagnosis .bar1 >> nth=1')],
    ['a cell', (page) => page.click('#ch-age-sex a.woman >> nth=4')],
    ['the bar again', (page) => page.click('#ch-diagnosis [aria-current]')],
    ['a year of the strip', (page) => page.click('.yrs a >> nth=1')],
    ['spells', (page) => page.click('.seg a:has-text("Spells")')],
  ],
};

for (const javaScriptEnabled of [true, false]) {
  for (const [name, steps] of Object.entries(changes)) {
    test(`six-changes-and-six-times-back-${name}-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
      const { context, page, wrong } = await open({ javaScriptEnabled });
      await signIn(page, 'researcher');
      await page.waitForSelector('.grid');
      const screens = [await screen(page)];
      for (const [what, change] of steps) {
        const before = await path(page);
        await change(page, javaScriptEnabled);
        await page.waitForFunction((was) => location.pathname + location.search !== was, before);
        await settled(page);
        const now = await screen(page);
        assert.notEqual(now.html, screens.at(-1).html, `${what} changes nothing`);
        screens.push(now);
      }
      assert.equal(new Set(screens.map((s) => s.at)).size, steps.length + 1, 'every state has an address of its own');
      for (let i = steps.length - 1; i >= 0; i--) {
        await page.goBack();
        await page.waitForFunction((at) => location.pathname + location.search === at, screens[i].at);
        await settled(page);
        same(await screen(page), screens[i], `back from ${steps[i][0]}`);
        const focus = await page.evaluate(() => { const a = document.activeElement, b = a.getBoundingClientRect(); return a === document.body || (a.isConnected && b.width > 0 && b.height > 0); });
        assert.ok(focus, `back from ${steps[i][0]}: focus is on what can be seen`);
      }
      // and what is shown is what the server says of the address, not a memory
      const first = await screen(page);
      await page.reload();
      await settled(page);
      same(await screen(page), first, 'a reload');
      for (let i = 1; i <= steps.length; i++) await page.goForward();
      await page.waitForFunction((at) => location.pathname + location.search === at, screens.at(-1).at);
      await settled(page);
      same(await screen(page), screens.at(-1), 'forward again');
      assert.deepEqual(wrong, []);
      await context.close();
    });
  }
}

test('back-keeps-the-place-and-the-focus', async () => {
  const { context, page, wrong } = await open({ width: 1366, height: 768 });
  await signIn(page, 'researcher');
  const all = await total(page);
  await page.focus('#fac-sex input[value="1"]');
  const side = () => page.evaluate(() => document.querySelector('.side').scrollTop + window.scrollY);
  const was = await side();
  await page.keyboard.press('Space');
  await page.waitForURL(/sex=1/);
  await settled(page);
  assert.equal(await page.evaluate(() => document.activeElement.closest('#fac-sex') !== null && document.activeElement.value), '1', 'focus stays on the box that was ticked');
  assert.ok(Math.abs((await side()) - was) < 60, 'the side panel stays where it was');
  await page.goBack();
  await page.waitForURL((u) => !u.search);
  await settled(page);
  assert.equal(await total(page), all);
  assert.equal(await page.evaluate(() => document.activeElement.closest('#fac-sex') !== null && document.activeElement.checked), false, 'the box is not ticked');
  assert.match(await page.textContent('#live'), /more$/, 'what Back did is said');
  // a new page of rows begins at its top
  await page.evaluate(() => document.querySelector('.scroll').scrollTo(0, 300));
  await page.click('[data-next]');
  await page.waitForURL(/after=/);
  await settled(page);
  assert.equal(await page.evaluate(() => document.querySelector('.scroll').scrollTop), 0);
  assert.deepEqual(wrong, []);
  await context.close();
});

// Where lists were scrolled to, and the row that was opened, are there again after
// Back: from another page of rows, another filter, and from a page of its own.
for (const [name, address, width] of [['episodes', '/records?sex=2', 1366], ['patients', '/records?view=patients', 1366], ['a-phone', '/records?view=patients', 390]]) {
  test(`back-gives-the-place-in-the-list-of-${name}`, async () => {
    const { context, page, wrong } = await open({ width, height: 768 });
    await signIn(page, 'researcher');
    await page.goto(here.url + address);
    const place = () => page.evaluate(() => [document.querySelector('.res > .scroll').scrollTop, document.querySelector('.side').scrollTop, scrollY]);
    await page.evaluate((wide) => { if (wide) { document.querySelector('.res > .scroll').scrollTo(0, 400); document.querySelector('.side').scrollTo(0, 300); } else scrollTo(0, 900); }, width > 860);
    const was = await place();
    assert.ok(was[0] + was[2] >= 400, `${was} is scrolled`);
    const kept = () => page.waitForFunction((was) => JSON.stringify([document.querySelector('.res > .scroll')?.scrollTop, document.querySelector('.side')?.scrollTop, scrollY]) === was, JSON.stringify(was));
    // by keys, as the window does not jump to what is pressed
    const back = async () => { const at = await path(page); await page.keyboard.press('n'); await page.waitForFunction((a) => location.pathname + location.search !== a, at); await settled(page); assert.ok((await place()).some((n, i) => n < was[i]), 'another list begins at its top'); await page.goBack(); await settled(page); await kept(); };
    await back();
    await page.reload();
    await kept();
    const seen = await page.evaluate(() => [...document.querySelectorAll('.grid tbody tr')].findIndex((r) => r.getBoundingClientRect().top > 450));
    const link = page.locator('.grid tbody tr').nth(seen).locator('a').first(), href = await link.getAttribute('href');
    if (address.includes('patients')) {
      await link.click();
      await page.waitForSelector('.pat');
      await page.goBack();
      await kept();
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), href, 'the patient that was opened has the focus');
      await link.click();
      await page.waitForSelector('.pat');
      await page.locator('.lanes a').first().click();
      await page.waitForURL(/records\/[\w-]{22}/);
      await page.click('.crumb a');
      await page.waitForURL(/view=patients/);
      await kept();
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

// What was used keeps the focus when the page has changed, so that a person who
// goes by keys does not act on its neighbour.
test('focus-stays-on-what-was-used', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const focused = () => page.evaluate(() => { const a = document.activeElement; return a.getAttribute('aria-label') ?? a.value ?? a.textContent.trim().slice(0, 40); });
  const use = async (selector, key = 'Enter') => {
    await page.focus(selector);
    const before = await path(page);
    await page.keyboard.press(key);
    await page.waitForFunction((was) => location.pathname + location.search !== was, before);
    await settled(page);
  };
  for (const [selector, key, name] of [
    ['#fac-dx input[value="L40"]', 'Space', 'L40'],
    ['#fac-dx input[value="L400"]', 'Space', 'L400'],
    ['#fac-dx input[value="L400"]', 'Space', 'L40'], // without it the codes under its category fold away
    ['#fac-sex input[value="2"]', 'Space', '2'],
    ['.grid thead th:has-text("Age") a', 'Enter', 'Age'],
    ['[data-next]', 'Enter', 'Next 50'],
    ['[data-next]', 'Enter', 'Next 50'],
    ['[data-prev]', 'Enter', 'Previous 50'],
    ['.seg a:has-text("Charts")', 'Enter', 'Charts'],
  ]) {
    await use(selector, key);
    assert.equal(await focused(), name, `${selector} was used`);
  }
  for (const mark of ['#ch-diagnosis .bar1 >> nth=2', '#ch-region li a:not([aria-label*=" 0 "]) >> nth=2', '#ch-age-sex a.woman:not([aria-label^="0 "]) >> nth=1', '#ch-provider .bar1 >> nth=0']) {
    const name = (await page.locator(mark).getAttribute('aria-label')).replace(/ [\d,]+ episodes?|[\d,]+ episodes?, |: .*/g, '');
    await page.locator(mark).focus();
    const before = await path(page);
    await page.keyboard.press('Enter');
    await page.waitForFunction((was) => location.pathname + location.search !== was, before);
    await settled(page);
    assert.ok((await focused()).includes(name), `${name} was used, and focus is on ${await focused()}`);
    assert.match(await focused(), /in use, take this filter off$/);
  }
  // of a filter that is gone the next one, or what stands there
  for (let n = await page.locator('.chip').count(); n > 0; n--) {
    await use('.chip >> nth=0 >> a');
    assert.ok(await page.evaluate(() => document.activeElement !== document.body && document.activeElement.closest('#app')), 'focus is in the explorer');
  }
  assert.deepEqual(wrong, []);
  await context.close();
});
