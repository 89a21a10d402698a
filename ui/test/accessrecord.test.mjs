// The access record for those who oversee: what a researcher did is found by the
// information governance lead, without JavaScript, in windows of every size; who saw a
// patient is asked in a form and never stands in an address.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site({ patients: 600, last: 2008 });
const { open, signIn, check } = here;

test('what-a-researcher-did-is-found', async () => {
  const seen = await open();
  await signIn(seen.page, 'researcher');
  await seen.page.goto(`${here.url}/records?view=patients`);
  await seen.page.goto(`${here.url}/account/log`);
  assert.match(await seen.page.textContent('.events tbody'), /List or charts seen/);
  await check(seen.page, 'own-record');
  await seen.context.close();

  for (const [width, height] of sizes) {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'iglead');
    await page.click('nav a:has-text("Access record")');
    await check(page, 'access-record');
    await page.fill('#person', 'researcher');
    await page.selectOption('#kind', 'view');
    await page.click('.sieve button');
    assert.match(page.url(), /\/oversight\/record\?person=researcher&kind=view$/);
    const who = await page.locator('.events tbody td:nth-child(2)').allTextContents();
    assert.ok(who.length > 1 && who.every((t) => t.includes('researcher')), 'only the researcher’s events');
    await page.click('.events tbody th a');
    await check(page, 'access-record-event');
    for (const tab of ['Refusals', 'Alerts', 'Bulk viewing', 'Checkpoints', 'Who saw a patient']) {
      await page.goto(`${here.url}/oversight/record`);
      await page.click(`.subnav a:has-text("${tab}")`);
      assert.equal(await page.textContent('.subnav [aria-current]'), tab);
      await check(page, tab.toLowerCase().replaceAll(' ', '-'));
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, `${tab} fits the window`);
    }
    assert.deepEqual(wrong, []);
    await context.close();
  }
});

test('who-saw-a-patient-by-the-key', async () => {
  const file = readFileSync(join(here.root, 'raw', 'synthetic_hes_apc_0809.txt'), 'utf8');
  const keys = [...new Set(file.match(/SYNTH\w{20,}/g))];
  const { context, page } = await open({ javaScriptEnabled: false });
  await signIn(page, 'iglead');
  let found = 0;
  for (const key of keys.slice(0, 100)) {
    await page.goto(`${here.url}/oversight/patient`);
    await page.fill('#key', key);
    await page.click('main form button');
    assert.ok(!page.url().includes(key) && !(await page.content()).includes(key), 'the key is in no address and on no page');
    if ((await page.textContent('main')).includes('List or charts seen')) { found++; break; }
  }
  assert.equal(found, 1, 'one of the patients was seen by the researcher');
  await context.close();
});
