// What is open in the side panel and in charts, as the address says it.

// stale tells whether a part was opened or closed by hand since it was made: a
// closed one holds no values.
export const stale = (fac: HTMLDetailsElement): boolean => fac.open === (fac.querySelector('.fac__show') !== null);

// names are what is open: parts of the panel, categories in them, parts of charts.
export const names = (): string[] => [...document.querySelectorAll<HTMLElement>('.fac[open], [data-turn][aria-expanded=true]')].map((e) => e.dataset.turn ?? e.dataset.key!);

// opened is an address with other names; the server puts it into its own form.
export function opened(url: string, open: string[]): string {
  const u = new URL(url, location.origin);
  u.searchParams.set('open', open.join(',') || 'none');
  return u.pathname + u.search;
}

// filters is an address without them.
export function filters(url: string): string {
  const u = new URL(url, location.origin);
  u.searchParams.delete('open');
  return u.pathname + u.search;
}

// carried is where a link or form of the explorer leads when what a person has
// opened stays open. Where nobody opened anything the server decides.
export function carried(url: string): string {
  const byHand = new URLSearchParams(location.search).has('open') || [...document.querySelectorAll<HTMLDetailsElement>('.fac')].some(stale);
  return byHand && new URL(url, location.origin).pathname === '/records' ? opened(url, names()) : url;
}
