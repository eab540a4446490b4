#!/usr/bin/env node
// Photographs every step of the lessons, asked and answered, in both languages, light and dark, at two sizes, into
// screenshots/gallery. To be looked at one by one; what is cut off inside a card is named as well.
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { launch } from './lib/browser.mjs';
import { startStatic } from './lib/servers.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SIZES = ['1280x720', '1024x768'];
const LOCALES = { en: 'en-GB', ko: 'ko-KR' };

/** Ids of the lessons, and how many steps each has. */
async function lessons(wanted) {
  const folder = join(ROOT, 'assets/lessons');
  const ids = (await readdir(folder)).filter((name) => /^[^.]+\.json$/.test(name)).map((name) => name.slice(0, -5));
  const chosen = ids.filter((id) => wanted.length === 0 || wanted.includes(id));
  if (chosen.length === 0) throw new Error(`no lesson ${wanted.join(', ')}; there is ${ids.join(', ')}`);
  return Promise.all(chosen.map(async (id) => [id, JSON.parse(await readFile(join(folder, `${id}.json`))).steps.length]));
}

/** Texts that are wider than the box which hides the rest, outside of what scrolls on purpose. */
function cutOff() {
  const hides = (e) => ['hidden', 'clip'].includes(getComputedStyle(e).overflowX);
  const meant = (e) => getComputedStyle(e).textOverflow === 'ellipsis' || e.closest('.hidden, svg, .terminal');
  const boxes = [...document.querySelectorAll('.stage *, .side *')].filter((e) => e.childElementCount === 0 && e.textContent.trim());
  return boxes
    .filter((e) => e.getClientRects().length > 0 && !meant(e))
    .filter((e) => {
      const box = e.parentElement.closest('.card, .group, .mcard, .side');
      if (!box || !hides(box)) return false;
      const [a, b] = [e.getBoundingClientRect(), box.getBoundingClientRect()];
      return a.right > b.right + 1 || a.left < b.left - 1;
    })
    .map((e) => e.textContent.trim().slice(0, 40));
}

class Gallery {
  constructor(page, suffix, folder) {
    Object.assign(this, { page, suffix, folder, count: 0 });
  }

  async shot(name) {
    await this.page.mouse.move(0, 0); // a term under the pointer would explain itself
    const cut = await this.page.evaluate(cutOff);
    if (cut.length > 0) console.log(`${name}-${this.suffix}: cut off: ${[...new Set(cut)].join(' | ')}`);
    await this.page.screenshot({ path: join(this.folder, `${name}-${this.suffix}.png`) });
    this.count += 1;
  }

  id(name) {
    return this.page.locator(`[data-testid="${name}"]`);
  }

  async go(place) {
    await this.page.evaluate((hash) => { location.hash = hash; }, `#/learn/${place}`);
    await this.id('lesson').waitFor();
    await this.page.waitForTimeout(350);
  }

  /** The question, and what comes of it once the right reason is given. */
  async step(id, n) {
    await this.go(`${id}/${n}`);
    await this.shot(`${id}-${n}-asked`);
    await this.id('options-1').click();
    await this.id('onward').click();
    await this.id('skip').click();
    await this.id('outcome').waitFor();
    for (const reason of [1, 2, 3]) {
      if ((await this.id('explain').count()) > 0) break;
      await this.id(`reasons-${reason}`).click();
      await this.page.waitForTimeout(100);
    }
    await this.page.waitForTimeout(250);
    await this.shot(`${id}-${n}-answered`);
  }

  async lesson(id, steps) {
    await this.go(id);
    await this.shot(`${id}-0`);
    for (let n = 1; n <= steps; n += 1) await this.step(id, n);
    for (const place of ['challenge', 'end']) {
      await this.go(`${id}/${place}`);
      await this.shot(`${id}-${place}`);
    }
  }
}

async function main() {
  const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' } }, allowPositionals: true });
  const folder = join(ROOT, 'screenshots/gallery');
  await mkdir(folder, { recursive: true });
  const all = await lessons(positionals);
  const site = await startStatic(join(ROOT, 'dist'), '/');
  const browser = await launch();
  let count = 0;
  const variants = SIZES.flatMap((size) => ['light', 'dark'].flatMap((scheme) => Object.keys(LOCALES).map((l) => [size, scheme, l])));
  // Each size, each colour and each language once.
  const chosen = values.quick ? variants.filter(([s, c, l]) => `${s}${c}${l}` === '1280x720lighten' || `${s}${c}${l}` === '1024x768darkko') : variants;
  for (const [size, colorScheme, language] of chosen) {
    const [width, height] = size.split('x').map(Number);
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: LOCALES[language], reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && console.log(`${size} ${colorScheme} ${language}: ${message.text()}`));
    await page.goto(`${site.url}#/learn`);
    await page.locator('.lesson-card').first().waitFor();
    const gallery = new Gallery(page, `${size}-${colorScheme}-${language}`, folder);
    await gallery.shot('list');
    for (const [id, steps] of all) await gallery.lesson(id, steps);
    count += gallery.count;
    await context.close();
  }
  await browser.close();
  site.stop();
  console.log(`${count} pictures in screenshots/gallery`);
}

await main();
