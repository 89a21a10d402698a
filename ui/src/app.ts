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

document.documentElement.classList.add('js');
