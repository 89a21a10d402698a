// Single keys, all of which one switch turns off (WCAG 2.1.4).
import { close, step } from './drawer';
import { find, undo } from './nav';

const help = () => find<HTMLDialogElement>('#keys')?.showModal();

document.addEventListener('click', (e) => { if ((e.target as Element).closest('[data-keys]')) help(); });
document.addEventListener('keydown', (e) => {
  if (e.defaultPrevented) return;
  const target = e.target as Element;
  if (e.key === 'Escape') {
    const open = find<HTMLDetailsElement>('details.menu[open], details.user[open]');
    if (open) { open.open = false; find<HTMLElement>('summary', open)?.focus(); }
    else if (!target.closest('dialog')) close();
    return;
  }
  if (localStorage.getItem('keys') === 'off' || e.metaKey || e.ctrlKey || e.altKey || target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, dialog')) return;
  const press = (selector: string) => find<HTMLElement>(selector)?.click();
  switch (e.key) {
    case '/': if (find('#find')) { e.preventDefault(); find<HTMLElement>('#find')!.focus(); } break;
    case '?': help(); break;
    case 'n': press('[data-next]'); break;
    case 'p': press('[data-prev]'); break;
    case '1': case '2': case '3': case '4': press(`.seg a:nth-child(${e.key}):not([aria-current])`); break;
    case 'u': undo(); break;
    case 'j': case 'k': {
      if (step(e.key === 'j' ? 1 : -1)) break;
      const rows = [...document.querySelectorAll<HTMLElement>('.grid tbody tr')];
      const at = rows.findIndex((r) => r.contains(document.activeElement));
      const row = rows[Math.max(0, Math.min(rows.length - 1, at + (e.key === 'j' ? 1 : -1)))];
      if (row) { find<HTMLElement>('a', row)?.focus(); row.scrollIntoView({ block: 'nearest' }); }
    }
  }
});
const off = find<HTMLInputElement>('#keys-off');
if (off) off.checked = localStorage.getItem('keys') === 'off';
document.addEventListener('change', (e) => {
  const field = e.target as HTMLInputElement;
  if (field.id === 'keys-off') localStorage.setItem('keys', field.checked ? 'off' : '');
});
