// What nobody would do on purpose: two thousand keys, two thousand clicks; and what axe-core finds on each kind of page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const PLACES = ['#/play', '#/learn', '#/learn/L9/3', '#/learn/L4/1', '#/learn/L6/challenge', '#/learn/L11/end', '#/measure', '#/trial'];
const KEYS = [
  ...'nplrtdxc123456789 +?',
  'ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'PageDown', 'PageUp', 'Home', 'End', 'Enter', 'Escape', 'Tab', 'Shift+Tab', 'Backspace',
];

/** Numbers from 0 to 1, the same in every run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Is the app still there, and not the page that stands in after a panic? */
async function alive(page) {
  const found = await page.evaluate(() => ({ parts: document.getElementById('app')?.childElementCount ?? 0, died: document.getElementById('fatal')?.hidden === false }));
  assert.ok(found.parts > 0 && !found.died, `the app is gone: ${JSON.stringify(found)}`);
}

/** No click may leave the page: files to save are let go, addresses elsewhere are watched by the session. */
async function anywhere(t, hash) {
  const page = await t.open({ hash, reducedMotion: 'reduce', acceptDownloads: false });
  page.on('dialog', (dialog) => dialog.dismiss());
  await page.waitForTimeout(500);
  return page;
}

export default {
  'axe-core has no serious finding': async (t) => {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const serious = [];
    for (const colorScheme of ['light', 'dark']) {
      const page = await t.open({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(axe);
      for (const place of PLACES) {
        await page.evaluate((hash) => { location.hash = hash; }, place);
        await page.waitForTimeout(700);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        const heavy = violations.filter((v) => ['serious', 'critical'].includes(v.impact));
        serious.push(...heavy.map((v) => `${place} ${colorScheme}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`));
      }
    }
    assert.deepEqual(serious, []);
  },

  'two thousand keys do no harm': async (t) => {
    const next = numbers(42);
    for (const hash of ['#/play', '#/learn/L9/2', '#/learn/L4/2', '#/trial']) {
      const page = await anywhere(t, hash);
      for (let n = 0; n < 500; n += 1) await page.keyboard.press(KEYS[Math.floor(next() * KEYS.length)]);
      await alive(page);
      await page.context().close();
    }
  },

  'two thousand clicks do no harm': async (t) => {
    const next = numbers(7);
    for (const hash of ['#/play', '#/learn/L9/challenge', '#/learn/L6/2', '#/measure']) {
      const page = await anywhere(t, hash);
      for (let n = 0; n < 500; n += 1) await page.mouse.click(Math.floor(next() * 1280), Math.floor(next() * 720));
      await alive(page);
      await page.context().close();
    }
  },
};
