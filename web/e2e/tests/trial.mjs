// The Trial door: a configuration is searched in a worker, the story plays on the stage.
import assert from 'node:assert/strict';

const id = (page, name) => page.locator(`[data-testid="${name}"]`);

async function until(page, what, holds, limit = 30_000) {
  const end = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not so after ${limit} ms: ${what}`);
    await page.waitForTimeout(50);
  }
}

const opened = (t, options = {}) => t.open({ hash: '#/trial', ...options });
const verdict = (page) => id(page, 'verdict').innerText();

/** A trial that takes long enough to be watched: acks=all, two records, two crashes. */
async function long(page) {
  await id(page, 'pick').selectOption('acks-all');
  await id(page, 'bound-0-more').click();
  await id(page, 'bound-1-more').click();
  await id(page, 'search').click();
  await until(page, 'it shows where it stands', async () => (await id(page, 'effort').count()) === 1);
}

export default {
  'acks=1 loses a record in six steps, and the story plays on the stage': async (t) => {
    const page = await opened(t);
    await id(page, 'search').click();
    await id(page, 'verdict').waitFor();
    assert.match(await verdict(page), /Found: an acknowledged record is lost[^]*1 fault, 6 steps/);
    assert.equal(await id(page, 'story').locator('li').count(), 6);
    await id(page, 'play-story').click();
    assert.equal(new URL(page.url()).hash, '#/play');
    await id(page, 'broker-1').waitFor();
    await until(page, 'the record is lost on the stage', async () => (await id(page, 'ledger-lost').locator('dd').innerText()) === '1');
    assert.equal(await id(page, 'clock').innerText(), 'step 6', 'a story has an order and no times');
    await id(page, 'back-to-trial').click();
    assert.match(await verdict(page), /6 steps/, 'the verdict is still there');
  },

  'each thing flipped has a verdict, and those that decide are named': async (t) => {
    const page = await opened(t);
    await id(page, 'search').click();
    await id(page, 'decides').waitFor({ timeout: 60_000 });
    const text = await id(page, 'flips').innerText();
    assert.match(text, /acks\s+1 → all\s+none in [\d\u202f]+ states/);
    assert.match(text, /enable\.idempotence\s+false → true\s+Kafka refuses this/);
    assert.match(await id(page, 'decides').innerText(), /acks 1 → all; broker crashes 1 → 0/);
  },

  'none is said with its bounds, and a change takes the verdict away': async (t) => {
    const page = await opened(t);
    await id(page, 'bound-1-less').click();
    await id(page, 'search').click();
    await id(page, 'verdict').waitFor();
    assert.match(await verdict(page), /None found in \d+ states[^]*Complete: every order of at most 1 record was searched[^]*no promise beyond these bounds/);
    await id(page, 'knob-acks-all').click();
    await id(page, 'verdict').waitFor({ state: 'detached' });
  },

  'a long search shows where it stands, leaves the page alone, and can be cancelled': async (t) => {
    const page = await opened(t);
    await long(page);
    const before = await id(page, 'effort').innerText();
    await until(page, 'it goes on', async () => (await id(page, 'effort').innerText()) !== before);
    // The page answers while the search runs.
    const begin = Date.now();
    await t.press(page, 'l');
    await until(page, 'it is Korean', async () => /탐색/.test(await id(page, 'search').innerText()));
    assert.ok(Date.now() - begin < 2000, `${Date.now() - begin} ms`);
    await id(page, 'cancel').click();
    assert.match(await verdict(page), /취소함: 판정 없음/);
    await id(page, 'cancel').waitFor({ state: 'detached' });
  },

  'a limit is said, not taken for a verdict': async (t) => {
    const page = await opened(t);
    await id(page, 'pick').selectOption('acks-all');
    await id(page, 'bound-0-more').click();
    await id(page, 'limit-states').selectOption('100000');
    await id(page, 'search').click();
    await id(page, 'verdict').waitFor({ timeout: 60_000 });
    assert.match(await verdict(page), /then the limit of 100000 states was reached[^]*Not complete/);
  },

  'everything can be done from the keyboard': async (t) => {
    const page = await t.open();
    await id(page, 'coach-close').click();
    for (let i = 0; i < 6 && new URL(page.url()).hash !== '#/trial'; i += 1) {
      await t.press(page, 'd');
      await page.waitForTimeout(100);
    }
    await id(page, 'trial').waitFor();
    await t.tabTo(page, '[data-testid="knob-acks-all"]');
    await t.press(page, 'Enter');
    assert.equal(await id(page, 'knob-acks-all').getAttribute('aria-pressed'), 'true');
    await t.press(page, 'Shift+Tab', 'Space');
    assert.equal(await id(page, 'knob-acks-1').getAttribute('aria-pressed'), 'true');
    await t.tabTo(page, '[data-testid="search"]');
    await t.press(page, 'Enter');
    await id(page, 'verdict').waitFor();
    await until(page, 'it is heard', async () => /Found: an acknowledged record is lost/.test(await id(page, 'live').innerText()));
    await t.tabTo(page, '[data-testid="play-story"]');
    await t.press(page, 'Enter');
    await id(page, 'broker-1').waitFor();
    await t.press(page, ' ');
    await until(page, 'it pauses', async () => (await id(page, 'play').getAttribute('aria-label')) === 'Play');
  },

  'what Kafka refuses is said and changes nothing': async (t) => {
    const page = await opened(t);
    await id(page, 'knob-enable.idempotence-true').click();
    assert.match(await id(page, 'notice').innerText(), /enable\.idempotence/);
    assert.equal(await id(page, 'knob-enable.idempotence-false').getAttribute('aria-pressed'), 'true');
  },

  'a reload restores the door and what is on trial; Play’s cluster can be taken': async (t) => {
    const page = await opened(t);
    await id(page, 'knob-acks-all').click();
    await page.reload();
    await t.started(page);
    assert.equal(await id(page, 'knob-acks-all').getAttribute('aria-pressed'), 'true');
    await id(page, 'from-play').click();
    assert.match(await page.locator('.where').innerText(), /Three brokers, one partition/);
    assert.equal(await id(page, 'promise-handled_twice').count(), 1, 'it has readers');
  },

  'a story can’t be changed, but left': async (t) => {
    const page = await opened(t);
    await id(page, 'search').click();
    await id(page, 'play-story').click();
    await id(page, 'send').click();
    assert.match(await id(page, 'notice').innerText(), /A story can.t be changed/);
    await id(page, 'play-freely').click();
    await id(page, 'back-to-trial').waitFor({ state: 'detached' });
    await id(page, 'send').click();
    await until(page, 'it is sent', async () => (await id(page, 'ledger-sent').locator('dd').innerText()) === '1');
  },

  'works below a sub-path of a static server': async (t) => {
    const page = await opened(t, { url: t.site.subPath });
    await id(page, 'search').click();
    await id(page, 'verdict').waitFor();
  },
};
