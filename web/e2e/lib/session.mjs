// What a test gets: a fresh browser profile, and helpers that do what a person does.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startBinary } from './servers.mjs';
import { watch } from './watch.mjs';

const SIZES = [
  { width: 1280, height: 720 },
  { width: 1024, height: 768 },
];
const LOCALES = { en: 'en-GB', ko: 'ko-KR' };

export class Session {
  /** `site` has the addresses (`url`, `subPath`), the binary, the browser and the folder for screenshots. */
  constructor(site) {
    this.site = site;
    this.complaints = [];
    this.contexts = [];
    this.servers = [];
    this.failuresExpected = false;
  }

  /** Opens the page in a fresh profile and waits until the app runs; `options` are Playwright's for a context. */
  async open({ url = this.site.url, hash = '', started = true, prepare, ...options } = {}) {
    const page = await this.newPage(options);
    await prepare?.(page);
    await page.goto(url + hash);
    if (started) await this.started(page);
    return page;
  }

  /** Another server of the binary, with options of `serve`; it ends with the test. */
  async serve(...options) {
    const served = await startBinary(this.site.binary, ...options);
    this.servers.push(served);
    return served;
  }

  /** An empty page in a fresh profile, watched for errors. */
  async newPage(options = {}) {
    const context = await this.site.browser.newContext({ viewport: SIZES[0], locale: LOCALES.en, ...options });
    this.contexts.push(context);
    this.complaints.push(watch(context));
    context.setDefaultTimeout(15_000);
    return context.newPage();
  }

  /** Waits until the app has replaced the loading message. */
  started(page) {
    return page.waitForFunction(() => {
      const app = document.getElementById('app');
      return app?.childElementCount > 0 && !document.getElementById('loading');
    });
  }

  /** Presses keys one after the other: `press(page, 'Tab', 'Enter')`. */
  async press(page, ...keys) {
    for (const key of keys) await page.keyboard.press(key);
  }

  /** Tabs until `selector` has the focus, as someone without a mouse has to. */
  async tabTo(page, selector, limit = 200) {
    for (let count = 0; count < limit; count += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    throw new Error(`${selector} did not get the focus within ${limit} presses of Tab`);
  }

  /** Takes `screenshots/NAME.png`. */
  async shot(page, name) {
    await mkdir(this.site.screenshots, { recursive: true });
    await page.screenshot({ path: join(this.site.screenshots, `${name}.png`) });
  }

  /** Takes `NAME-WIDTHxHEIGHT-light|dark-en|ko.png`, eight in all, each in a fresh profile after `arrange(page)`. */
  async shots(name, arrange = () => {}) {
    for (const size of SIZES) {
      for (const colorScheme of ['light', 'dark']) {
        for (const [language, locale] of Object.entries(LOCALES)) {
          const page = await this.open({ viewport: size, colorScheme, locale });
          await arrange(page);
          await this.shot(page, `${name}-${size.width}x${size.height}-${colorScheme}-${language}`);
          await page.context().close();
        }
      }
    }
  }

  /** For tests that break the page on purpose: errors in the console are then no failure. */
  expectFailures() {
    this.failuresExpected = true;
  }

  /** Closes everything; throws if the page did what it must not. */
  async end() {
    await Promise.all(this.contexts.map((context) => context.close()));
    this.servers.forEach((served) => served.stop());
    const complaints = this.complaints.flat().filter((text) => !this.failuresExpected || text.startsWith('request'));
    if (complaints.length > 0) throw new Error(`the page is not clean:\n${complaints.join('\n')}`);
  }
}
