// The pages for everybody in a real browser: a question is sent from the first page
// and read by those who oversee the site, by keys and without a script.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site({ patients: 400, first: 2008, last: 2008 });
const { open, signIn, check } = here;

for (const javaScriptEnabled of [true, false]) {
  test(`a-question-is-sent-and-read-${javaScriptEnabled ? 'by-keys' : 'without-javascript'}`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    const text = `Which papers do you need? ${javaScriptEnabled}`;
    await page.goto(here.url + '/');
    await page.focus('#name');
    for (const words of ['Ann Archer', 'ann@example.org', text]) {
      await page.keyboard.type(words);
      await page.keyboard.press('Tab');
    }
    assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Send question', 'the hidden field is in the way of keys');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/contact/sent');
    assert.match(await page.textContent('h1'), /Your question was sent/);
    assert.deepEqual(await context.cookies(), []);
    await signIn(page, 'iglead');
    await page.click('nav >> text=Messages');
    await page.waitForURL('**/oversight/messages');
    const message = page.locator('.msg', { hasText: text });
    assert.match(await message.innerText(), /from Ann Archer/);
    await message.locator('button').click();
    await page.waitForLoadState();
    assert.match(await message.innerText(), /Marked as answered .* by iglead/);
    assert.equal(await message.locator('button').count(), 0);
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

for (const [width, height] of sizes) {
  test(`what-is-wrong-is-said-at-${width}`, async () => {
    const { context, page } = await open({ width, height });
    await page.goto(here.url + '/contact');
    await page.fill('#email', 'ann at work');
    await page.click('main button[type=submit]');
    await page.waitForLoadState();
    assert.match(await page.title(), /^Error: Contact/);
    assert.match(await page.innerText('.error-summary'), /Give your name.*Write an email address.*Write your question/s);
    await check(page, 'contact-wrong');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    await page.click('.error-summary a >> nth=1');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
    assert.equal(await page.inputValue('#email'), 'ann at work');
    await context.close();
  });
}

test('the-leaflet-comes-as-a-file', async () => {
  const { context, page, wrong } = await open({ acceptDownloads: true });
  await page.goto(here.url + '/leaflet');
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('text=Leaflet as a PDF')]);
  assert.equal(file.suggestedFilename(), 'webenable-hes-leaflet.pdf');
  assert.equal(await file.failure(), null);
  assert.deepEqual(wrong, []);
  await context.close();
});
