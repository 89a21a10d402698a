// What is seen while an answer is on its way, and when none comes. What was shown
// stays until there is something better.

const at = <T extends HTMLElement>(selector: string) => document.querySelector<T>(selector);
let end = () => {};
let cancel = () => {};

// wait shows that something is on its way: a bar after a moment, and after five
// seconds words, with a button that gives it up. It returns what ends that.
export function wait(app: HTMLElement, giveUp: () => void): () => void {
  end(); // of what this one takes the place of
  const busy = setTimeout(() => app.setAttribute('aria-busy', 'true'), 120);
  const long = setTimeout(() => { const slow = at('#slow'); if (slow) slow.hidden = false; }, 5000);
  const done = () => {
    clearTimeout(busy);
    clearTimeout(long);
    at('#app')?.removeAttribute('aria-busy');
    const slow = at('#slow');
    if (slow && !slow.hidden) {
      if (slow.contains(document.activeElement)) at('#main')?.focus({ preventScroll: true });
      slow.hidden = true;
    }
  };
  end = done;
  cancel = () => { done(); giveUp(); };
  return done;
}

// trouble shows what is wrong in the place of the results; the filters stay.
export function trouble(says: Element): void {
  at('#trouble')?.remove();
  const results = at('.res');
  if (results) {
    results.dataset.trouble = '';
    at('.res .bar')!.after(says);
  } else {
    at('main')?.prepend(says);
  }
  (says as HTMLElement).focus();
}

// unreachable says that no answer came at all: to the question for a list, or, over
// what is shown, to something smaller.
export function unreachable(list: string): void {
  const says = at<HTMLTemplateElement>('#unreachable')?.content.firstElementChild?.cloneNode(true) as HTMLElement | undefined;
  if (!says) return;
  const again = says.querySelector('a')!;
  if (list) {
    again.setAttribute('href', list);
    trouble(says);
    return;
  }
  again.remove();
  at('#trouble')?.remove();
  says.classList.add('trouble--over');
  document.body.append(says);
  setTimeout(() => says.remove(), 10000);
}

document.addEventListener('click', (e) => {
  const target = e.target as Element;
  if (target.closest('[data-cancel]')) cancel();
  // from the problem to the filter that it lies in
  const link = target.closest<HTMLAnchorElement>('#trouble a[href^="#fac-"]');
  const filter = link && at<HTMLDetailsElement>(link.hash);
  if (!filter) return;
  e.preventDefault();
  filter.open = true;
  at('.side')?.classList.add('open');
  const field = filter.querySelector<HTMLInputElement>('.span input, .typed input, input:not([type=hidden])');
  (field ?? filter.querySelector('summary'))!.focus();
});
