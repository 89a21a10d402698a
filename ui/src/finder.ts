// The box that finds a code or filter: what is typed is asked of the server,
// which answers with a list; arrow keys choose in it, Enter takes, Escape closes.
import { find, headers, parse } from './nav';

const wait = 120; // ms after the last key
const long = 1000; // characters that still go into an address

let asking: AbortController | undefined;
let soon: ReturnType<typeof setTimeout> | undefined;
let take = false; // Enter came before the answer

const box = () => find<HTMLInputElement>('#finder #find'); // other pages have a box that only searches them
const options = () => [...document.querySelectorAll<HTMLElement>('#found [role=option]')];
const say = (text: string) => { const live = find('#live'); if (live) live.textContent = text; };

function close(): void {
  clearTimeout(soon);
  asking?.abort();
  take = false;
  find('#found')?.remove();
  const input = box();
  input?.setAttribute('aria-expanded', 'false');
  input?.removeAttribute('aria-activedescendant');
}

function choose(at: number): void {
  const all = options();
  const to = all[(at + all.length) % all.length];
  for (const o of all) o.setAttribute('aria-selected', String(o === to));
  if (!to) return;
  box()?.setAttribute('aria-activedescendant', to.id);
  to.scrollIntoView({ block: 'nearest' });
}
const chosen = () => options().findIndex((o) => o.getAttribute('aria-selected') === 'true');

// ask fetches the list for what is in the box. A list that is too long for an
// address is posted.
async function ask(): Promise<void> {
  const input = box();
  const form = input?.form;
  if (!input || !form) return;
  if (input.value.trim() === '') { close(); return; }
  asking?.abort();
  const mine = (asking = new AbortController());
  const fields = new URLSearchParams();
  for (const [key, value] of new FormData(form)) if (typeof value === 'string') fields.append(key, value);
  const action = form.getAttribute('action')!;
  const how = { headers: headers('list'), signal: mine.signal, credentials: 'same-origin' as const };
  try {
    const response = await (input.value.length > long ? fetch(action, { ...how, method: 'POST', body: fields }) : fetch(action + '?' + fields.toString(), how));
    const list = response.ok && !response.redirected ? parse(await response.text()).getElementById('found') : null;
    if (mine.signal.aborted) return;
    find('#found')?.remove();
    if (!list) { form.submit(); return; } // the page says what is wrong
    form.append(list);
    input.setAttribute('aria-expanded', 'true');
    choose(0);
    say(list.dataset.says ?? '');
    if (take) open();
  } catch {
    if (!mine.signal.aborted) form.submit();
  }
}

// open takes the chosen suggestion.
function open(): void {
  take = false;
  const to = options()[Math.max(0, chosen())];
  if (to instanceof HTMLAnchorElement) to.click();
}

document.addEventListener('input', (e) => {
  if (e.target !== box()) return;
  clearTimeout(soon);
  asking?.abort();
  soon = setTimeout(() => void ask(), wait);
});

document.addEventListener('keydown', (e) => {
  const input = box();
  if (!input || e.target !== input || e.isComposing) return;
  const listed = find('#found') !== null;
  switch (e.key) {
    case 'ArrowDown': case 'ArrowUp':
      e.preventDefault();
      if (listed) choose(chosen() + (e.key === 'ArrowDown' ? 1 : -1));
      else void ask();
      break;
    case 'Enter':
      if (input.value.trim() === '') { e.preventDefault(); break; }
      e.preventDefault();
      clearTimeout(soon);
      if (listed && !asking?.signal.aborted) open();
      else { take = true; void ask(); }
      break;
    case 'Escape':
      if (!listed && input.value === '') break; // others may close something
      e.preventDefault(); // not the whole text at once
      if (listed) close();
      else input.value = '';
  }
});

// A pasted list keeps its lines, which a box of one line would run together.
document.addEventListener('paste', (e) => {
  const input = box();
  const text = e.clipboardData?.getData('text/plain') ?? '';
  if (!input || e.target !== input || !/[\r\n]/.test(text.trim())) return;
  e.preventDefault();
  input.setRangeText(text.trim().replace(/\s*[\r\n]+\s*/g, '; '), input.selectionStart ?? 0, input.selectionEnd ?? 0, 'end');
  input.dispatchEvent(new Event('input', { bubbles: true }));
});

document.addEventListener('mousedown', (e) => {
  if (e.target instanceof Element && e.target.closest('#found')) e.preventDefault(); // the box keeps the focus
});

// A suggestion that is taken closes the list; one that is a filter opens it.
document.addEventListener('click', (e) => {
  if (!(e.target instanceof Element)) return;
  const to = e.target.closest<HTMLAnchorElement>('#found a');
  if (!to) {
    if (!e.target.closest('#finder')) close();
    return;
  }
  if (e.button || e.metaKey || e.ctrlKey || e.shiftKey) return;
  const input = box();
  const opens = to.dataset.opens;
  if (input && !to.matches('.all')) input.value = '';
  if (opens) {
    e.preventDefault();
    const filter = find<HTMLDetailsElement>('#fac-' + opens);
    if (filter) {
      filter.open = true;
      filter.scrollIntoView({ block: 'start' });
      find<HTMLElement>('summary', filter)?.focus();
    }
  }
  setTimeout(close); // once the click has been used
});
document.addEventListener('focusout', (e) => {
  if (e.target === box() && !(e.relatedTarget instanceof Element && e.relatedTarget.closest('#finder'))) close();
});
