// Conditions are counted and said again as soon as one is changed: the form is
// sent as its buttons send it, and what comes back is put in its place.
import { address, find, morph, part } from './nav';

let under: AbortController | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;

async function again(form: HTMLFormElement): Promise<void> {
  under?.abort();
  const mine = (under = new AbortController());
  const url = address(form);
  if (url.length > 6000) return; // the button sends it in the body of a request
  const got = await part(url, 'conditions', 'conditions', mine.signal);
  const now = find<HTMLFormElement>('#conditions');
  if (!got || !now || under !== mine || address(now) !== url) return; // something else has been typed since
  morph(now, got.element);
  history.replaceState(history.state, '', url);
}

// Every question is written to the access record, so that several ticks and the
// way from one box to the next are asked as one.
document.addEventListener('change', (e) => {
  const field = e.target as HTMLInputElement;
  const form = field.form;
  if (form?.id !== 'conditions' || field.id === 'text') return;
  clearTimeout(waiting);
  waiting = setTimeout(() => void again(form), field.matches('select') ? 0 : 400);
});
document.addEventListener('submit', () => { clearTimeout(waiting); under?.abort(); });
