// The three main journeys, each by keys alone and, without a script, by clicks.
// The numbers that are seen on the way are checked against one another.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { clicks, keys, settled } from './hands.mjs';
import { password, site, total } from './site.mjs';

const here = site({ patients: 8000 });
const number = (text) => Number(text.match(/([\d,]+)\D*$/)[1].replaceAll(',', ''));
// counted is the number beside a value of the side panel.
const counted = async (page, key, value) => number(await page.textContent(`#fac-${key} .opt:has(input[value="${value}"]) .n`));
const value = (page, key, v) => page.locator(`#fac-${key} input[value="${v}"]`);
const chip = (page, text) => page.getByRole('link', { name: `Remove filter: ${text}` });
const episodes = async (page) => number((await page.textContent('#count')).match(/[\d,]+\s*episodes/)[0]);
const rows = (page) => page.locator('.grid tbody tr').allInnerTexts();
// filed are the counts of a chart's file, which stand under an empty line and a heading.
const filed = (csv) => csv.trim().split(/\r?\n/).slice(csv.trim().split(/\r?\n/).indexOf('') + 2).map((line) => line.split(',').at(-1));
// published is what the rule for small numbers makes of a count in a file.
const published = (n) => (n > 0 && n < 8 ? '*' : String(5 * Math.round(n / 5)));
// tabled are the counts of a chart's table on the page.
const tabled = async (page, key) => {
  const shown = await (await page.request.get(`${page.url()}&open=${key}.table`)).text();
  return [...shown.match(new RegExp(`id="ch-${key}"[^]*?</table>`))[0].matchAll(/<td[^>]*>([\d,]+)/g)].map((m) => number(m[1]));
};

for (const script of [true, false]) {
  const how = script ? 'by-keys-alone' : 'without-javascript';
  const begin = async (name) => {
    const { context, page, wrong } = await here.open({ javaScriptEnabled: script, width: 1366, height: 768, acceptDownloads: true });
    const hands = script ? keys(page) : clicks(page);
    await page.goto(here.url + '/sign-in');
    await hands.type(page.getByLabel('Name'), name);
    await hands.type(page.getByLabel('Password'), password);
    if (script) await hands.send();
    else await hands.press(page.locator('main button[type=submit]'));
    if (new URL(page.url()).pathname === '/purpose') {
      await hands.mark(page.locator('input[name=agreement]').first());
      for (const box of await page.locator('input[name^=agree-]:visible').all()) await hands.mark(box);
      await hands.press(page.getByRole('button', { name: 'Continue' }));
    }
    return { context, page, wrong, hands };
  };
  // back is what Alt and the left arrow do in a browser that has a window.
  const back = async (page) => { await page.goBack(); if (script) await settled(page); };

  test(`researcher-${how}`, async () => {
    const { context, page, wrong, hands } = await begin('researcher');
    const all = await total(page);
    // psoriasis, by the box that finds
    if (script) {
      await page.keyboard.press('/');
      await hands.visible();
      await page.keyboard.type('psor');
      await page.waitForSelector('#found [aria-selected=true]:has-text("Psoriasis")');
      await hands.send();
      assert.ok(await hands.has(page.locator('#find')), 'the focus stays in the box');
    } else {
      await page.fill('#find', 'psor');
      await hands.press(page.locator('#finder button'));
      await hands.press(page.locator('.found-page a'));
    }
    const psoriasis = await total(page);
    assert.equal(psoriasis, await counted(page, 'dx', 'L40'));
    assert.ok(psoriasis > 0 && psoriasis < all);
    // a year, by the strip; the panel is skipped
    if (script) {
      await hands.to(page.getByRole('link', { name: 'Skip to the results' }), { most: 2 });
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    }
    await hands.press(page.locator('.yrs a', { hasText: '2009/10' }));
    const year = await total(page);
    assert.ok(year > 0 && year < psoriasis);
    // ages
    if (script) {
      await page.keyboard.press('/');
      await page.keyboard.type('18 to 64');
      await page.waitForSelector('#found [aria-selected=true]:has-text("Aged 18 to 64")');
      await hands.send();
    } else {
      await page.fill('#fac-age input[name=age_from]', '18');
      await page.fill('#fac-age input[name=age_to]', '64');
      await hands.send();
    }
    const adults = await total(page);
    assert.ok(adults > 0 && adults < year);
    assert.match(await page.textContent('.chips'), /L40 Psoriasis.*Aged 18 to 64.*Apr 2009 to Mar 2010/s);
    // one code is left out: first taken, then turned round
    const excisions = await counted(page, 'op', 'S06');
    await hands.tick(value(page, 'op', 'S06'));
    assert.equal(await total(page), excisions);
    await hands.tick(page.locator('#fac-op').getByLabel('Leave out the chosen ones'));
    assert.equal(await total(page), adults - excisions);
    // charts of the same, and a file of one
    if (script) await hands.moved(() => page.keyboard.press('4'));
    else await hands.press(page.getByRole('link', { name: 'Charts', exact: true }));
    assert.equal(await total(page), adults - excisions);
    const link = page.locator('#ch-trend a[download]');
    if (script) await hands.to(link, { most: 400 });
    const [file] = await Promise.all([page.waitForEvent('download'), script ? page.keyboard.press('Enter') : link.click()]);
    const csv = readFileSync(await file.path(), 'utf8');
    const exact = await tabled(page, 'trend');
    assert.equal(exact.reduce((a, b) => a + b), adults - excisions);
    assert.deepEqual(filed(csv), exact.map(published), csv);
    assert.match(csv, /Main procedure is not S06/);
    // taken off again, the first numbers are there
    if (script) {
      await hands.moved(() => page.keyboard.press('u'));
      await hands.moved(() => page.keyboard.press('u'));
      assert.equal(await total(page), excisions);
      await hands.moved(() => page.keyboard.press('u'));
    } else {
      await hands.press(chip(page, 'Main procedure is not S06'));
      await hands.press(page.getByRole('link', { name: 'Episodes', exact: true }));
    }
    assert.equal(await total(page), adults);
    await hands.press(chip(page, 'Aged 18 to 64'), { back: false, most: 200 });
    assert.equal(await total(page), year);
    await hands.press(chip(page, 'Admitted'), { most: 200 });
    assert.equal(await total(page), psoriasis);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`researcher-builds-a-condition-${how}`, async () => {
    const { context, page, wrong, hands } = await begin('researcher');
    const all = await total(page), men = await counted(page, 'sex', '1'), women = await counted(page, 'sex', '2');
    await hands.press(page.getByRole('link', { name: /^More conditions/ }), { most: 200 });
    // men or women
    await hands.choose(page.getByLabel('How many must hold in the first group'), 'Any of these');
    await hands.choose(page.getByLabel('Field of condition 1'), 'Sex');
    const show = async () => { if (!script) await page.click('.cond__go button[value=show]'); await page.waitForSelector('.ticks'); };
    await show();
    for (const sex of ['Male', 'Female']) await hands.mark(page.locator('.ticks').getByLabel(sex, { exact: true }));
    await hands.press(page.getByRole('button', { name: 'Use these conditions' }));
    assert.equal(await total(page), men + women);
    // neither men nor women
    await hands.press(page.locator('.chips .edit'), { most: 200 });
    await hands.choose(page.getByLabel('How many must hold in the first group'), 'None of these');
    await hands.press(page.getByRole('button', { name: 'Use these conditions' }));
    assert.equal(await total(page), all - men - women);
    assert.match(await page.textContent('.chips'), /not/);
    await hands.press(page.locator('.chip:has(.edit) a[aria-label^="Remove filter"], .chips li:has(.edit) a[aria-label^="Remove filter"]'), { most: 200 });
    assert.equal(await total(page), all);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`clinician-${how}`, async () => {
    const { context, page, wrong, hands } = await begin('clinician');
    assert.match(page.url(), /view=patients$/);
    const all = await total(page);
    assert.equal(await page.locator('.grid tbody tr a.pid').count(), Math.min(50, all), 'a line is a patient');
    const women = await counted(page, 'sex', '2');
    await hands.tick(value(page, 'sex', '2'), { most: 120 });
    const some = await total(page);
    assert.equal(await episodes(page), women);
    const list = page.url();
    // the fourth patient
    const fourth = page.locator('.grid tbody tr').nth(3).locator('a.pid'), name = (await fourth.textContent()).trim();
    if (script) {
      for (let n = 0; n < 4; n++) { await page.keyboard.press('j'); await hands.visible(); }
      assert.ok(await hands.has(fourth));
      await hands.send();
    } else await hands.press(fourth);
    assert.match(await page.textContent('h1'), new RegExp(name));
    // as many bars as rows and as the fact says
    const told = number(await page.locator('.known div:has(dt:text-is("Episodes")) dd').textContent());
    assert.equal(await page.locator('.grid tbody tr').count(), told);
    assert.equal(await page.locator('.lanes a').count(), told);
    // without a pointer by the list, which tells the same as the bars
    await hands.press(page.locator(script ? '.grid tbody a[data-row]' : '.lanes a'));
    await page.waitForSelector('.rcd');
    const record = await page.textContent('h1');
    // along the list
    const next = page.getByRole('link', { name: 'Next episode' }), previous = page.getByRole('link', { name: 'Previous episode' });
    if (await next.count()) {
      const first = page.url();
      await hands.press(next);
      await hands.press(previous);
      assert.equal(page.url(), first);
      assert.equal(await page.textContent('h1'), record);
    }
    await hands.press(page.locator('.crumb a'));
    await page.waitForURL(list);
    assert.equal(await total(page), some);
    if (script) {
      assert.ok(await hands.has(fourth), 'the focus is on the patient who was opened');
      await hands.visible();
    }
    await hands.press(chip(page, 'Sex is Female'), { back: script, most: 200 });
    assert.equal(await total(page), all);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`data-minded-${how}`, async () => {
    const { context, page, wrong, hands } = await begin('researcher');
    const all = await total(page), spells = number((await page.textContent('#count')).match(/[\d,]+\s*spells/)[0]);
    if (script) await hands.moved(() => page.keyboard.press('2'));
    else await hands.press(page.getByRole('link', { name: 'Spells', exact: true }));
    assert.equal(await total(page), spells);
    await back(page);
    assert.equal(await total(page), all);
    // a column more; columns are remembered for the person, so each journey takes its own
    const [words, column, heading] = script ? ['ethnic cat', 'ETHNOS', 'Ethnic category'] : ['discharge dest', 'DISDEST', 'Discharge destination'];
    await hands.unfold(page.getByRole('link', { name: 'Columns', exact: true }), { most: 200 });
    await page.waitForSelector('#cols');
    if (script) {
      assert.ok(await hands.has(page.locator('#cols-find')), 'the window begins in its search');
      await page.keyboard.type(words);
    } else {
      await page.fill('#cols-find', words);
      await hands.moved(() => page.press('#cols-find', 'Enter'));
    }
    await hands.mark(page.locator(`[name=column][value=${column}]`));
    await hands.press(page.getByRole('button', { name: 'Show these columns' }));
    assert.match((await page.locator('.grid thead th').allTextContents()).at(-1), new RegExp(heading));
    const screens = [[page.url(), await rows(page)]];
    // sort, and page on
    await hands.press(page.locator('.grid thead th:has-text("Age") a').first(), { most: 200 });
    assert.equal(await page.getAttribute('.grid thead th:has-text("Age")', 'aria-sort'), 'ascending');
    screens.push([page.url(), await rows(page)]);
    if (script) await hands.moved(() => page.keyboard.press('n'));
    else await hands.press(page.locator('[data-next]'));
    assert.match(await page.textContent('.pos'), new RegExp(`^51–100 of ${all.toLocaleString('en-GB')}$`));
    screens.push([page.url(), await rows(page)]);
    // what a column means, from its heading; and Back to each screen before
    await hands.press(page.getByRole('link', { name: 'About the column Sex' }), { back: script, most: 80 });
    assert.match(await page.textContent('h1'), /Sex\s*SEX/);
    for (const [url, was] of screens.reverse()) {
      await back(page);
      await page.waitForURL(url);
      assert.deepEqual(await rows(page), was, url);
    }
    // codes: the number of a code is that of its records
    await hands.press(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Codes' }), { back: script, most: 400 });
    await hands.press(page.getByRole('link', { name: /ICD-10/ }));
    await hands.press(page.locator('main').getByRole('link', { name: /^XII\b/ }));
    await hands.press(page.locator('main').getByRole('link', { name: /^L40–L45/ }));
    const told = number(await page.locator('tr:has(a[href="/codes/icd10/L40"]) td').nth(2).textContent());
    await hands.press(page.locator('main').getByRole('link', { name: /^L40 Psoriasis/ }));
    await hands.press(page.getByRole('link', { name: /^Filter records by this code: primary/ }));
    assert.equal(await total(page), told);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test(`planner-${how}`, async () => {
    const { context, page, wrong, hands } = await begin('planner');
    await hands.press(page.locator('main a[href="/tables/year-by-sex"]').first());
    assert.match(page.url(), /\/tables\/year-by-sex$/);
    // each line adds up, and no small number is told
    for (const line of await page.locator('tbody tr').all()) {
      const cells = (await line.locator('td').allTextContents()).map((c) => c.trim());
      const shown = cells.filter((c) => c !== '1–7' && c !== 'Not shown').map((c) => Number(c.replaceAll(',', '')));
      const last = shown.pop();
      assert.equal(shown.reduce((a, b) => a + b, 0), last, cells.join());
      assert.ok([...shown, last].every((n) => n === 0 || (n > 7 && n % 5 === 0)), cells.join());
    }
    await hands.press(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Data dictionary' }));
    await hands.type(page.locator('main').getByRole('searchbox').or(page.locator('main input[type=search]')), 'sex');
    if (script) await hands.send();
    else await hands.press(page.locator('main form button'));
    await hands.press(page.locator('main').getByRole('link', { name: /^Sex\b/ }), { most: 120 });
    assert.match(await page.textContent('main'), /published tables only/);
    await back(page);
    await back(page);
    await back(page);
    assert.match(page.url(), /\/tables\/year-by-sex$/);
    assert.deepEqual(wrong, []);
    await context.close();
  });
}
