// Links marked data-nav and the filter form replace only #app; the URL that the
// server says goes into the history.
import { Idiomorph } from 'idiomorph';

type Policy = { createHTML(s: string): string };
declare global {
  interface Window { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }
}
const policy: Policy = window.trustedTypes?.createPolicy('hes', { createHTML: (s) => s }) ?? { createHTML: (s) => s };
export const find = <T extends Element>(selector: string, from: ParentNode = document) => from.querySelector<T>(selector);
// parse makes a document of what the server sent.
export const parse = (html: string) => new DOMParser().parseFromString(policy.createHTML(html) as string, 'text/html');
const count = (app: HTMLElement) => Number((app.dataset.total ?? '').replace(/\D/g, ''));

const here = () => location.pathname + location.search;

let under: AbortController | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;
let depth = 0;
let showing = here(); // the address of what #app shows, or will when Back is done

// stop forgets what is under way: a newer wish, or a new page, takes its place.
function stop(): void {
  clearTimeout(waiting);
  under?.abort();
}

// go fetches the explorer's part of a page and morphs it in, which keeps focus,
// scroll positions and open panels.
export async function go(url: string, push: boolean): Promise<void> {
  stop();
  const mine = (under = new AbortController());
  const app = find<HTMLElement>('#app');
  if (!app) { location.href = url; return; }
  if (!push) showing = url;
  const slow = setTimeout(() => app.setAttribute('aria-busy', 'true'), 120);
  try {
    const response = await fetch(url, { headers: { 'X-Part': 'app' }, signal: mine.signal, credentials: 'same-origin' });
    if (!response.ok || response.redirected) { location.href = url; return; }
    const html = await response.text();
    const next = parse(html).getElementById('app');
    if (!next || mine.signal.aborted) { if (!next) location.href = url; return; }
    const before = count(app);
    const typing = document.activeElement?.matches('input:not([type=checkbox]):not([type=radio])') ?? false;
    Idiomorph.morph(app, next, {
      morphStyle: 'outerHTML',
      ignoreActiveValue: typing,
      callbacks: {
        // what the person opened stays open
        beforeAttributeUpdated: (name: string, el: Element) => !(name === 'open' && el.tagName === 'DETAILS') && !(name === 'class' && el.matches('.side')) && !(name === 'aria-expanded'),
      },
    });
    const shown = find<HTMLElement>('#app')!;
    shown.removeAttribute('aria-busy');
    const canonical = response.headers.get('X-Canonical') ?? url;
    if (push && canonical !== here()) history.pushState({ depth: ++depth }, '', canonical);
    showing = here();
    document.title = shown.dataset.title ?? document.title;
    const live = find('#live');
    if (live) {
      const now = count(shown), change = Math.abs(now - before).toLocaleString('en-GB');
      live.textContent = `${shown.dataset.total} ${shown.dataset.unit}` + (now < before ? `, ${change} fewer` : now > before ? `, ${change} more` : '');
    }
  } catch (e) {
    if (!mine.signal.aborted) location.href = url; // the browser says what is wrong
    else if (under === mine) app.removeAttribute('aria-busy');
  } finally {
    clearTimeout(slow);
  }
}

const address = (form: HTMLFormElement) => {
  const out = new URLSearchParams();
  for (const [key, value] of new FormData(form)) if (typeof value === 'string' && value !== '') out.append(key, value);
  return form.getAttribute('action') + '?' + out.toString();
};

document.addEventListener('click', (e) => {
  if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || !(e.target instanceof Element)) return;
  const link = e.target.closest<HTMLAnchorElement>('a[data-nav]');
  if (link) {
    e.preventDefault();
    void go(link.getAttribute('href')!, true).then(() => { if ('next' in link.dataset || 'prev' in link.dataset) find('.scroll')?.scrollTo(0, 0); });
    return;
  }
  const button = e.target.closest('[data-filters]');
  if (button) {
    const open = find('.side')!.classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
    return;
  }
  const row = e.target.closest('.grid tbody tr');
  if (row && !e.target.closest('a, button') && !String(getSelection())) { find<HTMLAnchorElement>('a', row)?.click(); return; }
  for (const d of document.querySelectorAll<HTMLDetailsElement>('details.menu[open], details.user[open]')) if (!d.contains(e.target)) d.open = false;
});

document.addEventListener('change', (e) => {
  const field = e.target as HTMLInputElement;
  const form = field.form;
  if (form?.id !== 'f' || !field.name) return;
  // Every question is written to the access record, so typing waits for the
  // Enter or the tick that often follows, and both are asked as one.
  clearTimeout(waiting);
  if (field.matches('[type=checkbox], [type=radio], select')) void go(address(form), true);
  else waiting = setTimeout(() => void go(address(form), true), 400);
});
document.addEventListener('submit', (e) => {
  const form = e.target as HTMLFormElement;
  if (form.id === 'f' || 'nav' in form.dataset) { e.preventDefault(); void go(address(form), true); }
});
addEventListener('popstate', (e) => {
  depth = (e.state as { depth?: number } | null)?.depth ?? 0;
  if (find('#app') && here() !== showing) void go(here(), false); // not for the skip link's #main
});
addEventListener('beforeunload', stop);


history.replaceState({ depth: 0 }, '');

// undo takes the last change back, if it was made on this page.
export const undo = () => { if (depth > 0) history.back(); };
