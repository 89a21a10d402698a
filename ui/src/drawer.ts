// The record beside the list that it was opened from. Its address is the
// record's own, so Back closes it, a reload shows the whole page and the link can
// be copied. Records are fetched when they are wanted and never ahead: each is
// written to the access record.
import { find, here, list, part, state, type State } from './nav';

const drawer = () => find<HTMLElement>('#drawer');
const narrow = matchMedia('(max-width: 860px)');
const path = (url: string) => new URL(url, location.href).pathname;
const inList = '.grid a[data-row][href^="/records/"]'; // the rows of patients have pages of their own
const rows = () => [...document.querySelectorAll<HTMLAnchorElement>(inList)];

let under: AbortController | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;
let wanted = ''; // the address of the record that is open, or will be
let opened = ''; // of the one that was opened from the list

function stop(): void {
  clearTimeout(waiting);
  under?.abort();
}

// mark shows in the list which row is open.
function mark(): void {
  for (const link of rows()) {
    const row = link.closest('tr')!;
    if (wanted && path(link.href) === path(wanted)) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
  }
}

// cover keeps what a full-screen drawer hides out of reach.
function cover(): void {
  const open = drawer();
  for (const el of document.body.children) if (el instanceof HTMLElement && el !== open) el.inert = narrow.matches && open !== null;
}

// show opens a record, or puts it in the place of the one that is open. same
// finds, in the new drawer, what was used in the old one.
async function show(url: string, how: 'push' | 'replace' | 'stay', same = ''): Promise<void> {
  stop();
  const mine = (under = new AbortController());
  wanted = url;
  mark();
  const got = await part(url, 'drawer', 'drawer', mine.signal);
  if (!got) return;
  const old = drawer();
  if (old) old.replaceWith(got.element);
  else document.body.append(got.element);
  cover();
  const now: State = { depth: state().depth, list: list(), over: (state().over ?? 0) + (how === 'push' ? 1 : 0) };
  if (how === 'push') history.pushState(now, '', url);
  if (how === 'replace') history.replaceState(now, '', url);
  title();
  const others = find('.others', got.element), this_ = find<HTMLElement>('[aria-current]', got.element);
  if (others && this_) others.scrollTop = this_.offsetTop - others.clientHeight / 2;
  (find<HTMLElement>(same || 'h2', got.element) ?? find<HTMLElement>('h2', got.element))?.focus();
}

function title(): void {
  document.title = drawer()?.dataset.title ?? find<HTMLElement>('#app')?.dataset.title ?? document.title;
}

// shut takes the drawer away; focus that was in it goes to its row.
function shut(): void {
  stop();
  const open = drawer(), at = document.activeElement;
  const inside = open?.contains(at) || at === document.body;
  const link = rows().find((a) => path(a.href) === path(wanted)) ?? rows().find((a) => path(a.href) === path(opened));
  wanted = '';
  mark();
  if (!open) return;
  open.remove();
  cover();
  title();
  if (inside) (link ?? find<HTMLElement>('#main'))?.focus();
}

// close goes back to the list.
export function close(): void {
  const over = (drawer() && state().over) || 0;
  shut();
  if (over) history.go(-over);
}

// step opens the next or the previous record, if one is open or this is a
// record's page, or a patient's. It waits a moment: who goes on at once never sees this one.
export function step(by: 1 | -1): boolean {
  const sign = by > 0 ? '[data-next-record]' : '[data-previous-record]';
  const open = drawer();
  if (!open) {
    const link = find<HTMLElement>(`:is(.rcd--page, .pat) ${sign}`);
    link?.click();
    return link !== null;
  }
  const all = rows(), at = all.findIndex((a) => path(a.href) === path(wanted));
  const row = at < 0 ? undefined : all[at + by];
  const shown = path(wanted) === path(here());
  const url = row?.getAttribute('href') ?? (shown ? find(sign, open)?.getAttribute('href') : null);
  if (!url) return true;
  stop();
  wanted = url;
  mark();
  row?.scrollIntoView({ block: 'nearest' });
  waiting = setTimeout(() => void show(url, 'replace'), 150);
  return true;
}

document.addEventListener('click', (e) => {
  if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || !(e.target instanceof Element) || !find('#app')) return;
  if (e.target.closest('[data-close-record]')) { close(); return; }
  const link = e.target.closest<HTMLAnchorElement>(`${inList}, #drawer :is([data-previous-record], [data-next-record], [data-other-record])`);
  if (!link) return;
  e.preventDefault();
  const url = link.getAttribute('href')!;
  if (link.matches('[data-row]')) {
    opened = url;
    void show(url, drawer() ? 'replace' : 'push');
  } else if (link.matches('[data-other-record]')) void show(url, 'push');
  else void show(url, 'replace', link.matches('[data-next-record]') ? '[data-next-record]' : '[data-previous-record]');
});

addEventListener('popstate', () => {
  if (!find('#app')) return;
  if (state().list) void show(here(), 'stay');
  else shut();
});
document.addEventListener('leaving', shut);
document.addEventListener('shown', () => { mark(); title(); });
narrow.addEventListener('change', cover);
