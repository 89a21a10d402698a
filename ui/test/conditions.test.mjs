// Conditions beyond the filters, and all values of a filter: put together and
// ticked with JavaScript and without, and looked at by axe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site();
const { open, signIn, check } = here;

for (const javaScriptEnabled of [true, false]) {
  test(`conditions-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    await signIn(page, 'researcher');
    await page.click('.further a');
    await page.click('button[value="add 0"]');
    await page.selectOption('select[name="field 0.0"]', 'SEX');
    await page.fill('input[name="value 0.0"]', 'Female');
    await page.click('button[value="group 0"]');
    await page.selectOption('select[name="field 0.1.0"]', 'STARTAGE');
    await page.selectOption('select[name="op 0.1.0"]', 'span');
    await page.fill('input[name="value 0.1.0"]', 'x');
    await page.click('button[value="use"]');
    assert.match(await page.textContent('.row .wrong'), /whole number/);
    await page.fill('input[name="value 0.1.0"]', '65');
    await page.click('button[value="use"]');
    await page.waitForURL(/if=/);
    assert.match(await page.textContent('.chips'), /Sex is Female and Age is 65 or more/);
    await page.click('.chips .edit');
    await page.waitForURL(/conditions/);
    assert.match(await page.textContent('.says'), /Sex is Female and Age is 65 or more/);
    await context.close();
    assert.deepEqual(wrong, []);
  });

  test(`all-values-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    await signIn(page, 'researcher');
    await page.goto(here.url + '/records/values/dx');
    await page.fill('#find', 'psoriasis');
    await page.click('.vals__bar button');
    await page.waitForURL(/find=psoriasis/);
    await page.check('.vals input[name="dx"][value="L40"]');
    await page.click('.vals__go button');
    await page.waitForURL(/records\?dx=L40$/);
    assert.match(await page.textContent('.chips'), /Primary diagnosis is L40/);
    await context.close();
    assert.deepEqual(wrong, []);
  });
}

for (const [width, height] of sizes) {
  test(`conditions-and-values-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'researcher');
    for (const path of ['/records/conditions', '/records/conditions?if=' + encodeURIComponent('SEX is 1 and (STARTAGE from 65 or DIAG_nn starts with L40)'), '/records/values/prov?order=code']) {
      await page.goto(here.url + path);
      await check(page, path);
    }
    await context.close();
    assert.deepEqual(wrong, []);
  });
}
