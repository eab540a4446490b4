// The Measure door: scenes that step, files that are opened, refused and offered, in both languages.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../../../core/tests/data/measurement.json', import.meta.url));
const id = (page, name) => page.locator(`[data-testid="${name}"]`);

async function openDoor(t, tab, options = {}) {
  const page = await t.open({ hash: '#/measure', ...options });
  await id(page, 'measure').waitFor();
  assert.equal(await id(page, 'measure').evaluate((door) => getComputedStyle(door).display), 'flex', 'the door has its styles');
  if (tab) await id(page, `tab-${tab}`).click();
  return page;
}

const counts = async (page, way) => {
  const read = async (name) => Number.parseInt(await id(page, way).locator(`[data-testid="c-${name}"]`).innerText(), 10);
  return [await read('cpu'), await read('dma'), await read('calls'), await read('switches')];
};

/** Waits until `ask` holds; the page has 20 s. */
async function until(page, what, ask) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    if (await ask()) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`still not so after 20 s: ${what}`);
}

export default {
  'presets are called presets, and the disk scene runs to its ratio': async (t) => {
    const page = await openDoor(t);
    assert.match(await id(page, 'whose').innerText(), /nobody measured/);
    assert.match(await id(page, 'how').innerText(), /highwater bench all --json mine\.json/);
    assert.equal(await page.locator('.chart svg').count(), 1);
    await id(page, 'm-play').click();
    await until(page, 'both lanes are done', async () => /6000× as long/.test(await id(page, 'm-said').innerText()));
  },

  'the copy scene steps by keyboard and counts what the table says': async (t) => {
    const page = await openDoor(t, undefined, { reducedMotion: 'reduce' });
    await t.press(page, '3');
    await id(page, 'sendfile').waitFor();
    assert.deepEqual(await counts(page, 'read-write'), [0, 0, 0, 0]);
    for (let i = 0; i < 9; i += 1) await t.press(page, 'ArrowRight');
    await until(page, 'all steps', async () => (await counts(page, 'read-write')).join() === '2,2,2,4');
    assert.deepEqual(await counts(page, 'sendfile'), [0, 2, 1, 2]);
    await t.press(page, 'r');
    await until(page, 'the beginning', async () => (await counts(page, 'read-write')).join() === '0,0,0,0');
    await id(page, 'tls-1').click();
    assert.match(await id(page, 'sendfile').innerText(), /does not use sendfile/);
  },

  'a reader far behind sends the others to the disk': async (t) => {
    const page = await openDoor(t, 'cache');
    for (let i = 0; i < 3; i += 1) await id(page, 'm-forward').click();
    assert.equal(await id(page, 't-misses').innerText(), '0');
    await id(page, 'catch-up').click();
    for (let i = 0; i < 14; i += 1) await id(page, 'm-forward').click();
    await until(page, 'the one 8 s behind reads the disk', () => page.locator('.reader.missed[data-who="Near"]').count());
    await id(page, 'power').click();
    assert.match(await id(page, 'm-said').innerText(), /Memory is empty/);
  },

  'a measurement file is opened, a bad one is refused in words': async (t) => {
    const page = await openDoor(t);
    await id(page, 'open-file').setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{"format": "x"}') });
    await id(page, 'refused').waitFor();
    assert.match(await id(page, 'refused').innerText(), /other\.json.*highwater bench all --json/s);
    await id(page, 'open-file').setInputFiles(FILE);
    await until(page, 'it is shown', async () => /Measured/.test(await id(page, 'whose').innerText()));
    assert.equal(await id(page, 'refused').count(), 0);
    assert.match(await id(page, 'chart-title').innerText(), /^Here: /);
    assert.equal(await id(page, 'parted').locator('tbody tr').count(), 3);
    // Another door and back: it is still there.
    await id(page, 'door-play').click();
    await id(page, 'door-measure').click();
    assert.match(await id(page, 'whose').innerText(), /Measured/);
    await id(page, 'to-presets').click();
    assert.match(await id(page, 'whose').innerText(), /nobody measured/);
  },

  'a file can be dropped': async (t) => {
    const page = await openDoor(t);
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['[]'], 'dropped.json', { type: 'application/json' }));
      return data;
    });
    await id(page, 'measure').dispatchEvent('drop', { dataTransfer: transfer });
    await id(page, 'refused').waitFor();
    assert.match(await id(page, 'refused').innerText(), /dropped\.json/);
  },

  'the language changes and the state stays': async (t) => {
    const page = await openDoor(t, 'copies', { reducedMotion: 'reduce' });
    for (let i = 0; i < 4; i += 1) await t.press(page, 'ArrowRight');
    const before = await counts(page, 'read-write');
    await t.press(page, 'l');
    await until(page, 'it is Korean', async () => /제로 카피/.test(await id(page, 'tab-copies').innerText()));
    assert.deepEqual(await counts(page, 'read-write'), before);
    assert.match(await id(page, 'whose').innerText(), /여기서 잰 값이 아닙니다/);
  },

  'a server with a measurement offers it': async (t) => {
    const served = await t.serve('--measurement', FILE);
    const page = await openDoor(t, undefined, { url: served.url });
    await until(page, 'it is shown', async () => /offered by this server/.test(await id(page, 'whose').innerText()));
    assert.match(await id(page, 'chart-title').innerText(), /^Here: /);
  },

  'screenshots to be looked at': async (t) => {
    for (const tab of ['disk', 'cache', 'copies']) {
      await t.shots(`measure-${tab}`, async (page) => {
        await page.goto(`${page.url().split('#')[0]}#/measure`);
        await id(page, `tab-${tab}`).click();
        if (tab === 'cache') await id(page, 'catch-up').click();
        for (let i = 0; i < 6; i += 1) await id(page, 'm-forward').click();
      });
    }
  },
};
