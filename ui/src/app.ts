// Makes the explorer quick. Everything works without this script: links and
// forms load whole pages.
import './nav';
import './finder';
import './panel';
import './drawer';
import './keys';
import './brush';
import './conditions';
import './columns';
import './passkey';
import { begin } from './place';

document.documentElement.classList.add('js');
begin();
// Whoever sent a form with something wrong in it is taken to what that is; and in
// a narrow window the navigation shows where one is.
document.querySelector<HTMLElement>('.error-summary[tabindex]')?.focus();
const shown = document.querySelector('.top nav [aria-current]')?.getBoundingClientRect();
const bar = document.querySelector('.top nav');
if (shown && bar) { // the bar alone: the page stays where Back has put it
  const room = bar.getBoundingClientRect();
  bar.scrollLeft += Math.max(0, shown.right - room.right) + Math.min(0, shown.left - room.left);
}
