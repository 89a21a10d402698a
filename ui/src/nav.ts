// Links marked data-nav and the filter form replace only #app; the URL that the
// server says goes into the history.
import { Idiomorph } from 'idiomorph';
import { carried, names, stale } from './open';
import { first, keep, restore } from './place';
import { trouble, unreachable, wait } from './wait';

type Policy = { createHTML(s: string): string };
declare global {
  interface Window { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }
}
const policy: Policy = window.trustedTypes?.createPolicy('hes', { createHTML: (s) => s }) ?? { createHTML: (s) => s };
export const find = <T extends Element>(selector: string, from: ParentNode = document) => from.querySelector<T>(selector);
// parse makes a document of what the server sent.
export const parse = (html: string) => new DOMParser().parseFromString(policy.createHTML(html) as string, 'text/html');
const count = (app: HTMLElement) => Number((app.dataset.total ?? '').replace(/\D/g, ''));

export const here = () => location.pathname + location.search;

// State is what the history keeps of an address: how many changes lead to it,
// and for a record beside a list the list and the steps back to it.
export type State = { depth: number; list?: string; over?: number };
export const state = () => (history.state ?? { depth: 0 }) as State;

let under: AbortController | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;
const loaded = here();
let showing = state().list ?? loaded; // the address of what #app shows, or will when Back is done

// list is the address of the list that is shown.
export const list = () => showing;

// stop forgets what is under way: a newer wish, or a new page, takes its place.
function stop(): void {
  clearTimeout(waiting);
  under?.abort();
}

// morph makes one element into another and leaves alone what the person does
// just now: what is being typed, menus that are open, the filters on a phone, and
// parts of the panel that were opened or closed since the other was asked for,
// when those in open were. What had the focus may be gone: then it goes to what
// stood over it, the code's category, the part of the panel, or the results.
export function morph(old: Element, next: Element, open?: string[]): void {
  const turned = (fac: HTMLDetailsElement) => stale(fac) || (open !== undefined && open.includes(fac.dataset.key!) !== fac.open);
  const was = document.activeElement;
  const over = [was?.closest('.kids')?.previousElementSibling?.querySelector('input')?.id, was?.closest('.fac')?.id].map((id) => id && document.getElementById(id));
  const inside = was !== null && old.contains(was);
  Idiomorph.morph(old, next, {
    morphStyle: 'outerHTML',
    ignoreActiveValue: document.activeElement?.matches('input:not([type=checkbox]):not([type=radio])') ?? false,
    callbacks: {
      beforeAttributeUpdated: (name: string, el: Element) => !(name === 'open' && el instanceof HTMLDetailsElement && (!el.matches('.fac') || turned(el))) && !(name === 'class' && el.matches('.side')) && !(name === 'aria-expanded' && !el.matches('[data-turn]')),
    },
  });
  if (!inside || document.activeElement !== document.body) return;
  const upper = over.find((e) => e && e.isConnected);
  (upper?.matches('.fac') ? find<HTMLElement>('summary', upper) : upper ?? find<HTMLElement>('#main'))?.focus({ preventScroll: true });
}

// headers name the part that is asked for, and the purpose that the page was made
// for: another window may have chosen another one since.
export const headers = (part: string): Record<string, string> => ({ 'X-Part': part, 'X-Purpose': document.body.dataset.purpose ?? '' });

// part fetches a part of a page. Where there is none, it shows what the server
// says instead, in the place of the results or as a page; somebody whose session
// is over goes to sign in and comes back.
export async function part(url: string, name: string, id: string, signal: AbortSignal): Promise<{ element: HTMLElement; canonical: string } | undefined> {
  try {
    const response = await fetch(url, { headers: headers(name), signal, credentials: 'same-origin' });
    const page = parse(await response.text());
    if (signal.aborted) return;
    const element = response.ok && !response.redirected ? page.getElementById(id) : null;
    if (element) return { element, canonical: response.headers.get('X-Canonical') ?? url };
    const over = response.status === 403 || response.status === 409; // a page of it would say no more
    const says = response.status === 401 || (name !== 'app' && !over) ? null : page.getElementById('trouble');
    if (says) { trouble(says); return; }
  } catch {
    if (!signal.aborted) unreachable(name === 'app' ? url : '');
    return;
  }
  location.href = url; // to sign in, or to whatever else the server sends
}

// rename notes another address for what is shown, without a step in the history:
// under a record that lies over the list, for the list.
export function rename(url: string): void {
  if (state().list) history.replaceState({ ...state(), list: url }, '');
  else history.replaceState(history.state, '', url);
  showing = url;
  const app = find<HTMLElement>('#app'), open = find<HTMLInputElement>('#f input[name=open]');
  if (app) app.dataset.url = url;
  open?.setAttribute('value', new URL(url, location.origin).searchParams.get('open') ?? '');
  for (const back of document.querySelectorAll('#app input[name=return]')) back.setAttribute('value', url);
}

// go fetches the explorer's part of a page and morphs it in, which keeps focus,
// scroll positions and open panels.
export async function go(url: string, push: boolean): Promise<void> {
  stop();
  const mine = (under = new AbortController());
  const app = find<HTMLElement>('#app');
  if (!app) { location.href = url; return; }
  const earlier = showing;
  if (push) {
    document.dispatchEvent(new Event('leaving'));
    url = carried(url);
  } else showing = url;
  const open = names();
  const done = wait(app, () => {
    mine.abort();
    if (!push) history.pushState({ depth: state().depth }, '', (showing = earlier)); // Back has moved the address already
    find<HTMLFormElement>('#f')?.reset();
    document.dispatchEvent(new Event('shown'));
  });
  const got = await part(url, 'app', 'app', mine.signal);
  if (under === mine) done();
  if (!got) return;
  const before = count(app), began = first();
  if (push) keep();
  morph(app, got.element, open);
  const shown = find<HTMLElement>('#app')!;
  if (push && got.canonical !== here()) history.pushState({ depth: state().depth + 1 }, '', got.canonical);
  showing = push ? got.canonical : url;
  if (!push) restore();
  else if (first() !== began) find('.res > .scroll:not(.chs)')?.scrollTo(0, 0);
  document.title = shown.dataset.title ?? document.title;
  undoable();
  document.dispatchEvent(new Event('shown'));
  const live = find('#live');
  if (live) {
    const now = count(shown), change = Math.abs(now - before).toLocaleString('en-GB');
    live.textContent = `${shown.dataset.total} ${shown.dataset.unit}` + (now < before ? `, ${change} fewer` : now > before ? `, ${change} more` : '');
  }
}

// top shows a new page of rows from its first. Focus stays on the link that was
// used, for the next page; a key that was used brings it to the first row.
function top(link: HTMLElement): void {
  find('.scroll')?.scrollTo(0, 0);
  const results = find('.res');
  if (results && results.getBoundingClientRect().top < 0) results.scrollIntoView();
  if (document.activeElement !== link) find<HTMLElement>('.grid tbody a')?.focus({ preventScroll: true });
}

// address is where a form leads; the filters of change, if there is one, take
// the place of the form's own.
export const address = (form: HTMLFormElement, button?: HTMLElement | null, change: Record<string, string> = {}): string => {
  const out = new URLSearchParams();
  for (const [key, value] of new FormData(form, button)) {
    if (typeof value === 'string' && value !== '' && !Object.keys(change).some((k) => key === k || key === k + '_from' || key === k + '_to')) out.append(key, value);
  }
  for (const [key, value] of Object.entries(change)) if (value) out.append(key, value);
  return form.getAttribute('action') + '?' + out.toString();
};

document.addEventListener('click', (e) => {
  if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || !(e.target instanceof Element)) return;
  const link = e.target.closest<HTMLAnchorElement>('a[data-nav]');
  if (link) {
    e.preventDefault();
    const paging = 'next' in link.dataset || 'prev' in link.dataset;
    void go(link.getAttribute('href')!, true).then(() => { if (paging) top(link); });
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
  if (field.name === 'not' && !find(':is(.opt, .kids) :checked', field.closest('fieldset')!) && ![...field.closest('fieldset')!.querySelectorAll<HTMLInputElement>('.span input, .typed input')].some((i) => i.value)) return; // nothing is chosen yet
  // Every question is written to the access record, so typing waits for the
  // Enter or the tick that often follows, and both are asked as one.
  clearTimeout(waiting);
  if (field.matches('[type=checkbox], [type=radio], select')) void go(address(form), true);
  else waiting = setTimeout(() => void go(address(form), true), 400);
});
document.addEventListener('submit', (e) => {
  const form = e.target as HTMLFormElement;
  if (form.id === 'f' || 'nav' in form.dataset) { e.preventDefault(); void go(address(form, e.submitter), true); }
});
addEventListener('popstate', () => {
  if (!find('#app')) {
    if (here() !== loaded) location.reload(); // a list that was left by reloading a record beside it
    return;
  }
  undoable();
  const wanted = state().list ?? here();
  if (wanted !== showing) void go(wanted, false);
});
addEventListener('beforeunload', stop);

// undoable shows the button while there is a change to take back.
function undoable(): void {
  const button = find<HTMLElement>('[data-undo]');
  if (!button) return;
  if (state().depth === 0 && document.activeElement === button) find<HTMLElement>('#main')?.focus();
  button.hidden = state().depth === 0;
}

// undo takes the last change back, if it was made on this page.
export const undo = () => { if (state().depth > 0 || state().over) history.back(); };

document.addEventListener('click', (e) => {
  const target = e.target as Element;
  if (target.closest('[data-undo]')) undo();
  if (target.closest('.skip')) { e.preventDefault(); find<HTMLElement>('#main')?.focus(); } // without a step in the history
});
history.replaceState(state(), '');
undoable();
