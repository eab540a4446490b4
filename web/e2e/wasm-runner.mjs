#!/usr/bin/env node
// Cargo's runner for WASM tests: serves them with wasm-bindgen's own runner and opens them in Chromium.
// No WebDriver is needed, whose version would have to fit the browser's. Usage: wasm-runner.mjs MODULE [OPTION]...
import { spawn } from 'node:child_process';
import { launch } from './lib/browser.mjs';

const LIMIT_MS = Number(process.env.WASM_TEST_LIMIT_MS ?? 300_000);

/** Starts wasm-bindgen's runner, which here only serves the tests; resolves to `{ url, stop }`. */
function serveTests(options) {
  const env = { ...process.env, NO_HEADLESS: '1', WASM_BINDGEN_TEST_ADDRESS: '127.0.0.1:0', WASM_BINDGEN_TEST_ONLY_WEB: '1' };
  const child = spawn('wasm-bindgen-test-runner', options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let output = '';
    child.on('error', (error) => reject(new Error(`can't start wasm-bindgen-test-runner: ${error.message}`)));
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const url = /available at (http:\S+)/.exec(output)?.[1];
      if (url) resolve({ url, stop: () => child.kill() });
    });
    // A module without tests is not served at all; a list of tests is printed at once.
    child.on('exit', (status) => {
      process.stdout.write(output);
      process.exit(status ?? 1);
    });
  });
}

/** The text that the test page ends on, or what it shows when the time is up. */
async function resultOf(browser, url) {
  const page = await browser.newPage();
  const output = page.locator('#output');
  page.on('pageerror', (error) => console.error(error.stack ?? error.message));
  await page.goto(url);
  await output
    .filter({ hasText: 'test result: ' })
    .waitFor({ timeout: LIMIT_MS })
    .catch(() => console.error(`The tests did not end within ${LIMIT_MS} ms.`));
  return output.textContent();
}

const served = await serveTests(process.argv.slice(2));
const browser = await launch();
const text = await resultOf(browser, served.url);
console.log(text);
await browser.close();
process.exitCode = text.includes('test result: ok.') ? 0 : 1;
served.stop();
process.exit();
