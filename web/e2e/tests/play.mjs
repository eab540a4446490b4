// The story of the first slice: records flow, the leader crashes, another takes over, time goes back.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { crowdedScene } from '../lib/crowd.mjs';

const id = (page, name) => page.locator(`[data-testid="${name}"]`);
const number = async (page, name) => Number(await id(page, name).locator('dd').innerText());

/** Waits until `ask` holds, asking again; the page has 20 s. */
async function until(page, what, ask) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    if (await ask()) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`still not so after 20 s: ${what}`);
}

/** Opens the page without the coach's mark. */
function openSettled(t, options = {}) {
  const prepare = (page) => page.addInitScript(() => localStorage.setItem('highwater.coached', '"1"'));
  return t.open({ prepare, ...options });
}

async function seek(page, us) {
  await id(page, 'scrubber').evaluate((input, value) => {
    input.max = String(Math.max(Number(input.max), value));
    input.value = String(value);
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, us);
}

export default {
  'records flow when it plays': async (t) => {
    const page = await openSettled(t);
    await id(page, 'play').click();
    await until(page, 'a record is acknowledged', async () => (await number(page, 'ledger-acked')) > 0);
    assert.equal(await number(page, 'ledger-lost'), 0);
    assert.match(await id(page, 'clock').innerText(), /^0\.0\d\d s$/, 'in slow motion');
  },

  'another broker leads after the leader crashed': async (t) => {
    const page = await openSettled(t);
    await seek(page, 200_000);
    await id(page, 'switch-1').click();
    await until(page, 'broker 1 is down', async () => /crashed/.test(await id(page, 'broker-1').innerText()));
    await id(page, 'play').click();
    await until(page, 'broker 2 leads', async () => (await id(page, 'broker-2').locator('.pill').count()) === 1);
    assert.match(await id(page, 'head-leader').innerText(), /leader 2 · e1/);
    assert.match(await id(page, 'isr').innerText(), /ISR \{2,3\}/);
    assert.equal(await number(page, 'ledger-lost'), 0);
  },

  'time goes one event back and forward': async (t) => {
    const page = await openSettled(t, { reducedMotion: 'reduce' });
    await seek(page, 100_000);
    await until(page, 'it is there', async () => (await id(page, 'clock').innerText()) === '0.100 s');
    await id(page, 'back').click();
    const before = await id(page, 'clock').innerText();
    assert.ok(before < '0.100 s', before);
    const said = await id(page, 'said').locator('.now').innerText();
    await id(page, 'back').click();
    await until(page, 'another event', async () => (await id(page, 'said').locator('.now').innerText()) !== said);
    await id(page, 'forward').click();
    await until(page, 'the same event', async () => (await id(page, 'said').locator('.now').innerText()) === said);
  },

  'acks=1 can lose what acks=all keeps': async (t) => {
    for (const [acks, lost] of [['1', true], ['all', false]]) {
      const page = await openSettled(t);
      if (acks !== 'all') {
        await id(page, `acks-${acks}`).first().click();
        await until(page, 'it says so', async () => /acks=1.*42/.test(await id(page, 'notice').innerText()));
      }
      // The leader goes on alone: what it acknowledges with acks=1 is nowhere else when it dies.
      await seek(page, 100_000);
      await t.press(page, '1');
      await id(page, 'links').click();
      await id(page, 'act-cut-b1-b2').click();
      await id(page, 'act-cut-b1-b3').click();
      await seek(page, 150_000);
      await id(page, 'switch-1').click();
      await id(page, 'speed').selectOption({ label: '20×' });
      await id(page, 'play').click();
      await until(page, 'broker 2 leads', async () => (await id(page, 'broker-2').locator('.pill').count()) === 1);
      assert.equal((await number(page, 'ledger-lost')) > 0, lost, `acks=${acks}`);
    }
  },

  'the language changes and the state stays': async (t) => {
    const page = await openSettled(t);
    await seek(page, 150_000);
    const sent = await number(page, 'ledger-sent');
    await id(page, 'lang').click();
    await until(page, 'it is Korean', async () => /브로커 1/.test(await id(page, 'broker-1').innerText()));
    assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
    assert.equal(await number(page, 'ledger-sent'), sent);
    await page.reload();
    await t.started(page);
    assert.match(await id(page, 'broker-1').innerText(), /브로커 1/, 'the language is kept');
  },

  'everything can be done from the keyboard': async (t) => {
    const page = await openSettled(t);
    await t.press(page, ' ');
    await until(page, 'it plays', async () => (await id(page, 'play').getAttribute('aria-label')) === 'Pause');
    await t.press(page, ' ');
    await t.tabTo(page, '[data-testid="switch-1"]');
    await t.press(page, 'Enter');
    await until(page, 'broker 1 is down', async () => /crashed/.test(await id(page, 'broker-1').innerText()));
    await t.press(page, '2');
    await until(page, 'broker 2 is selected', async () => (await id(page, 'inspected').innerText()) === 'broker 2');
    await t.press(page, '?');
    await id(page, 'help-dialog').waitFor();
    await t.press(page, 'Escape');
    await id(page, 'help-dialog').waitFor({ state: 'detached' });
    await t.press(page, 'l');
    await until(page, 'it is Korean', async () => (await page.locator('html').getAttribute('lang')) === 'ko');
    const clock = await id(page, 'clock').innerText();
    await t.press(page, 'ArrowRight');
    await until(page, 'time went on', async () => (await id(page, 'clock').innerText()) !== clock);
  },

  'a click on a record explains it': async (t) => {
    const page = await openSettled(t);
    await seek(page, 200_000);
    const card = await id(page, 'broker-1').boundingBox();
    await page.mouse.click(card.x + 36, card.y + card.height * 0.6);
    await until(page, 'the record', async () => /pay-0@0/.test(await id(page, 'inspected').innerText()));
    assert.ok((await id(page, 'why').locator('li').count()) > 0);
  },

  'a reload restores the scene': async (t) => {
    const page = await openSettled(t);
    await seek(page, 200_000);
    await id(page, 'switch-1').click();
    await until(page, 'broker 1 is down', async () => /crashed/.test(await id(page, 'broker-1').innerText()));
    await page.reload();
    await t.started(page);
    await until(page, 'as it was', async () => /crashed/.test(await id(page, 'broker-1').innerText()));
    assert.equal(await id(page, 'clock').innerText(), '0.200 s');
  },

  'a damaged kept scene is no obstacle': async (t) => {
    const prepare = (page) => page.addInitScript(() => localStorage.setItem('highwater.scene', '"{broken"'));
    const page = await t.open({ prepare });
    await id(page, 'coach').waitFor();
    assert.equal(await id(page, 'clock').innerText(), '0.000 s');
  },

  'the first visit points at play, then at the leader': async (t) => {
    const page = await t.open();
    assert.match(await id(page, 'coach').innerText(), /Press play/);
    await id(page, 'play').click();
    await until(page, 'the next advice', async () => /crash the leader/.test(await id(page, 'coach').innerText()));
    await id(page, 'switch-1').click();
    await id(page, 'coach').waitFor({ state: 'detached' });
  },

  'a crowd of messages wears the colours of its keys, in both themes': async (t) => {
    const scene = crowdedScene(400, '0');
    const page = await openSettled(t, {
      colorScheme: 'light',
      prepare: (page) => page.addInitScript((kept) => localStorage.setItem('highwater.scene', kept), scene),
    });
    // Pixels of exactly the first key's colour in the left half of the canvas: there messages are on their way.
    const worn = () => page.evaluate(() => {
      const canvas = document.querySelector('.stage canvas');
      const probe = document.createElement('canvas').getContext('2d');
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--key-1').trim();
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      const { data } = canvas.getContext('2d').getImageData(0, 0, Math.floor(canvas.width / 4), canvas.height);
      let n = 0;
      for (let i = 0; i < data.length; i += 4) n += data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255;
      return n;
    });
    await until(page, 'the first key is seen', async () => (await worn()) > 100);
    await id(page, 'theme').click();
    await until(page, 'so it is in the dark', async () => (await worn()) > 100);
  },

  'a share consumer is inspected as one, and what was given up is counted': async (t) => {
    const scenario = await readFile(new URL('../../../assets/scenarios/share-group.json', import.meta.url), 'utf8');
    const scene = `highwater-scene-1 5200000 auto consumer-0 0\n${scenario}`;
    const page = await openSettled(t, {
      prepare: (page) => page.addInitScript((kept) => localStorage.setItem('highwater.scene', kept), scene),
    });
    const said = await page.locator('.inspector').innerText();
    for (const wanted of [/share \(KIP-932\)/, /share\.acknowledgement\.mode/, /share\.acquire\.mode/, /holds acquired/, /group\.share\.delivery\.count\.limit/]) {
      assert.match(said, wanted);
    }
    assert.doesNotMatch(said, /position|auto\.commit/);
    assert.equal(await number(page, 'ledger-given-up'), 1);
    assert.match(await id(page, 'legend').innerText(), /acquired[^]*acknowledged[^]*archived[^]*poison/);
    await id(page, 'deselect').click();
    assert.equal(await id(page, 'set-kafka-2.8').getAttribute('aria-disabled'), 'true');
    assert.match(await id(page, 'refused').innerText(), /2\.8.*from 4\.2 on/);
  },

  'terms explain themselves: by pointer on the stage, by focus in the inspector, all of them in the help': async (t) => {
    const page = await openSettled(t);
    await seek(page, 200_000);
    const stage = await id(page, 'stage').boundingBox();
    const cards = await id(page, 'broker-1').boundingBox();
    await until(page, 'the label of the tide line says what it is', async () => {
      for (let x = cards.x; x < cards.x + cards.width; x += 20) {
        await page.mouse.move(x, stage.y + stage.height - 22);
        if (await id(page, 'pointed').count()) {
          await page.waitForTimeout(500);
          return /every in-sync replica/.test(await id(page, 'pointed').innerText());
        }
      }
      return false;
    });
    await page.keyboard.press('Escape');
    await id(page, 'pointed').waitFor({ state: 'detached' });
    await id(page, 'isr').hover();
    await until(page, 'so does the ISR', async () => /keep up with the leader/.test(await id(page, 'pointed').innerText()));
    await id(page, 'partition-0').locator('.name').click();
    await t.tabTo(page, '.inspector .term');
    assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement.querySelector('.tip')).display), 'block');
    await t.press(page, '?');
    await id(page, 'glossary').click();
    for (const word of ['share group', 'quorum', 'voter', 'ELR', 'leader epoch', 'acquisition lock']) {
      assert.ok((await page.locator('.help .words dt', { hasText: word }).count()) > 0, word);
    }
    await t.press(page, 'Escape');
    await id(page, 'help-dialog').waitFor({ state: 'detached' });
  },

  'the keys of the help do what it says': async (t) => {
    const page = await openSettled(t, { reducedMotion: 'reduce' });
    const clock = () => id(page, 'clock').innerText();
    const inspected = (name) => until(page, name, async () => (await id(page, 'inspected').innerText()) === name);
    await t.press(page, '?');
    const listed = await page.locator('.help kbd').allInnerTexts();
    assert.deepEqual(listed, ['Space', '→ PgDn', '← PgUp', 'R', '1 2 3', 'C', 'X', 'P', 'Tab', 'D', 'L', 'T', '?', 'Esc']);
    await t.press(page, '?');
    await id(page, 'help-dialog').waitFor({ state: 'detached' });
    for (const [on, back] of [['ArrowRight', 'ArrowLeft'], ['PageDown', 'PageUp']]) {
      await seek(page, 100_000);
      await until(page, 'it is there', async () => (await clock()) === '0.100 s');
      await t.press(page, on);
      await until(page, `${on} goes on`, async () => (await clock()) > '0.100 s');
      await t.press(page, back, back);
      await until(page, `${back} goes back`, async () => (await clock()) < '0.100 s');
    }
    await t.press(page, 'c');
    await inspected('Controller');
    await t.press(page, '3');
    await inspected('broker 3');
    await t.press(page, 'p');
    await until(page, 'it stands still', async () => /stands still until/.test(await page.locator('.inspector').innerText()));
    await t.press(page, 'x');
    await until(page, 'it is down', async () => /crashed/.test(await id(page, 'broker-3').innerText()));
    await t.press(page, 'Escape', 'Escape'); // first the notice that the past was changed
    await inspected('The run');
    await t.press(page, 'r');
    await until(page, 'from the beginning', async () => (await clock()) === '0.000 s');
    const theme = () => page.locator('html').getAttribute('data-theme');
    const before = await theme();
    await t.press(page, 't');
    await until(page, 'other colours', async () => (await theme()) !== before);
    await t.press(page, 'd');
    await until(page, 'the next door', async () => !page.url().endsWith('#/play') && page.url().includes('#/'));
  },

  'who reads English does not load the Korean half of the font': async (t) => {
    const fonts = [];
    const page = await openSettled(t, { prepare: (page) => page.on('request', (r) => r.url().endsWith('.woff2') && fonts.push(r.url())) });
    const loaded = () => fonts.map((url) => url.split('/').at(-1)).sort();
    await until(page, 'its fonts come', async () => fonts.length >= 2);
    await page.waitForTimeout(500);
    assert.deepEqual(loaded(), ['highwater-sans-latin.woff2', 'jetbrains-mono.woff2']);
    await id(page, 'lang').click();
    await until(page, 'the Korean half comes', async () => loaded().includes('highwater-sans-korean.woff2'));
  },

  'the list of events goes back as far as one likes': async (t) => {
    const page = await openSettled(t);
    await seek(page, 2_000_000);
    await id(page, 'tab-events').click();
    const lines = () => page.locator('.events li').count();
    await until(page, 'the newest are there', async () => (await lines()) === 80);
    await id(page, 'earlier').click();
    await until(page, 'more are there', async () => (await lines()) > 80);
  },
};
