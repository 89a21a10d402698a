// The side panel: a part that is opened gets its values, the codes of a category
// unfold, and so do the parts of charts; one may search among values, and ages can
// be chosen with two sliders. What is open stands in the address without being a
// step of its own, so Back goes to the filters before, with the panel as it was.
import { address, find, go, list, morph, part, rename } from './nav';
import { filters, names, opened, stale } from './open';

let turns = 0;

// turn asks for a part of the panel, or a chart, as it is now to be, and notes in
// the address what is open.
async function turn(id: string, open: string[]): Promise<void> {
  const mine = ++turns, at = list();
  const got = await part(opened(at, open), id, id, new AbortController().signal);
  if (filters(at) !== filters(list())) return; // other values by now
  const fac = find<HTMLDetailsElement>('#' + id);
  if (fac && got && fac.open === (got.element as HTMLDetailsElement).open) morph(fac, got.element);
  if (got && mine === turns) rename(got.canonical);
}

document.addEventListener('toggle', (e) => {
  const fac = e.target as HTMLDetailsElement;
  if (fac.matches('.fac') && stale(fac)) void turn(fac.id, names());
}, true);
document.addEventListener('shown', () => {
  for (const fac of document.querySelectorAll<HTMLDetailsElement>('.fac')) if (stale(fac)) void turn(fac.id, names());
});
document.addEventListener('click', (e) => {
  const button = (e.target as Element).closest<HTMLElement>('[data-turn]');
  if (!button) return;
  e.preventDefault();
  const name = button.dataset.turn!, rest = names().filter((n) => n !== name);
  void turn(button.closest('.fac, .ch')!.id, button.ariaExpanded === 'true' ? rest : [...rest, name]);
});

// Search among the values that are shown; Enter looks among all of them.
document.addEventListener('input', (e) => {
  const box = e.target as HTMLInputElement;
  if (!box.matches('.within')) return;
  const words = box.value.trim().toLowerCase();
  for (const o of box.closest('.fac')!.querySelectorAll<HTMLElement>('.opt')) o.hidden = words !== '' && !(o.textContent ?? '').toLowerCase().includes(words) && !find(':checked', o);
});
document.addEventListener('keydown', (e) => {
  const box = e.target as HTMLInputElement;
  if (e.key !== 'Enter' || !box.matches?.('.within')) return;
  e.preventDefault();
  const all = box.dataset.all!;
  location.href = all + (all.includes('?') ? '&' : '?') + 'find=' + encodeURIComponent(box.value.trim());
});

// The sliders. Each stays on its side of the other; what is held is not moved by
// what comes back.
let later: ReturnType<typeof setTimeout> | undefined;
const ends = (hist: Element) => [...hist.querySelectorAll<HTMLInputElement>('input')] as [HTMLInputElement, HTMLInputElement];

function draw(hist: HTMLElement): void {
  const [a, b] = ends(hist), end = Number(hist.dataset.end), step = Number(hist.dataset.step);
  const low = Number(a.value), high = Number(b.value);
  const window = find('clipPath rect', hist)!;
  window.setAttribute('x', String(low));
  window.setAttribute('width', String(high - low));
  a.setAttribute('aria-valuetext', String(low));
  b.setAttribute('aria-valuetext', high >= end ? `${end - step} or over` : String(high - 1));
}

// type writes into the boxes beside the sliders what these say.
function type(hist: HTMLElement): HTMLFormElement {
  const [a, b] = ends(hist), end = Number(hist.dataset.end);
  const [from, to] = [...hist.parentElement!.querySelectorAll<HTMLInputElement>('.span input')] as [HTMLInputElement, HTMLInputElement];
  from.value = Number(a.value) > 0 ? a.value : '';
  to.value = Number(b.value) < end ? String(Number(b.value) - 1) : '';
  return from.form!;
}

document.addEventListener('input', (e) => {
  const slider = e.target as HTMLInputElement, hist = slider.closest<HTMLElement>('.ages');
  if (!hist) return;
  const [a, b] = ends(hist);
  if (slider === a) a.value = String(Math.min(Number(a.value), Number(b.value) - 1));
  else b.value = String(Math.max(Number(b.value), Number(a.value) + 1));
  draw(hist);
  const form = type(hist);
  clearTimeout(later);
  later = setTimeout(() => { later = undefined; void go(address(form), true); }, 180);
});
document.addEventListener('shown', () => {
  const hist = find<HTMLElement>('.ages');
  if (!hist) return;
  if (later) { draw(hist); type(hist); return; } // moved on since this answer was asked for
  // not from the attribute, which is left alone on a slider that has focus
  const [a, b] = ends(hist);
  a.value = hist.dataset.low!;
  b.value = hist.dataset.high!;
  draw(hist);
});
