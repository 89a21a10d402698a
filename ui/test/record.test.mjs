// A record as a page of its own: what it says, and that it fits everywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site();
const { open, signIn, check } = here;

for (const [width, height] of sizes) {
  test(`a-record-page-at-${width}`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled: true, width, height });
    await signIn(page, 'researcher');
    await page.goto(here.url + (await page.locator('a[data-row]').first().getAttribute('href')));
    await check(page, 'record');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    await page.click('.rcd .more-d summary');
    assert.ok(await page.locator('.names a').first().isVisible());
    assert.deepEqual(wrong, []);
    await context.close();
  });
}
