// The window in which columns are chosen: the page of the same form, with what
// is ticked, moved and searched for shown at once. Nothing is remembered before
// the form is sent.
import { find, part } from './nav';

const form = () => find<HTMLFormElement>('#cols');
const shown = () => find<HTMLOListElement>('#cols ol')!;
const of = (name: string) => [...shown().children].find((li) => find<HTMLInputElement>('input', li)!.value === name) as HTMLElement | undefined;
const box = (name: string) => [...form()!.querySelectorAll<HTMLInputElement>('[name=column][type=checkbox]')].find((b) => b.value === name);

let under: AbortController | undefined;

async function show(url: string): Promise<void> {
  under?.abort();
  under = new AbortController();
  const got = await part(url, 'columns', 'cols', under.signal);
  if (!got) return;
  const dialog = document.createElement('dialog'), head = document.createElement('div'), title = document.createElement('h2'), close = document.createElement('button');
  dialog.className = 'cols-win';
  dialog.setAttribute('aria-labelledby', 'cols-title');
  title.id = 'cols-title';
  title.textContent = 'Choose columns';
  close.className = 'btn btn--s';
  close.type = 'button';
  close.textContent = 'Close';
  close.addEventListener('click', () => dialog.close());
  head.className = 'cols-win__h';
  head.append(title, close);
  dialog.append(head, got.element);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  find<HTMLInputElement>('#cols-find')!.focus();
}

function say(text: string): void {
  find('#cols-n')!.textContent = String(shown().children.length);
  find('#cols-say')!.textContent = text;
}

function put(name: string, label: string): void {
  const li = find<HTMLTemplateElement>('#cols template')!.content.firstElementChild!.cloneNode(true) as HTMLElement;
  find<HTMLInputElement>('input', li)!.value = name;
  find('span', li)!.textContent = label;
  for (const button of li.querySelectorAll('button')) {
    button.value += name;
    button.setAttribute('aria-label', button.getAttribute('aria-label') + label);
  }
  shown().append(li);
}

// move does to the list what a button of it says; the keyboard stays where it is.
function move(button: HTMLButtonElement): void {
  const [how, name] = button.value.split(':') as [string, string];
  const li = of(name), label = li && find('span', li)!.textContent!;
  if (!li) return;
  if (how === 'out') {
    const next = (li.nextElementSibling ?? li.previousElementSibling) as HTMLElement | null;
    li.remove();
    const ticked = box(name);
    if (ticked) ticked.checked = false;
    else find<HTMLInputElement>(`#cols > [name=column][value="${CSS.escape(name)}"]`)?.remove();
    (next ? find<HTMLElement>('[value^=out]', next) : find<HTMLElement>('#cols-find'))!.focus();
    say(`${label} is not shown any more`);
    return;
  }
  if (how === 'up') li.previousElementSibling?.before(li);
  else li.nextElementSibling?.after(li);
  button.focus();
  say(`${label} is number ${[...shown().children].indexOf(li) + 1} of ${shown().children.length}`);
}

function search(words: string): void {
  for (const group of form()!.querySelectorAll<HTMLDetailsElement>('details')) {
    let any = false;
    for (const label of group.querySelectorAll<HTMLElement>('label')) {
      label.hidden = words !== '' && !(label.textContent + ' ' + label.title).toLowerCase().includes(words);
      any ||= !label.hidden;
    }
    group.hidden = !any;
    group.dataset.was ??= String(group.open);
    group.open = words === '' ? group.dataset.was === 'true' : any;
    if (words === '') delete group.dataset.was;
  }
}

document.addEventListener('click', (e) => {
  if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey) return;
  const link = (e.target as Element).closest<HTMLAnchorElement>('a[data-columns]');
  if (link) { e.preventDefault(); void show(link.getAttribute('href')!); return; }
  const button = (e.target as Element).closest<HTMLButtonElement>('#cols [name=move]');
  if (button) { e.preventDefault(); move(button); }
});
document.addEventListener('change', (e) => {
  const ticked = e.target as HTMLInputElement;
  if (!ticked.matches('#cols [name=column]')) return;
  const label = find('span', ticked.parentElement!)!.textContent!;
  if (ticked.checked) put(ticked.value, label);
  else of(ticked.value)?.remove();
  say(`${label} is ${ticked.checked ? 'shown' : 'not shown any more'}`);
});
document.addEventListener('input', (e) => {
  const words = e.target as HTMLInputElement;
  if (words.id === 'cols-find') search(words.value.trim().toLowerCase());
});
document.addEventListener('keydown', (e) => {
  if (e.key === 'Enter' && (e.target as Element).id === 'cols-find') e.preventDefault(); // it has been searched for
});
