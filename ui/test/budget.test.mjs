// What a page may weigh, and pages in windows that other tests do not open: at
// 200 % zoom and in forced colours. Sizes are those that travel, compressed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site } from './site.mjs';
import { states } from './states.mjs';

const here = site({ first: 2004, last: 2013 }); // ten years, as there are
const { open, signIn, check } = here;
const accounts = [...new Set(states.map(([, who]) => who))];
const kB = 1000;

// visit goes through the states of each account in windows of one kind.
async function visit(options, look) {
  for (const who of accounts) {
    const { context, page, wrong } = await open(options);
    if (who) await signIn(page, who);
    for (const [name, , path] of states.filter((s) => s[1] === who)) {
      await page.goto(here.url + path);
      await look(page, name, path);
    }
    await context.close();
    assert.deepEqual(wrong.filter((w) => !/400 \(Bad Request\)|410 \(Gone\)/.test(w)), [], who); // states of an error, and of a link that is used
  }
}

test('no-page-is-too-large', async () => {
  await visit({}, async (page, name) => {
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(nodes <= 3000 || name === 'all-values', `${name} has ${nodes} nodes`); // a list of all values is as long as they are
  });
});

// A condition is a row of its own with every field to choose from.
test('many-conditions-are-a-light-page', async () => {
  const { context, page, wrong } = await open();
  await signIn(page, 'researcher');
  const row = (i, field = '', value = '') => [['node', `c 0.${i}`], [`field 0.${i}`, field], [`op 0.${i}`, 'is'], [`value 0.${i}`, value]];
  for (const [name, rows] of [['of a field', (i) => row(i, ['SEX', 'DIAG_01', 'ADMIMETH', 'STARTAGE'][i % 4], ['Male', 'L40', '11', '65'][i % 4])], ['to be chosen', (i) => row(i)]]) {
    const form = new URLSearchParams([['node', 'g 0'], ['how 0', 'any'], ...Array.from({ length: 20 }, (_, i) => rows(i)).flat()]);
    await page.goto(`${here.url}/records/conditions?${form}`);
    assert.equal(await page.locator('.row').count(), 20);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(nodes <= 3000, `20 conditions ${name}: ${nodes} nodes`);
    await check(page, `conditions-${name}`);
  }
  await context.close();
  assert.deepEqual(wrong, []);
});

test('pages-at-200-percent', async () => {
  await visit({ width: 720, height: 450, deviceScaleFactor: 2 }, async (page, name) => {
    await check(page, `${name}-200`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} is ${over} px too wide`);
  });
});

test('pages-in-forced-colours', async () => {
  await visit({ forcedColors: 'active' }, async (page, name) => {
    await check(page, `${name}-forced`, undefined, ['color-contrast']); // the colours are the person's own
    assert.ok(await page.evaluate(() => matchMedia('(forced-colors: active)').matches));
  });
});

// weigh returns the bytes that travel while something is done.
async function weigh(page, act) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  cdp.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
  await act();
  await page.waitForLoadState('networkidle');
  await cdp.detach();
  return bytes;
}

test('weight-of-pages-and-clicks', async () => {
  for (const view of ['', 'view=spells', 'view=patients', 'view=charts']) {
    const { context, page, wrong } = await open();
    await signIn(page, 'researcher');
    const cold = await open({ storageState: await context.storageState() });
    const first = await weigh(cold.page, () => cold.page.goto(here.url + '/records?' + view));
    assert.ok(first > 50 * kB && first <= 110 * kB, `cold, ${view}: ${first} bytes`);
    // one filter, two, and none again, where the answer is longest
    for (const [name, value, pattern] of [['dx', 'L40', /dx=L40/], ['sex', '2', /sex=2/], ['dx', 'L40', (u) => !u.search.includes('dx=L40')], ['sex', '2', (u) => !u.search.includes('sex=')]]) {
      const box = `#fac-${name} input[name=${name}][value="${value}"]`;
      const on = !(await cold.page.isChecked(box));
      const next = await weigh(cold.page, async () => {
        await cold.page.click(box);
        await cold.page.waitForURL(pattern);
      });
      assert.equal(await cold.page.isChecked(box), on);
      assert.equal(await cold.page.evaluate(() => document.activeElement.value), value, 'focus stays on the box that was ticked');
      assert.ok(next > 2 * kB && next <= 15 * kB, `click, ${view}, ${name} ${on ? 'on' : 'off'}: ${next} bytes`);
    }
    await cold.context.close();
    await context.close();
    assert.deepEqual([...wrong, ...cold.wrong], []);
  }
});
