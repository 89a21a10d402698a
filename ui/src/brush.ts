// The brush over the strip of months: two sliders, which arrow keys move too,
// the window between them, which moves as a whole, and a pull over the rest,
// which makes a new one. While something is held, what comes back from the
// server does not move it.
import { address, find, go } from './nav';

type Span = { low: number; high: number }; // edges, in months from the left
const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const sliders = () => [find<HTMLInputElement>('#low'), find<HTMLInputElement>('#high')] as const;

let wish: Span | undefined; // held, or not yet asked for
let later: ReturnType<typeof setTimeout> | undefined;
let pull: { id: number; at: number; x: number; was: Span; moves: boolean; moved: boolean } | undefined;

const size = () => Number(find<HTMLInputElement>('#low')!.max);
const start = () => find<HTMLInputElement>('#low')!.dataset.start!.split('-').map(Number) as [number, number];
function monthAt(i: number): { name: string; value: string } {
  const [year, month] = start();
  const m = month - 1 + i, y = year + Math.floor(m / 12);
  return { name: `${names[m % 12]} ${y}`, value: `${y}-${String((m % 12) + 1).padStart(2, '0')}` };
}

// now is the span that the server said. It stands beside the sliders, since the
// one that has the focus is left as it is.
const now = (): Span => {
  const { low, high } = find<HTMLElement>('#brush')!.dataset;
  return { low: Number(low), high: Number(high) };
};
const shownSpan = (): Span => {
  const [low, high] = sliders();
  return { low: Number(low!.value), high: Number(high!.value) };
};

// draw shows a span that has not been asked for yet.
function draw({ low, high }: Span): void {
  const [a, b] = sliders();
  const from = monthAt(low), to = monthAt(Math.max(low, high - 1));
  a!.value = String(low);
  b!.value = String(high);
  a!.setAttribute('aria-valuetext', from.name);
  b!.setAttribute('aria-valuetext', to.name);
  find('#span')!.setAttribute('x', String(10 * low));
  find('#span')!.setAttribute('width', String(10 * (high - low)));
  find('#strip-from')!.textContent = from.name;
  find('#strip-to')!.textContent = to.name;
}

// ask asks for the span that is wished for. An edge at an end of the strip is
// open, so that what was admitted before or after is not lost.
function ask(exactly = false): void {
  clearTimeout(later);
  const form = find<HTMLFormElement>('#f'), s = wish;
  if (!form || !s) return;
  wish = undefined;
  if (s.low === now().low && s.high === now().high) return;
  const from = exactly || s.low > 0 ? monthAt(s.low).value : '', to = exactly || s.high < size() ? monthAt(s.high - 1).value : '';
  void go(address(form, null, { adm: from || to ? (from === to ? from : `${from}..${to}`) : '' }), true);
}

document.addEventListener('shown', () => {
  const [low, high] = sliders();
  if (!low || !high) return;
  if (wish) { draw(wish); return; }
  low.value = String(now().low);
  high.value = String(now().high);
  low.setAttribute('aria-valuetext', find('#strip-from')!.textContent!);
  high.setAttribute('aria-valuetext', find('#strip-to')!.textContent!);
});

// A slider: it stays on its side of the other one.
document.addEventListener('input', (e) => {
  const slider = e.target as HTMLInputElement;
  if (slider.id !== 'low' && slider.id !== 'high') return;
  const s = shownSpan();
  if (slider.id === 'low') s.low = Math.min(s.low, s.high - 1);
  else s.high = Math.max(s.high, s.low + 1);
  wish = s;
  draw(s);
  clearTimeout(later);
  later = setTimeout(() => ask(), 180);
});
document.addEventListener('keydown', (e) => {
  const slider = e.target as HTMLInputElement;
  if ((slider.id !== 'low' && slider.id !== 'high') || (e.key !== 'PageUp' && e.key !== 'PageDown')) return;
  e.preventDefault();
  slider.value = String(Number(slider.value) + (e.key === 'PageUp' ? 12 : -12));
  slider.dispatchEvent(new Event('input', { bubbles: true }));
});

// The pointer on the strip itself.
const monthUnder = (x: number) => {
  const box = find('#brush')!.getBoundingClientRect();
  return Math.max(0, Math.min(size() - 1, Math.floor(((x - box.left) / box.width) * size())));
};
const say = (text?: string) => {
  const place = find<HTMLElement>('#strip-say');
  if (!place) return;
  place.dataset.said ??= place.textContent ?? '';
  place.textContent = text ?? place.dataset.said;
};
document.addEventListener('shown', () => { delete find<HTMLElement>('#strip-say')?.dataset.said; });

document.addEventListener('pointerdown', (e) => {
  const brush = (e.target as Element).closest<HTMLElement>('#brush');
  if (!brush || e.button || e.target instanceof HTMLInputElement) return;
  const at = monthUnder(e.clientX), was = shownSpan();
  const everything = was.low === 0 && was.high === size();
  pull = { id: e.pointerId, at, x: e.clientX, was, moves: !everything && at >= was.low && at < was.high, moved: false };
  brush.setPointerCapture(e.pointerId);
});
document.addEventListener('pointermove', (e) => {
  if (!pull) {
    const over = (e.target as Element).closest?.('#brush');
    const cell = over && [...document.querySelectorAll('.mth-tbl td')][monthUnder(e.clientX)];
    if (cell) say(`${monthAt(monthUnder(e.clientX)).name}: ${cell.textContent!.trim()} episodes`);
    else if (find<HTMLElement>('#strip-say')?.dataset.said) say();
    return;
  }
  if (e.pointerId !== pull.id) return;
  if (Math.abs(e.clientX - pull.x) > 3) pull.moved = true;
  if (!pull.moved) return;
  const at = monthUnder(e.clientX);
  if (pull.moves) {
    const by = Math.max(-pull.was.low, Math.min(size() - pull.was.high, at - pull.at));
    wish = { low: pull.was.low + by, high: pull.was.high + by };
  } else {
    wish = { low: Math.min(at, pull.at), high: Math.max(at, pull.at) + 1 };
  }
  draw(wish);
});
document.addEventListener('pointerup', (e) => {
  if (!pull || e.pointerId !== pull.id) return;
  const click = !pull.moved; // chooses one month
  if (click) wish = { low: pull.at, high: pull.at + 1 };
  pull = undefined;
  if (wish) { draw(wish); ask(click); }
});
function letGo(): void {
  if (!pull) return;
  pull = wish = undefined;
  draw(now());
}
document.addEventListener('pointercancel', letGo);
document.addEventListener('keydown', (e) => { if (e.key === 'Escape') letGo(); });

// Folded away or not is remembered by the browser.
document.addEventListener('click', (e) => {
  const strip = (e.target as Element).closest('#strip > summary')?.parentElement as HTMLDetailsElement | null | undefined;
  if (strip) document.cookie = `strip=${strip.open ? 'folded' : 'shown'}; path=/; max-age=31536000; samesite=strict`;
});
