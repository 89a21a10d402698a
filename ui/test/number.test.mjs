// A clinician finds a patient by the number that the hospital has given, and opens
// one of another team for a reason, over data as a site loads them; and a page that
// was made for another purpose refuses in place.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const here = site({ patients: 6000 });
const path = (page) => new URL(page.url()).pathname;

// patients tells, from the raw files, a number of each kind at the demo's trust.
function patients() {
  const at = new Map(); // number at the trust → what is known of whoever has it
  const other = new Set(); // numbers that other trusts gave
  for (const name of readdirSync(join(here.root, 'raw')).filter((n) => n.endsWith('.txt'))) {
    const [head, ...lines] = readFileSync(join(here.root, 'raw', name), 'utf8').trim().split('\n').map((l) => l.split('|'));
    const column = (n) => head.indexOf(n);
    for (const f of lines.filter((l) => l.length === head.length && !l.join().includes('"'))) {
      const [trust, number, person, key] = ['PROCODE3', 'LOPATID', 'PSEUDO_HESID', 'EPIKEY'].map((n) => f[column(n)]);
      if (!number || !person || !key) continue;
      if (trust !== 'RTH') { other.add(number); continue; }
      const p = at.get(number) ?? { own: false, skin: false, whole: true };
      p.own ||= ['330', '257'].some((c) => c === f[column('MAINSPEF')] || c === f[column('TRETSPEF')]);
      p.skin ||= /^(C4[34]|L\d)/.test(f[column('DIAG_01')]); // so the episode is in the subset
      p.whole &&= f[column('EPISTAT')] === '3' && /^\d{4}-\d\d-\d\d$/.test(f[column('ADMIDATE')]) && f[column('ADMIDATE')] > '1900';
      at.set(number, p);
    }
  }
  const of = (is) => [...at].find(([, p]) => p.whole && is(p))?.[0];
  const found = { own: of((p) => p.own && p.skin), team: of((p) => !p.own && p.skin), elsewhere: [...other].find((n) => !at.has(n)) };
  for (const [kind, number] of Object.entries(found)) assert.match(number ?? '', /^SY\d{8}$/, `a patient: ${kind}`);
  return found;
}

// begin signs the clinician in for one of the two clinical agreements.
const begin = async (agreement, options) => {
  const opened = await here.open(options);
  const { page } = opened;
  await page.goto(here.url + '/sign-in');
  await page.fill('#name', 'clinician');
  await page.fill('#password', 'try-me-on-synthetic-data');
  await page.click('main button[type=submit]');
  await page.waitForURL(/\/purpose/);
  await here.choose(page, agreement);
  return opened;
};

const nowhere = async (page, number) => {
  const all = await page.evaluate(() => document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map((f) => f.value).join(' '));
  assert.ok(!all.includes(number) && !page.url().includes(number), 'the number is on the page or in its address');
};

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with-javascript' : 'without-javascript';
  // what is answered 404, 409 and 400 on purpose is told by the browser's console too
  const real = (wrong) => wrong.filter((w) => !/status of 4\d\d/.test(w));

  test(`find-by-number-${how}`, async () => {
    const { own, team, elsewhere } = patients();
    const { context, page, wrong } = await begin('DEMO-CLINIC', { javaScriptEnabled, width: 1366, height: 768 });
    await page.click('text=Find a patient by local number');
    await page.waitForURL(/\/patients\/find$/);
    assert.equal(await page.locator('text=Exception').count(), 0, 'the clinic has no exceptions');
    const find = async (number) => {
      await page.fill('#number', number);
      const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === 'POST'), page.click('text=Find among our patients')]);
      await page.waitForLoadState();
      return answer.status();
    };
    let said;
    for (const [what, number] of [['another team', team], ['another trust', elsewhere], ['nobody', 'SY99999999'], ['a wrong form', 'what?']]) {
      assert.equal(await find(number), 404, what);
      const says = await page.textContent('.error-summary');
      assert.match(says, /There is no such patient among yours/);
      assert.equal(says, said ??= says, `${what} is told in other words`);
      await nowhere(page, number);
      assert.match(await page.title(), /^Error: /);
    }
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await here.check(page, 'number-nobody'); }
    await page.setViewportSize({ width: 1366, height: 768 });
    assert.equal(await find('  '), 400);
    assert.match(await page.textContent('.error-summary'), /Give the number under which your hospital knows the patient/);
    for (const typed of [own, ` ${own.slice(0, 2)} ${own.slice(2, 6)} ${own.slice(6)} `, own.toLowerCase()]) {
      await page.goto(here.url + '/patients/find');
      assert.equal(await find(typed), 303);
      assert.match(path(page), /^\/patients\/[\w-]{22}$/);
      assert.ok(await page.locator('main table tbody tr').count() > 0, 'no episode is listed');
      assert.equal(await page.locator('text=Opened as an exception').count(), 0);
      await nowhere(page, own);
    }
    assert.deepEqual(real(wrong), []);
    await context.close();
  });

  test(`exception-${how}`, async () => {
    const { team, elsewhere } = patients();
    const reason = `Called to ward 7, the surgeons are in theatre, ${how}.`;
    const { context, page, wrong } = await begin('DEMO-ONCALL', { javaScriptEnabled, width: 1366, height: 768 });
    await page.goto(here.url + '/patients/find');
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await here.check(page, 'number-exception'); }
    await page.setViewportSize({ width: 1366, height: 768 });
    const ask = async (number, why) => {
      await page.fill('#exception-number', number);
      await page.fill('#reason', why);
      const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === 'POST'), page.click('text=Open this one patient')]);
      await page.waitForLoadState();
      return answer.status();
    };
    assert.equal(await ask(team, 'urgent'), 400);
    assert.match(await page.textContent('.error-summary'), /Say why, in 20 to 500 characters/);
    assert.equal(await ask(elsewhere, reason), 404);
    assert.match(await page.textContent('.error-summary'), /No patient of your trust has this number/);
    assert.equal(await page.inputValue('#reason'), reason, 'the reason is to be typed again');
    await nowhere(page, elsewhere);
    assert.equal(await ask(team, reason), 303);
    assert.match(await page.textContent('main'), /Opened as an exception until \d\d\/\d\d\/\d{4} \d\d:\d\d/);
    assert.ok(await page.locator('main table tbody tr').count() > 0, 'no episode is listed');
    await nowhere(page, team);
    const patient = page.url();
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await here.check(page, 'patient-exception'); }
    // whoever looks for the team's own patients does not find this one, and nobody else opens it
    await page.goto(here.url + '/patients/find');
    await page.fill('#number', team);
    await page.click('text=Find among our patients');
    assert.match(await page.textContent('.error-summary'), /There is no such patient among yours/);
    const clinic = await begin('DEMO-CLINIC', { javaScriptEnabled });
    assert.equal((await clinic.page.goto(patient)).status(), 404, 'opened for another purpose');
    await clinic.context.close();
    // the lead reads why, and marks it
    const lead = await here.open({ javaScriptEnabled });
    await here.signIn(lead.page, 'iglead');
    await lead.page.goto(here.url + '/oversight/exceptions');
    const waiting = lead.page.locator('tr', { hasText: reason });
    assert.equal(await waiting.count(), 2, 'the one that found nobody is reviewed too');
    assert.match(await waiting.last().textContent() + await waiting.first().textContent(), /Nobody was found/);
    for (let n = await lead.page.locator('text=Mark as reviewed').count(); n > 0; n--) {
      await lead.page.click('button:has-text("Mark as reviewed") >> nth=0');
      await lead.page.waitForLoadState();
      assert.equal(await lead.page.locator('button:has-text("Mark as reviewed")').count(), n - 1);
    }
    assert.match(await lead.page.textContent('main'), /None waits for a review/);
    await nowhere(lead.page, team);
    assert.deepEqual([...real(wrong), ...real(lead.wrong)], []);
    await lead.context.close();
    await context.close();
  });

  test(`a-page-of-another-purpose-refuses-in-place-${how}`, async () => {
    const { context, page, wrong } = await here.open({ javaScriptEnabled, width: 1366, height: 768 });
    await here.signIn(page, 'researcher');
    await page.goto(here.url + '/records?sex=1');
    const columns = await context.newPage(); // a form, opened before
    await columns.goto(here.url + '/records/columns?sex=1');
    const second = await context.newPage();
    await second.goto(here.url + '/purpose');
    await here.choose(second, 'DEMO-STUDY-2');
    assert.match(await second.textContent('body'), /DEMO-STUDY-2/);

    const words = /The purpose was changed in another window after this page was made, so this was not carried out/;
    const refused = async (on, act, where) => {
      await Promise.all([on.waitForResponse((r) => r.status() === 409), act()]);
      await on.waitForLoadState();
      await on.waitForSelector(`${where} >> text=The purpose was changed`);
      assert.match(await on.textContent(where), words);
      for (const way of ['Go on for the purpose that is chosen now', 'Choose another purpose']) assert.ok(await on.isVisible(`${where} a:has-text("${way}")`), way);
    };
    // a form that is sent is answered with a page that says so; nothing is kept
    await columns.locator('input[name=column]:not(:checked)').first().check();
    await refused(columns, () => columns.click('text=Show these columns'), 'main');
    if (!javaScriptEnabled) {
      // without a script every click opens a page, of the purpose that is chosen by now and says so
      await page.check('#fac-sex input[value="2"]');
      await page.click('.apply button');
      assert.match(await page.textContent('.mast, header, body'), /DEMO-STUDY-2/);
    } else {
      const before = await page.textContent('.grid tbody');
      await refused(page, () => page.check('#fac-sex input[value="2"]'), '#trouble');
      assert.equal(page.url(), here.url + '/records?sex=1', 'the address has moved');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'trouble', 'the words have the focus');
      assert.equal(await page.isVisible('.grid'), false, 'what was shown for the other purpose stands beside the refusal');
      assert.ok(before.length > 0);
      for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await here.check(page, 'purpose-switched'); }
      await page.click('#trouble a:has-text("Go on for the purpose that is chosen now")');
      await page.waitForLoadState();
      assert.match(await page.textContent('body'), /DEMO-STUDY-2/);
      assert.ok(await page.isVisible('.grid'));
    }
    assert.deepEqual(real(wrong), []);
    await context.close();
  });
}
