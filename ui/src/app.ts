// Makes the explorer quick. Everything works without this script: links and
// forms load whole pages.
import './nav';
import './finder';
import './drawer';
import './keys';

document.documentElement.classList.add('js');
