// Signing in as a real person does: an authenticator app, recovery codes, and
// passkeys with the browser's own virtual authenticator, under the page's policy.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { site, sizes } from './site.mjs';

const s = site({ patients: 400, first: 2008, last: 2008 });
const secretWords = 'tulips under the bridge';

// add makes an account that is no demo account.
function add(name, role) {
  const r = spawnSync(new URL('../../bin/webenable', import.meta.url).pathname, ['user', 'add', '--data', s.dir, name, '--display', 'Ann Archer', '--role', role, '--password-stdin'], { input: secretWords, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
}

async function password(page, name, at = '/sign-in') {
  await page.goto(s.url + at);
  await page.fill('#name', name);
  await page.fill('#password', secretWords);
  await page.click('main form[action="/sign-in"] button');
  await page.waitForLoadState();
}

// code is what an app shows for a secret (RFC 6238).
function code(text) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text.replaceAll(' ', '')].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('');
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(count).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

const path = (page) => new URL(page.url()).pathname;

for (const javaScriptEnabled of [true, false]) {
  test(`an app and a recovery code, ${javaScriptEnabled ? 'with' : 'without'} a script`, async () => {
    const name = javaScriptEnabled ? 'ann' : 'bea';
    add(name, 'researcher');
    const { context, page, wrong } = await s.open({ javaScriptEnabled });
    await password(page, name, '/records?sex=1');
    assert.equal(path(page), '/account/second-factor');
    if (!javaScriptEnabled) assert.equal(await page.isVisible('text=Passkeys need JavaScript'), true);
    await page.click('text=Set up an app');
    assert.equal(path(page), '/account/app');
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await s.check(page, 'second-factor-app'); }
    await page.fill('#code', code(await page.textContent('.secret')));
    await page.click('text=Add the app');
    const codes = await page.locator('.codes code').allTextContents();
    assert.equal(codes.length, 10);
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await s.check(page, 'recovery-codes'); }
    await page.click('text=I have kept them');
    assert.equal(path(page), '/purpose');
    await page.goto(s.url + '/account');
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await s.check(page, 'account-told'); }
    await context.clearCookies();
    await password(page, name);
    assert.equal(path(page), '/second-factor');
    if (javaScriptEnabled) for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await s.check(page, 'second-factor-asked'); }
    await page.fill('#code', codes[4].toUpperCase());
    await page.click('main button[type=submit]');
    assert.equal(path(page), '/purpose');
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test('a link chooses a password once, and the second factor comes next', async () => {
  const lead = await s.open();
  await s.signIn(lead.page, 'iglead');
  await lead.page.goto(s.url + '/oversight/add-person');
  await lead.page.getByLabel('The person’s name').fill('Dee Dale');
  await lead.page.getByLabel('Account name').fill('dee');
  await lead.page.getByLabel('Study team', { exact: true }).check();
  await lead.page.click('text=Add the account');
  for (const [width, height] of sizes) { await lead.page.setViewportSize({ width, height }); await s.check(lead.page, 'link-handed-over'); }
  const link = new URL(await lead.page.textContent('.once code')).pathname;
  await lead.page.goto(s.url + '/oversight/people/dee');
  assert.match(await lead.page.textContent('main'), /Not chosen yet/);
  const { context, page, wrong } = await s.open({ javaScriptEnabled: false });
  await page.goto(s.url + link);
  await page.fill('#password', secretWords);
  await page.fill('#again', 'something else');
  await page.click('main button[type=submit]');
  assert.equal(path(page), '/sign-in/link', 'the secret is in no address any more');
  assert.match(await page.textContent('.error-summary'), /not the same/);
  const scripted = await s.open();
  await scripted.page.goto(s.url + link);
  for (const [width, height] of sizes) { await scripted.page.setViewportSize({ width, height }); await s.check(scripted.page, 'password-chosen'); }
  await page.fill('#password', secretWords);
  await page.fill('#again', secretWords);
  await page.click('main button[type=submit]');
  assert.equal(path(page), '/account/second-factor');
  await scripted.page.fill('#password', secretWords);
  await scripted.page.fill('#again', secretWords);
  await scripted.page.click('main button[type=submit]');
  await scripted.page.waitForSelector('text=This link does not work any more');
  // one’s own page changes it, and says so
  await page.goto(s.url + '/account');
  await page.click('text=Change password');
  assert.equal(path(page), '/account/second-factor', 'a second factor is owed first');
  assert.deepEqual(lead.wrong, []);
  assert.equal(wrong.length, 1, 'what was typed wrong is a 400, and nothing else goes wrong');
  for (const w of [lead.context, context, scripted.context]) await w.close();
});

test('a passkey is added, given as a second factor, and signs in by itself', async () => {
  add('cat', 'researcher');
  const here = s.url;
  s.url = here.replace('127.0.0.1', 'localhost'); // browsers know no passkeys of a bare address
  const { context, page, wrong } = await s.open();
  const tool = await context.newCDPSession(page);
  await tool.send('WebAuthn.enable');
  const { authenticatorId } = await tool.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  await password(page, 'cat', '/records?sex=1');
  await page.fill('#name', 'Work laptop');
  await page.click('text=Add a passkey');
  await page.waitForSelector('.codes');
  assert.equal((await tool.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length, 1);
  await page.goto(s.url + '/account/second-factor');
  assert.match(await page.textContent('.devices'), /Work laptop/);
  for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await s.check(page, 'second-factor-passkey'); }
  // the same device has one already
  await page.click('text=Add a passkey');
  await page.waitForSelector('.passkey .wrong:not(:empty)');
  assert.match(await page.textContent('.passkey .wrong'), /has a passkey for your account already/);
  await context.clearCookies();
  await password(page, 'cat', '/records?sex=1');
  assert.equal(path(page), '/second-factor');
  await page.click('text=Use a passkey');
  await page.waitForURL(/\/purpose/);
  await context.clearCookies();
  await page.goto(s.url + '/sign-in?next=%2Faccount');
  for (const [width, height] of sizes) { await page.setViewportSize({ width, height }); await s.check(page, 'sign-in-passkey'); }
  await page.click('text=Sign in with a passkey');
  await page.waitForURL(/\/account/);
  assert.match(await page.textContent('h1'), /Your account/);
  // whoever does not unlock it gets nowhere, and is told so
  await context.clearCookies();
  await tool.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.goto(s.url + '/sign-in');
  await page.click('text=Sign in with a passkey');
  await page.waitForSelector('.passkey .wrong:not(:empty)');
  assert.equal(path(page), '/sign-in');
  assert.deepEqual(wrong, []);
  await context.close();
  s.url = here;
});
