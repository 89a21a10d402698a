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
document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
