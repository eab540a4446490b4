// Chromium, driven by playwright-core. The package is found through NODE_PATH, which `import` would not look at.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(import.meta.url)('playwright-core');

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

// A container has no user namespaces for the sandbox, and a software renderer is the same everywhere.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch() {
  const executablePath = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (!executablePath) {
    throw new Error(`no Chromium or Chrome in ${PLACES.join(', ')}: install one, or name it in CHROMIUM`);
  }
  return chromium.launch({ executablePath, args: ARGUMENTS });
}
