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
    await page.selectOption('select[name="field 0.0"]', 'SEX');
    if (javaScriptEnabled) await page.waitForSelector('.ticks'); // at once
    else await page.click('.cond__go button[value="show"]');
    await page.check('.ticks >> text=Female');
    await page.click('button[value="group 0"]');
    await page.waitForFunction(() => document.activeElement.name === 'field 0.1.0'); // what was added has the focus
    await page.selectOption('select[name="field 0.1.0"]', 'STARTAGE');
    await page.selectOption('select[name="op 0.1.0"]', 'span');
    await page.fill('input[name="value 0.1.0"]', 'x');
    await page.click('button[value="use"]');
    assert.match(await page.textContent('.row .wrong'), /whole number/);
    assert.equal(await page.inputValue('input[name="value 0.1.0"]'), 'x');
    await page.fill('input[name="value 0.1.0"]', '65');
    if (javaScriptEnabled) {
      await page.keyboard.press('Tab');
      await page.waitForFunction(() => /Age is 65 or more/.test(document.querySelector('#says').textContent));
      assert.equal(await page.evaluate(() => document.activeElement.name), 'to 0.1.0', 'the focus stays');
    }
    await page.click('button[value="use"]');
    await page.waitForURL(/if=/);
    assert.match(await page.textContent('.chips'), /Sex is Female and Age is 65 or more/);
    await page.click('.chips .edit');
    await page.waitForURL(/conditions/);
    // another field is chosen from the list of all, which the others do not hold
    await page.waitForLoadState();
    assert.ok(await page.locator('#conditions option').count() < 60);
    await page.focus('select[name="field 0.0"]');
    await page.selectOption('select[name="field 0.0"]', '');
    if (!javaScriptEnabled) await page.click('.cond__go button[value="show"]');
    await page.waitForSelector('select[name="field 0.0"] optgroup', { state: 'attached' });
    if (javaScriptEnabled) assert.equal(await page.evaluate(() => document.activeElement.name), 'field 0.0', 'the focus stays');
    await page.selectOption('select[name="field 0.0"]', 'SEX');
    if (!javaScriptEnabled) await page.click('.cond__go button[value="show"]');
    await page.locator('#says >> text=Sex is Female and').waitFor();
    assert.ok(await page.isChecked('.ticks >> text=Female'), 'what was ticked is kept');
    // Back takes one button back
    await page.click('button[value="remove 0.1"]');
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 2);
    // text that has not been read is neither used nor lost
    await page.click('.more-d summary');
    await page.fill('#text', 'SEX is 1 and');
    await page.click('button[value="add 0"]');
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 3);
    assert.equal(await page.inputValue('#text'), 'SEX is 1 and');
    await page.click('button[value="text"]');
    assert.match(await page.textContent('#text-wrong'), /^Line 1, column 13: expected a field/);
    await page.fill('#text', 'SEX is 1 and DIAG_nn starts with L40');
    await page.click('button[value="text"]');
    assert.match(await page.textContent('.says'), /Sex is Male and Any diagnosis starts with L40/);
    await page.goto(here.url + '/records/conditions?if=' + encodeURIComponent('SEX is 2 and STARTAGE from 65'));
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
