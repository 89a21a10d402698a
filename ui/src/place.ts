// Where a person is in what scrolls, and on which row. The history keeps it with
// each address, so that Back gives the place as well as the list; also where Back
// loads a whole page, as from a patient's page, of which the browser itself brings
// back only how far the window was scrolled.
type Place = { panes: [number, number][]; window: number; row?: string };
const panes = () => [...document.querySelectorAll<HTMLElement>('.side, .res > .scroll')];
const rows = '.grid tbody a';

// keep notes the place with the address that is shown. While Back is fetching an
// earlier list, the address is not that of what is shown.
export function keep(): void {
  const shown = document.querySelector<HTMLElement>('#app')?.dataset.url;
  if (shown !== (history.state?.list ?? location.pathname + location.search)) return;
  const row = document.activeElement?.closest(rows)?.getAttribute('href');
  const at: Place = { panes: panes().map((p) => [p.scrollLeft, p.scrollTop]), window: scrollY, ...(row ? { row } : {}) };
  history.replaceState({ ...history.state, at }, '');
  sessionStorage.setItem('list', JSON.stringify({ url: shown, at }));
}

// restore goes back to the place that was noted.
export function restore(at = (history.state as { at?: Place } | null)?.at): void {
  if (!at) return;
  // first, as what gets the focus comes out from under the headings
  if (at.row && document.activeElement === document.body) [...document.querySelectorAll<HTMLElement>(rows)].find((a) => a.getAttribute('href') === at.row)?.focus({ preventScroll: true });
  for (const [i, pane] of panes().entries()) if (at.panes[i]) pane.scrollTo(...at.panes[i]);
  scrollTo(scrollX, at.window);
}

// first is what the list begins with: another list is shown from its top.
export const first = () => document.querySelector(rows)?.getAttribute('href')?.split('?')[0];

// The headings and the first column of a table stay in view over the rest: what
// gets the focus comes out from under them.
document.addEventListener('focusin', (e) => {
  const at = e.target as Element, cell = at.closest('.grid :is(td, th)'), pane = cell?.closest('.scroll'), fixed = cell?.parentElement!.firstElementChild, head = cell?.closest('table')!.tHead;
  if (!cell || !pane || !fixed || getComputedStyle(fixed).position !== 'sticky') return;
  const box = at.getBoundingClientRect(), room = 8;
  const left = cell === fixed ? 0 : fixed.getBoundingClientRect().right + room - box.left;
  const top = !head || head.contains(cell) ? 0 : head.getBoundingClientRect().bottom + room - box.top;
  if (left > 0 || top > 0) pane.scrollBy(-Math.max(0, left), -Math.max(0, top));
});

// A link back to a list goes to where the list was left; that is no step back in
// the history, so the window itself remembers the last one.
document.addEventListener('click', (e) => { if ((e.target as Element).closest('.crumb a')) sessionStorage.setItem('back', 'yes'); });
function left(): Place | undefined {
  const back = sessionStorage.getItem('back');
  sessionStorage.removeItem('back');
  const last = JSON.parse(sessionStorage.getItem('list') ?? '{}') as { url?: string; at?: Place };
  return back && last.url === location.pathname + location.search ? last.at : undefined;
}

// begin goes to the place once the page looks as it does with a script, and
// follows it from there.
export function begin(): void {
  if (!document.querySelector('#app')) return;
  let soon: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('scroll', () => { clearTimeout(soon); soon = setTimeout(keep, 150); }, true);
  // before what is clicked leads away; a filter that is ticked is noted when its answer is there
  document.addEventListener('click', (e) => { if ((e.target as Element).closest('a, button, tr')) keep(); }, true);
  const back = left();
  restore(history.state?.at ?? back);
}
