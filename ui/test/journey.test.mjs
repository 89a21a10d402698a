// The main journeys through the real program in a real browser: sign in,
// filter, sort, page, open a record, go back, sign out; with JavaScript and
// without. No console error, no report of the content security policy, nothing
// found by axe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { password, run, site, sizes, total } from './site.mjs';

const here = site();
const { open, signIn, check } = here;

for (const javaScriptEnabled of [true, false]) {
  test(`researcher-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    const settled = async (act, pattern) => { await Promise.all([page.waitForURL(pattern), act()]); if (javaScriptEnabled) await page.waitForFunction(() => document.querySelector('#app')?.dataset.url === location.pathname + location.search); };
    await page.goto(here.url + '/records');
    assert.match(page.url(), /sign-in\?next=/, 'a stranger is sent to sign in');
    await page.fill('#name', 'researcher');
    await page.fill('#password', 'not the password');
    await page.click('main button[type=submit]');
    assert.match(await page.textContent('[role=alert]'), /not right/);
    await page.fill('#name', 'researcher');
    await page.fill('#password', password);
    await page.click('main button[type=submit]');
    await page.waitForURL(/\/purpose\?next=/); // it is asked what for
    await here.choose(page);
    assert.equal(new URL(page.url()).pathname, '/records');
    if (!javaScriptEnabled) wrong.length = 0;
    const all = await total(page);
    assert.ok(all > 1000, `${all} episodes`);
    assert.equal(await page.locator('.grid tbody tr').count(), 50);
    // filter by sex, then by a diagnosis in any position
    await settled(async () => { await page.check('input[name=sex][value="2"]'); if (!javaScriptEnabled) await page.click('.apply button'); }, /sex=2/);
    await page.waitForFunction((n) => Number(document.querySelector('#count strong').textContent.replace(/\D/g, '')) < n, all);
    const women = await total(page);
    await settled(async () => { await page.fill('input[name=dx]:not([type=checkbox])', 'l40'); if (javaScriptEnabled) await page.keyboard.press('Enter'); else await page.click('.apply button'); }, /dx=L40/);
    const psoriasis = await total(page);
    assert.ok(psoriasis > 0 && psoriasis < women, `${psoriasis} of ${women}`);
    assert.match(await page.textContent('.chips'), /Primary diagnosis is L40.*Sex is Female/s);
    for (const code of await page.locator('.grid tbody td.wide:nth-child(5) code').allTextContents()) assert.match(code, /^L40/);
    // sort by age, both ways
    await settled(() => page.click('th:has-text("Age") a'), /sort=STARTAGE/);
    const ages = (await page.locator('td[data-l=Age]').allTextContents()).map(Number);
    assert.deepEqual(ages, [...ages].sort((a, b) => a - b));
    await settled(() => page.click('th:has-text("Age") a'), /sort=-STARTAGE/);
    assert.equal(await page.getAttribute('th:has-text("Age")', 'aria-sort'), 'descending');
    // Back undoes, one step at a time
    await settled(() => page.goBack(), /sort=STARTAGE/);
    await settled(() => page.goBack(), /dx=L40(?!.*sort)/);
    assert.equal(await total(page), psoriasis);
    await settled(() => page.goBack(), /sex=2$/);
    // pages: forward and back again
    const first = await page.textContent('.pos');
    const row = await page.textContent('.grid tbody tr:first-child');
    await settled(() => page.click('[data-next]'), /after=/);
    assert.match(await page.textContent('.pos'), /^51–100 of/);
    await settled(() => page.click('[data-prev]'), /before=/);
    assert.equal(await page.textContent('.pos'), first);
    assert.equal(await page.textContent('.grid tbody tr:first-child'), row);
    // a record, and back to the list
    await page.click('.grid tbody tr:first-child a[data-row]');
    await page.waitForURL(/\/records\/[\w-]{22}/);
    assert.match(await page.textContent(javaScriptEnabled ? '#drawer' : 'main'), /Admission method/);
    assert.doesNotMatch(await page.content(), /SYNTH[A-Za-z0-9]{27}/, 'the person key is on the page');
    if (javaScriptEnabled) await check(page, 'record');
    const id = page.url();
    await page.goBack();
    await page.waitForURL(/sex=2/);
    // wrong input says what is wrong
    await page.goto(here.url + '/records?adm=yesterday');
    assert.match(await page.textContent('main'), /write a day as/);
    await page.goto(here.url + '/records?dx=C99');
    assert.match(await page.textContent('.empty'), /No episodes match/);
    if (javaScriptEnabled) await check(page, 'empty');
    await page.goto(here.url + '/records');
    await page.click('.user summary');
    await page.click('.user button[type=submit]');
    await page.waitForURL(here.url + '/');
    await page.goto(id);
    assert.match(page.url(), /sign-in/, 'after signing out a record is closed');
    assert.deepEqual(wrong.filter((w) => !/status of 4/.test(w)), []);
    await context.close();
  });
}

for (const [width, height] of sizes) {
  test(`pages-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    for (const path of ['/', '/sign-in', '/dictionary', '/dictionary/ADMIMETH', '/nowhere']) {
      await page.goto(here.url + path);
      await check(page, path.replaceAll('/', '_') || 'front');
    }
    await signIn(page, 'researcher');
    await check(page, 'records');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    if (width === 1366) {
      const seen = await page.evaluate(() => [...document.querySelectorAll('.grid tbody tr')].filter((r) => r.getBoundingClientRect().bottom <= innerHeight).length);
      assert.ok(seen >= 12, `${seen} rows are seen`);
    }
    assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) <= 3000, 'nodes');
    await page.goto(here.url + '/records?dx=L40&sex=2&view=patients&dxpos=any');
    await check(page, 'patients');
    await page.goto(here.url + (await page.getAttribute('.grid tbody a', 'href')));
    await check(page, 'patient');
    assert.deepEqual(wrong.filter((w) => !/status of 4/.test(w)), []);
    await context.close();
  });
}

test('each-role-sees-its-own', async () => {
  for (const [name, home, may, mayNot] of [
    ['clinician', '/records', ['/records?view=patients', '/records'], ['/tables/year-by-sex']],
    ['planner', '/tables', ['/tables', '/tables/year-by-sex'], ['/quality', '/records', '/records?view=patients', '/records?sort=SEX']],
    ['datamanager', '/account', ['/account', '/quality'], ['/records', '/tables/year-by-sex']],
    ['iglead', '/oversight', ['/oversight', '/account', '/quality'], ['/records', '/tables/year-by-sex']],
    ['researcher', '/records', ['/records'], ['/quality', '/tables/year-by-sex', '/records?cols=TOKEN_PERSON_ID', '/records?cols=LSOA01', '/records?sort=CONSULT']],
  ]) {
    const { context, page } = await open();
    await signIn(page, name);
    assert.equal(new URL(page.url()).pathname, home, name);
    for (const path of may) assert.equal((await page.goto(here.url + path)).status(), 200, `${name} ${path}`);
    await check(page, 'home-' + name);
    for (const path of mayNot) {
      const r = await page.goto(here.url + path);
      assert.equal(r.status(), 403, `${name} ${path}`);
    }
    await context.close();
  }
});

for (const javaScriptEnabled of [true, false]) {
  test(`what-a-list-begins-with-${javaScriptEnabled ? 'with' : 'without'}-javascript`, async () => {
    const { context, page, wrong } = await open({ javaScriptEnabled });
    await signIn(page, 'researcher');
    assert.match(await page.textContent('.chips'), /Finished episodes only/);
    const finished = await total(page);
    await page.click('.chip a[aria-label="Remove filter: Finished episodes only"]');
    await page.waitForURL(/fin=any/);
    await page.waitForFunction(() => !document.querySelector('.chips').textContent.includes('Finished episodes only'));
    assert.ok((await total(page)) >= finished);
    await page.click('.side__h a');
    await page.waitForURL((u) => !u.search);
    await page.waitForFunction(() => document.querySelector('.chips').textContent.includes('Finished episodes only'));
    assert.equal(await total(page), finished);
    // unticking the default in the form is not the same as saying nothing
    await page.click('#fac-fin summary');
    if (!javaScriptEnabled) {
      await page.click('#fac-fin .fac__show button');
      await page.waitForURL(/open=/);
    }
    await page.uncheck('#fac-fin input[value="3"]');
    if (!javaScriptEnabled) await page.click('.apply button');
    await page.waitForURL(/fin=any/);
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

for (const [width, height] of sizes) {
  test(`load-reports-at-${width}`, async () => {
    const { context, page, wrong } = await open({ width, height });
    await signIn(page, 'datamanager');
    await page.goto(here.url + '/quality');
    await check(page, 'quality');
    await page.click('.tbl tbody a');
    await page.waitForURL(/quality\/loads\//);
    const text = await page.textContent('main');
    assert.match(text, /episodes kept of [\d,]+ rows read/);
    assert.match(text, /synthetic_hes_apc_0809\.txt/);
    const [read, ...parts] = (await page.locator('.figs').first().locator('dd').allTextContents()).map((n) => Number(n.replaceAll(',', '')));
    assert.equal(read, parts.reduce((a, b) => a + b), 'every row is accounted for');
    await check(page, 'load');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'the page scrolls sideways');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('a-clinician-goes-from-a-patient-to-an-episode-and-back', async () => {
  const { context, page, wrong } = await open({ width: 1366, height: 768 });
  await signIn(page, 'clinician');
  assert.match(page.url(), /view=patients/);
  await page.click('.grid tbody tr:first-child a');
  await page.waitForURL(/\/patients\//);
  const providers = await page.locator('td[data-l=Provider]').allTextContents();
  assert.equal(new Set(providers).size, 1, 'episodes at other providers');
  await page.click('.grid tbody tr:first-child a[data-row]');
  await page.waitForURL(/\/records\/[\w-]{22}/);
  await page.click('.crumb a');
  await page.waitForURL(/view=patients/);
  assert.ok((await page.locator('.grid tbody tr').count()) > 0);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('ids-belong-to-their-maker', async () => {
  const a = await open();
  await signIn(a.page, 'researcher');
  const theirs = await a.page.locator('a[data-row]').first().getAttribute('href');
  const b = await open();
  await signIn(b.page, 'clinician');
  const foreign = await b.page.goto(here.url + theirs);
  const foreignText = (await b.page.textContent('main')).replace(/quote \w+/, '');
  const guess = await b.page.goto(here.url + '/records/AAAAAAAAAAAAAAAAAAAAAA');
  assert.equal(foreign.status(), 404);
  assert.equal(guess.status(), 404);
  assert.equal(foreignText, (await b.page.textContent('main')).replace(/quote \w+/, ''));
  await a.context.close();
  await b.context.close();
});

test('a-new-release-is-served-without-a-restart', async () => {
  const { context, page } = await open();
  await signIn(page, 'researcher');
  const before = await total(page);
  const next = await page.getAttribute('[data-next]', 'href');
  here.load('--subset', 'all');
  await page.reload();
  assert.ok((await total(page)) > 2 * before, 'the new release is not served');
  const old = await page.goto(here.url + next);
  assert.equal(old.status(), 410, 'a page of the earlier release');
  assert.match(await page.textContent('main'), /newer release/);
  await context.close();
});

test('the-access-record-is-whole', () => {
  assert.match(run('audit', 'verify', '--data', here.dir), /^\d\d+ entries, all as they were written/);
});
