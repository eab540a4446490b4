// A scenario as a link and as a file, both ways.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const id = (page, name) => page.locator(`[data-testid="${name}"]`);

async function until(page, what, holds, limit = 15_000) {
  const end = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not so after ${limit} ms: ${what}`);
    await page.waitForTimeout(50);
  }
}

async function seek(page, us) {
  await id(page, 'scrubber').evaluate((input, value) => {
    input.max = String(Math.max(Number(input.max), value));
    input.value = String(value);
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, us);
}

const isDown = (page) => until(page, 'broker 1 is down', async () => /crashed/.test(await id(page, 'broker-1').innerText()));

/** Broker 1 was crashed by hand at 0.2 s. */
async function byHand(t) {
  const page = await t.open();
  await id(page, 'coach-close').click();
  await seek(page, 200_000);
  await id(page, 'switch-1').click();
  await isDown(page);
  await id(page, 'share').click();
  return page;
}

const open = (page, text) => id(page, 'keep-open').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(text) });

export default {
  'what was done by hand is in the link': async (t) => {
    const page = await byHand(t);
    const link = await id(page, 'keep-link').inputValue();
    assert.match(link, /#\/play\/1\.[\w-]+$/);
    assert.ok(link.length < 2000, `${link.length} characters`);
    const other = await t.open({ url: link });
    await until(other, 'the address names the door', () => new URL(other.url()).hash === '#/play');
    assert.equal(await id(other, 'clock').innerText(), '0.000 s');
    await seek(other, 300_000);
    await isDown(other);
    await other.reload();
    await t.started(other);
    await until(other, 'a reload restores where one was, not the link', async () => (await id(other, 'clock').innerText()) === '0.300 s');
  },

  'a file goes out and comes in': async (t) => {
    const page = await byHand(t);
    const [download] = await Promise.all([page.waitForEvent('download'), id(page, 'keep-download').click()]);
    assert.equal(download.suggestedFilename(), 'three-brokers-one-partition.json');
    const text = await readFile(await download.path(), 'utf8');
    assert.equal(JSON.parse(text).commands[0].do, 'crash');
    const other = await t.open();
    await id(other, 'share').click();
    await open(other, text);
    await id(other, 'keep').waitFor({ state: 'detached' });
    await seek(other, 300_000);
    await isDown(other);
  },

  'a scenario that comes with the app is opened by name': async (t) => {
    const page = await t.open();
    await id(page, 'share').click();
    await id(page, 'keep-shipped').selectOption('share-group');
    await id(page, 'keep').waitFor({ state: 'detached' });
    await until(page, 'it is on the stage', async () => /workers/.test(await page.locator('body').innerText()));
    assert.equal(await id(page, 'coach').count(), 0, 'the coach speaks of the first scene');
  },

  'a bad link and a bad file are refused by their bad part': async (t) => {
    const page = await t.open({ hash: '#/play/1.ab*c' });
    assert.match(await id(page, 'notice').innerText(), /can.t be opened[^]*'\*' as its character 5/);
    await id(page, 'coach-close').click();
    await id(page, 'share').click();
    await open(page, '{"format":1,"kafka":"4.1","until_us":1,"topology":{"brokers":99,"topics":[]}}');
    await until(page, 'it says why', async () => (await id(page, 'keep-error').count()) === 1);
    assert.match(await id(page, 'keep-error').innerText(), /topology\.brokers: is 99/);
    await t.press(page, 'Escape');
    await id(page, 'keep').waitFor({ state: 'detached' });
    await page.evaluate(() => (location.hash = '#/trial/2.x'));
    await until(page, 'another bad link', async () => /version "2"/.test(await id(page, 'notice').innerText()));
  },

  'a story is kept as a link, and plays': async (t) => {
    const page = await t.open({ hash: '#/trial' });
    await id(page, 'search').click();
    await id(page, 'keep-story').click();
    const other = await t.open({ url: await id(page, 'keep-link').inputValue() });
    await id(other, 'play').click();
    await until(other, 'the record is lost', async () => (await id(other, 'ledger-lost').locator('dd').innerText()) === '1');
  },

  'a trial is kept as a link': async (t) => {
    const page = await t.open({ hash: '#/trial' });
    await id(page, 'bound-0-more').click();
    await id(page, 'share').click();
    const other = await t.open({ url: await id(page, 'keep-link').inputValue() });
    assert.equal(await id(other, 'bound-0').innerText(), '2');
  },
};
