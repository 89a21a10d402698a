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
