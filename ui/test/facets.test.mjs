// The side panel: trees that unfold and narrow, parts that are filled when they
// are opened, values left out, ages by slider, all values of a filter; with
// JavaScript and without. Six changes and six times Back give the same screens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;

// still waits until what is shown is what the address says.
const still = (page) => page.waitForFunction(() => document.querySelector('#app')?.dataset.url === location.pathname + location.search && !document.querySelector('#app[aria-busy]'));
// at waits for an address whose query a pattern meets.
const at = async (page, pattern, script = true) => {
  await page.waitForURL((u) => pattern.test(decodeURIComponent(u.search)));
  if (script) await still(page);
};
const ticked = (page, key) => page.locator(`#fac-${key} .opt input:checked`).evaluateAll((all) => all.map((i) => i.value));
const counted = async (page, key, value) => Number((await page.textContent(`#fac-${key} .opt:has(input[value="${value}"]) .n`)).replace(/\D/g, ''));

for (const script of [true, false]) {
  const name = script ? 'with-javascript' : 'without-javascript';
  const window = async () => {
    const w = await open({ javaScriptEnabled: script });
    await signIn(w.page, 'researcher');
    const apply = async () => { if (!script) await w.page.click('.apply button'); };
    return { ...w, apply };
  };

  test(`a-tree-unfolds-and-narrows-${name}`, async () => {
    const { context, page, wrong, apply } = await window();
    await page.check('#fac-dx .opt input[value="L40"]');
    await apply();
    await at(page, /^\?dx=L40$/, script);
    assert.equal(await total(page), await counted(page, 'dx', 'L40'), 'the count of the value is that of the list');
    const below = await page.locator('#fac-dx .kids input[value^="L40"]').evaluateAll((all) => all.map((i) => i.value));
    assert.ok(below.length >= 3, `codes under L40: ${below}`);
    assert.deepEqual(await ticked(page, 'dx'), ['L40']);
    if (script) assert.equal(await page.evaluate(() => document.activeElement.value), 'L40', 'focus stays on the box');
    // a code under it narrows, another one widens, the category takes all again
    const one = await counted(page, 'dx', 'L400'), two = await counted(page, 'dx', 'L409');
    await page.check('#fac-dx .opt input[value="L400"]');
    await apply();
    await at(page, /^\?dx=L400$/, script);
    assert.equal(await total(page), one);
    await page.check('#fac-dx .opt input[value="L409"]');
    await apply();
    await at(page, /^\?dx=L400&dx=L409$/, script);
    assert.equal(await total(page), one + two);
    await page.check('#fac-dx .opt input[value="L40"]');
    await apply();
    await at(page, /^\?dx=L40$/, script);
    await page.uncheck('#fac-dx .opt input[value="L40"]');
    await apply();
    await at(page, /^$/, script);
    // a category is unfolded without being chosen
    await page.click('#fac-dx [data-turn="dx.C44"]');
    await at(page, /open=dx,dx\.C44,op,age,sex$/, script);
    await page.waitForSelector('#fac-dx .kids input[value="C443"]');
    await page.click('#fac-dx [data-turn="dx.C44"]');
    await at(page, /^$/, script);
    await page.waitForSelector('#fac-dx .kids', { state: 'detached' });
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`a-part-is-filled-when-it-is-opened-${name}`, async () => {
    const { context, page, wrong, apply } = await window();
    assert.equal(await page.locator('#fac-cls .opt').count(), 0, 'a closed part holds values');
    const steps = await page.evaluate(() => history.length);
    await page.click('#fac-cls summary');
    if (!script) await page.click('#fac-cls .fac__show button');
    await at(page, /open=dx,op,age,sex,cls$/, script);
    await page.waitForSelector('#fac-cls .opt');
    if (script) assert.equal(await page.evaluate(() => history.length), steps, 'opening is no step back');
    await page.check('#fac-cls input[value="2"]');
    await apply();
    await at(page, /^\?cls=2$/, script);
    assert.equal(await total(page), await counted(page, 'cls', '2'));
    // closed again it keeps its filter, and is left when another one is ticked
    await page.click('#fac-cls summary');
    if (script) await at(page, /cls=2&open=dx,op,age,sex$/);
    await page.check('#fac-sex input[value="1"]');
    await apply();
    await at(page, script ? /^\?sex=1&cls=2&open=dx,op,age,sex$/ : /^\?sex=1&cls=2$/, script);
    assert.equal(await page.locator('#fac-cls .on').textContent(), '1 chosen');
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`the-chosen-ones-are-left-out-${name}`, async () => {
    const { context, page, wrong, apply } = await window();
    const all = await total(page);
    const men = await counted(page, 'sex', '1');
    await page.check('#fac-sex .sw input');
    await page.check('#fac-sex .opt input[value="1"]');
    await apply();
    await at(page, /^\?sex=!1$/, script);
    assert.equal(await total(page), all - men);
    assert.match(await page.textContent('.chips'), /Sex is not Male/);
    assert.deepEqual(await ticked(page, 'sex'), ['1']);
    await page.uncheck('#fac-sex .sw input');
    await apply();
    await at(page, /^\?sex=1$/, script);
    assert.equal(await total(page), men);
    // also of ages, and ages that nobody wrote down
    await page.fill('#fac-age input[name="age_from"]', '18');
    await page.fill('#fac-age input[name="age_to"]', '64');
    if (script) await page.keyboard.press('Enter');
    await apply();
    await at(page, /^\?age=18\.\.64&sex=1$/, script);
    const adults = await total(page);
    await page.check('#fac-age .sw input');
    await apply();
    await at(page, /^\?age=!18\.\.64&sex=1$/, script);
    assert.equal(await total(page), men - adults);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`all-values-of-a-filter-${name}`, async () => {
    const { context, page, wrong } = await window();
    await page.goto(here.url + '/records?sex=2&open=prov');
    await page.check('#fac-prov .opt input >> nth=0');
    if (!script) await page.click('.apply button');
    await at(page, /prov=/, script);
    const first = (await ticked(page, 'prov'))[0];
    await page.click('#fac-prov .more a');
    await page.waitForURL(/\/records\/values\/prov\?/);
    assert.ok((await page.locator('.vals .opt').count()) > 10);
    assert.deepEqual(await page.locator('.vals .opt input:checked').evaluateAll((all) => all.map((i) => i.value)), [first]);
    await page.fill('#find', 'royal free');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.vals .opt').length === 1);
    const n = Number((await page.textContent('.vals .opt .n')).replace(/\D/g, ''));
    await page.check('.vals .opt input');
    await page.click('.vals button.btn--p');
    await at(page, /prov=RAL/, script);
    assert.match(page.url(), new RegExp(`prov=${first}`), 'what was chosen before is kept');
    await page.goto(here.url + '/records?sex=2&prov=RAL');
    assert.equal(await total(page), n);
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('ages-by-slider', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const from = page.getByLabel('Age from'), to = page.getByLabel('Age to');
  await from.focus();
  for (let i = 0; i < 18; i++) await page.keyboard.press('ArrowRight');
  await at(page, /^\?age=18\.\.$/);
  assert.equal(await page.inputValue('#fac-age input[name="age_from"]'), '18');
  const adults = await total(page);
  await to.focus();
  await page.keyboard.press('Home');
  for (let i = 0; i < 11; i++) await page.keyboard.press('ArrowRight');
  await at(page, /^\?age=18\.\.29$/);
  assert.equal(await to.getAttribute('aria-valuetext'), '29');
  assert.ok((await total(page)) < adults);
  // what is held is left alone by what comes back late
  const held = [];
  await page.route(/\/records\?/, (route) => { held.push(route); });
  const asked = async (n) => { await page.clock.runFor(200); while (held.length < n) await page.evaluate(() => 0); };
  await page.clock.install(); // from here time passes when the test says so
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.keyboard.press('ArrowRight');
  await asked(1);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await held[0].continue();
  await at(page, /^\?age=18\.\.30$/);
  assert.equal(await to.inputValue(), '33', 'an earlier answer took the slider back');
  await asked(2);
  await held[1].continue();
  await at(page, /^\?age=18\.\.32$/);
  await page.clock.resume();
  await page.unroute(/\/records\?/);
  // Back gives the sliders back too
  await page.goBack();
  await at(page, /^\?age=18\.\.30$/);
  assert.equal(await to.inputValue(), '31');
  assert.deepEqual(wrong, []);
  await context.close();
});

test('six-changes-and-six-times-back', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const screens = [];
  // Attributes in one order: that is no part of a screen, and making one page
  // into another keeps the older one's.
  const screen = () => page.evaluate(() => {
    const app = document.querySelector('#app').cloneNode(true);
    for (const e of [app, ...app.querySelectorAll('*')]) {
      const all = [...e.attributes].map((a) => [a.name, a.value]).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [name] of all) e.removeAttribute(name);
      for (const [name, value] of all) e.setAttribute(name, value);
    }
    return app.outerHTML;
  });
  const change = async (act, pattern) => {
    await still(page);
    screens.push([page.url(), await screen()]);
    await act();
    await at(page, pattern);
  };
  await change(() => page.check('#fac-dx .opt input[value="C44"]'), /^\?dx=C44$/);
  await change(() => page.check('#fac-sex input[value="2"]'), /sex=2/);
  await page.click('#fac-cls summary');
  await at(page, /open=/);
  await page.waitForSelector('#fac-cls .opt');
  await change(() => page.check('#fac-cls input[value="2"]'), /cls=2$/);
  await page.click('#fac-op summary');
  await at(page, /open=dx,age,sex,cls$/);
  await change(() => page.click('thead th:has-text("Age") a'), /sort=STARTAGE/);
  await change(() => page.click('[data-next]'), /after=/);
  await change(() => page.check('#fac-dx .opt input[value="C443"]'), /dx=C443/);
  for (const [url, html] of screens.reverse()) {
    await page.goBack();
    await page.waitForURL(url);
    await still(page);
    const now = await screen();
    const from = [...now].findIndex((c, i) => c !== html[i]);
    assert.ok(now === html, `Back to ${url}: ${now.slice(from - 80, from + 120)} and not ${html.slice(from - 80, from + 120)}`);
  }
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a-part-that-is-opened-while-an-answer-is-under-way', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  let clicked;
  const turned = new Promise((ok) => { clicked = ok; });
  await page.route(/\/records\?/, async (route) => { if (route.request().headers()['x-part'] === 'app') await turned; await route.continue(); });
  await page.check('#fac-sex input[value="2"]');
  await page.click('#fac-cls summary');
  await page.click('#fac-dx summary');
  clicked();
  await page.waitForURL(/sex=2&open=op,age,sex,cls$/);
  await page.waitForSelector('#fac-cls .opt');
  assert.equal(await counted(page, 'cls', '1') + await counted(page, 'cls', '2') <= await total(page), true);
  assert.equal(await page.locator('#fac-dx .opt').count(), 0);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('pages-stay-light', async () => {
  const { context, page } = await open();
  await signIn(page, 'researcher');
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(nodes <= 3000, `${nodes} nodes`);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await page.waitForLoadState('networkidle');
  let bytes = 0, under = 0;
  session.on('Network.requestWillBeSent', () => { under++; });
  session.on('Network.loadingFinished', (e) => { under--; bytes += e.encodedDataLength; });
  const moved = async (act, done) => {
    bytes = 0;
    await act();
    await done();
    while (under > 0 || bytes === 0) await page.evaluate(() => 0);
    return bytes;
  };
  for (const [act, pattern] of [[() => page.check('#fac-dx .opt input[value="C44"]'), /dx=C44/], [() => page.check('#fac-sex input[value="2"]'), /sex=2/]]) {
    const n = await moved(act, () => at(page, pattern));
    assert.ok(n > 1000 && n <= 15_000, `a filter moves ${n} bytes`);
  }
  const n = await moved(() => page.click('#fac-prov summary'), () => page.waitForSelector('#fac-prov .opt'));
  assert.ok(n > 100 && n <= 4_000, `opening a part moves ${n} bytes`);
  await context.close();
});

for (const [width, height] of sizes) {
  test(`panel-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    const all = ['dx', 'dx.C44', 'cond', 'op', 'age', 'band', 'sex', 'eth', 'imd', 'rgn', 'prov', 'year', 'adm', 'main', 'tret', 'kind', 'meth', 'cls', 'los', 'wait', 'read', 'charl', 'rule', 'fin', 'dup'];
    await page.goto(`${here.url}/records?dx=L40&dx=none&sex=!1&los=0&los=2..3&open=${all}`);
    await check(page, 'panel', async () => { if (width < 861) await page.click('[data-filters]'); });
    if (width < 861) assert.equal((await page.innerText('[data-filters]')).trim(), 'Hide filters');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    const small = await page.locator('.side :is(label, summary, button, a, input:not([type=hidden], [type=checkbox], [type=radio], [type=range])):not(.vh):visible').evaluateAll((els) => els.map((e) => [e.textContent.trim() || e.name, e.getBoundingClientRect()]).filter(([, r]) => r.height > 1 && r.height < 24).map(([t, r]) => `${t} ${r.height}`));
    assert.deepEqual(small, [], 'targets under 24 px');
    for (const key of ['dx', 'prov', 'sex']) {
      await page.goto(`${here.url}/records/values/${key}?sex=2&dx=L40`);
      await check(page, `values-${key}`);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });
}
