#!/usr/bin/env node
// What the page costs, in a real Chromium against `highwater serve`: see README.md. Figures, not tests: they depend on the machine.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { launch } from './lib/browser.mjs';
import { crowdedScene } from './lib/crowd.mjs';
import { binary, startBinary } from './lib/servers.mjs';

const TOKENS = [100, 1000, 3000];
// As the menu of speeds numbers them. Slow enough that frames paint what is in flight and little else happens.
const SLOW = '0';
const REAL_TIME = '5';
const FRAMES_MS = 6000;

async function open(site, { scene, prepare, locale = 'en-GB' } = {}) {
  const context = await site.browser.newContext({ viewport: { width: 1280, height: 720 }, locale });
  const page = await context.newPage();
  await page.addInitScript((kept) => {
    addEventListener('TrunkApplicationStarted', (event) => { window.module = event.detail.wasm; });
    if (kept) localStorage.setItem('highwater.scene', kept);
  }, scene);
  await prepare?.(page);
  await page.goto(site.url);
  await page.waitForSelector('[data-testid=play]');
  return page;
}

/** Milliseconds from navigation to the first record on its way, and what had been downloaded by then; fonts come after. */
async function firstRecord(site, locale) {
  const page = await open(site, { locale });
  await page.click('[data-testid=play]');
  await page.waitForFunction(() => document.querySelector('[data-testid=ledger]')?.textContent.match(/[1-9]/));
  const found = () => page.evaluate(() => {
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const bytes = (wanted) => all.filter(wanted).reduce((sum, entry) => sum + entry.encodedBodySize, 0);
    const font = (entry) => entry.name.endsWith('.woff2');
    return { ms: performance.now(), page: bytes((entry) => !font(entry)), fonts: bytes(font) };
  });
  const { ms, page: before } = await found();
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(500);
  const { fonts } = await found();
  await page.context().close();
  return { ms, page: before, fonts };
}

/** Script time of each frame in ms, sorted, with so many tokens in flight. */
async function frames(site, tokens) {
  const scene = crowdedScene(tokens, SLOW);
  const prepare = (page) => page.addInitScript(() => {
    window.frames_ms = [];
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (work) => ask((time) => {
      const begin = performance.now();
      work(time);
      // What the frame asked for in microtasks (rendering by Yew) runs before this one's second turn.
      queueMicrotask(() => queueMicrotask(() => window.frames_ms.push(performance.now() - begin)));
    });
  });
  const page = await open(site, { scene, prepare });
  await page.waitForTimeout(500);
  await page.click('[data-testid=play]');
  await page.evaluate(() => { window.frames_ms.length = 0; });
  await page.waitForTimeout(FRAMES_MS);
  const sorted = await page.evaluate(() => window.frames_ms.sort((a, b) => a - b));
  await page.context().close();
  return sorted;
}

/** The default scene at about 100 events a second. */
async function calm() {
  const scenario = JSON.parse(await readFile(new URL('../../assets/scenarios/first.json', import.meta.url)));
  scenario.workload[0].every_us = 520_000;
  return scenario;
}

/** Growth of the page's memory in bytes (module and JavaScript) over so many minutes of the calm scene in real time. */
async function growth(site, minutes) {
  const page = await open(site, { scene: `highwater-scene-1 0 ${REAL_TIME} run 0\n${JSON.stringify(await calm())}` });
  const session = await page.context().newCDPSession(page);
  const memory = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize + await page.evaluate(() => window.module.memory.buffer.byteLength);
  };
  await page.click('[data-testid=play]');
  await page.waitForTimeout(5000);
  const before = await memory();
  await page.waitForTimeout(minutes * 60_000);
  const after = await memory();
  await page.context().close();
  return after - before;
}

// What is tried beside each shipped scenario as it is: more of these bounds, by their place.
const WIDER = { 'acks-all': [[0], [3]] };
const BOUNDS = ['record', '', '', 'lost response'];

/** Searches in the Trial door's worker, from the click to the verdict: each shipped scenario, and wider ones. */
async function trials(site, tell) {
  const page = await open(site);
  const id = (name) => page.locator(`[data-testid="${name}"]`);
  const search = async (name, more) => {
    await id('pick').selectOption(name);
    for (const bound of more) await id(`bound-${bound}-more`).click();
    const begin = performance.now();
    await id('search').click();
    await id('verdict').waitFor({ timeout: 300_000 });
    const seconds = (performance.now() - begin) / 1000;
    const text = await id('verdict').innerText();
    const states = Number(/in ([\d\s]+) states/.exec(text)?.[1].replace(/\s/g, '') ?? 0);
    const rate = states ? `, ${Math.round(states / seconds)} states/s` : '';
    const wider = more.map((bound) => ` and one more ${BOUNDS[bound]}`).join('');
    tell(`trial of ${name}${wider}: ${seconds.toFixed(2)} s${rate}: ${text.split('\n')[0]}`);
  };
  await page.goto(`${site.url}#/trial`);
  await id('pick').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=pick] option').length > 2);
  const names = await id('pick').locator('option').evaluateAll((all) => all.map((o) => o.value).filter(Boolean));
  for (const name of names) await search(name, []);
  for (const [name, all] of Object.entries(WIDER)) {
    for (const more of all) await search(name, more);
  }
  await page.context().close();
}

const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

async function main() {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
  const served = await startBinary(binary());
  const browser = await launch();
  const site = { browser, url: served.url };
  try {
    for (const locale of ['en-GB', 'ko-KR']) {
      const first = await firstRecord(site, locale);
      console.log(`${locale}: first moving record after ${first.ms.toFixed(0)} ms, of that a click on play; ${first.page} bytes before it, ${first.fonts} bytes of fonts`);
    }
    for (const tokens of TOKENS) {
      const sorted = await frames(site, tokens);
      console.log(`${tokens} tokens: ${sorted.length} frames, script p50 ${share(sorted, 0.5).toFixed(2)} ms, p95 ${share(sorted, 0.95).toFixed(2)} ms`);
    }
    await trials(site, (line) => console.log(line));
    const minutes = Number(values.minutes);
    const grown = await growth(site, minutes);
    console.log(`memory grows by ${(grown / 1e6).toFixed(1)} MB in ${minutes} min at real time and 100 events a second`);
  } finally {
    await browser.close();
    served.stop();
  }
}

await main();
