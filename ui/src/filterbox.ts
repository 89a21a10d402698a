// Narrows the side panel down to filters and values that hold the words typed.
import { find } from './nav';

document.addEventListener('input', (e) => {
  const box = e.target as HTMLInputElement;
  if (box.id !== 'find') return;
  const words = box.value.trim().toLowerCase();
  for (const facet of document.querySelectorAll<HTMLDetailsElement>('.fac')) {
    const named = (find('h3', facet)?.textContent ?? '').toLowerCase().includes(words);
    let any = named;
    for (const option of facet.querySelectorAll<HTMLElement>('.opt')) {
      option.hidden = words !== '' && !named && !(option.textContent ?? '').toLowerCase().includes(words);
      any ||= !option.hidden;
    }
    facet.hidden = words !== '' && !any;
    if (words !== '' && any) facet.open = true;
  }
});

