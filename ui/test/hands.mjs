// Two ways to use the pages: by keys alone, as somebody does who has no mouse,
// and by clicks where there is no script. Both are told what to use by a locator,
// so that a journey is written once.
import assert from 'node:assert/strict';

// settled waits until what is shown is what the address says.
export const settled = (page) => page.waitForFunction(() => document.readyState === 'complete' && (!document.querySelector('#app') || (!document.querySelector('[aria-busy]') && [location.pathname + location.search, undefined].includes(history.state?.list ?? document.querySelector('#app').dataset.url))));

// trouble says what is wrong with the place of the focus: it must be marked, in
// the window, and under nothing.
const trouble = (page) => page.evaluate(() => {
  const a = document.activeElement, box = a.getBoundingClientRect();
  if (a === document.body) return 'nothing has the focus';
  const shown = box.width <= 1 || box.height <= 1 ? a.labels?.[0] ?? a : a; // of a box that is drawn by its label
  const r = shown.getBoundingClientRect(), name = (a.getAttribute('aria-label') ?? a.textContent ?? '').trim().slice(0, 40) || a.name || a.id;
  if (!a.matches(':focus-visible')) return `the focus on “${name}” is not marked`;
  if (a.type !== 'range' && ![a, shown].some((e) => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; }) && !a.closest('label:has(:focus-visible)')) return `the focus on “${name}” has no outline`;
  const x = Math.max(r.left, 0) / 2 + Math.min(r.right, innerWidth) / 2, y = Math.max(r.top, 0) / 2 + Math.min(r.bottom, innerHeight) / 2;
  if (r.right <= 0 || r.bottom <= 0 || r.left >= innerWidth || r.top >= innerHeight) return `the focus on “${name}” is out of the window`;
  const over = document.elementFromPoint(x, y);
  const own = !over || shown.contains(over) || over.contains(shown) || over.closest('label')?.control === a || (a.closest('svg') && a.closest('svg') === over.closest('svg')) || (a.type === 'range' && over.type === 'range');
  return own ? '' : `the focus on “${name}” is under ${over.outerHTML.slice(0, 80)}`;
});

// keys are the hands that have no mouse.
export function keys(page) {
  const visible = async () => assert.equal(await trouble(page), '');
  const has = (locator) => locator.evaluateAll((all) => all.includes(document.activeElement));
  const to = async (locator, { most = 80, back = false } = {}) => {
    if (await has(locator)) return visible();
    for (let n = 0; n < most; n++) {
      await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
      if (await page.evaluate(() => document.activeElement !== document.body)) await visible();
      if (await has(locator)) return;
    }
    assert.fail(`${locator} is not reached with ${most} times Tab`);
  };
  const moved = async (act) => { const was = page.url(); await act(); await page.waitForURL((u) => u.href !== was); await settled(page); };
  return {
    script: true,
    visible,
    to,
    has,
    moved,
    press: async (locator, how) => { await to(locator, how); await moved(() => page.keyboard.press('Enter')); },
    tick: async (locator, how) => { await to(locator, how); await moved(() => page.keyboard.press('Space')); },
    mark: async (locator, how) => { await to(locator, how); await page.keyboard.press('Space'); }, // of a form that is sent later
    type: async (locator, text, how) => { await to(locator, how); await page.keyboard.press('Control+A'); await page.keyboard.type(text); },
    choose: async (locator, text, how) => { await to(locator, how); await page.keyboard.type(text); assert.equal(await locator.evaluate((s) => s.selectedOptions[0].textContent.trim()), text); },
    unfold: async (locator, how) => { await to(locator, how); await page.keyboard.press('Enter'); },
    send: () => moved(() => page.keyboard.press('Enter')),
  };
}

// clicks are the hands for pages without a script.
export function clicks(page) {
  const moved = async (act) => { const was = page.url(); await act(); await page.waitForURL((u) => u.href !== was); };
  const apply = () => moved(() => page.click('.apply button'));
  return {
    script: false,
    visible: async () => {},
    moved,
    press: (locator) => moved(() => locator.first().click()),
    tick: async (locator) => { await locator.first().click(); await apply(); },
    mark: (locator) => locator.first().click(),
    type: (locator, text) => locator.first().fill(text),
    choose: (locator, text) => locator.selectOption({ label: text }),
    unfold: (locator) => locator.first().click(),
    send: apply,
  };
}
