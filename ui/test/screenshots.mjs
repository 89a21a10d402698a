// Pictures of all states at two widths, and of the explorer on a ward PC: make
// screenshots puts them into out/screenshots.
import { after, test } from 'node:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { site } from './site.mjs';
import { states } from './states.mjs';

const out = process.env.SCREENSHOTS ?? new URL('../../out/screenshots', import.meta.url).pathname;
const here = site({ patients: 40000 });
mkdirSync(out, { recursive: true });

for (const [width, height] of [[1440, 900], [1366, 768], [390, 844]]) {
  test(`screenshots-at-${width}`, async () => {
    for (const [name, who, path] of states) {
      if (width === 1366 && !/^(explorer|patients|spells|charts|clinician)/.test(name)) continue;
      const { context, page } = await here.open({ width, height });
      if (who) await here.signIn(page, who);
      await page.goto(here.url + path);
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: join(out, `${name}-${width}.png`) });
      await context.close();
    }
  });
}
after(() => console.log(`pictures are in ${out}`));
