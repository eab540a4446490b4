#!/usr/bin/env node
// Runs the tests of web/e2e/tests in a real Chromium against `highwater serve`: see README.md.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launch } from './lib/browser.mjs';
import { binary, startBinary, startStatic } from './lib/servers.mjs';
import { Session } from './lib/session.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = fileURLToPath(new URL('tests/', import.meta.url));
const LIMIT_MS = Number(process.env.E2E_LIMIT_MS ?? 240_000);

async function loadTests(filter) {
  const files = (await readdir(TESTS)).filter((name) => name.endsWith('.mjs')).sort();
  const tests = [];
  for (const file of files) {
    const module = await import(pathToFileURL(join(TESTS, file)));
    for (const [name, run] of Object.entries(module.default)) {
      tests.push({ name: `${file.replace('.mjs', '')}: ${name}`, run });
    }
  }
  return tests.filter((test) => test.name.includes(filter));
}

async function withLimit(work) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** Runs one test; resolves to the error, or to undefined if all is well. */
async function runTest(test, site) {
  const session = new Session(site);
  const error = await withLimit(test.run(session)).then(() => undefined, (reason) => reason);
  const unclean = await session.end().then(() => undefined, (reason) => reason);
  return error ?? unclean;
}

async function runAll(tests, site) {
  let failed = 0;
  for (const test of tests) {
    const begin = Date.now();
    const error = await runTest(test, site);
    if (error) failed += 1;
    console.log(`${error ? 'FAILED' : 'ok    '} ${test.name} (${Date.now() - begin} ms)`);
    if (error) console.log(`       ${String(error.stack ?? error).replaceAll('\n', '\n       ')}`);
  }
  return failed;
}

async function main() {
  const tests = await loadTests(process.argv[2] ?? '');
  const path = binary();
  const served = await startBinary(path);
  const nested = await startStatic(join(ROOT, 'dist'), '/sub/dir/');
  const browser = await launch();
  const site = { browser, binary: path, url: served.url, subPath: nested.url, screenshots: join(ROOT, 'screenshots') };
  try {
    const failed = await runAll(tests, site);
    console.log(`${tests.length - failed} passed, ${failed} failed`);
    process.exitCode = failed > 0 || tests.length === 0 ? 1 : 0;
  } finally {
    await browser.close();
    served.stop();
    nested.stop();
  }
}

main().catch((error) => {
  console.error(`e2e: ${error.message}`);
  process.exit(1);
});
