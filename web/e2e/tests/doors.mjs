// The doors: each has an address, which a link, a key, the browser's history and a reload lead back to.
import assert from 'node:assert/strict';

const id = (page, name) => page.locator(`[data-testid="${name}"]`);
const open = (page) => page.locator('header nav [aria-current="page"]').getAttribute('data-testid');

export default {
  'the help lists the keys that work behind each door': async (t) => {
    const page = await t.open();
    const everywhere = ['Tab', 'D', 'L', 'T', '?', 'Esc'];
    const time = ['Space', '→ PgDn', '← PgUp', 'R'];
    const own = {
      '#/measure': [...time, '1 2 3'],
      '#/trial': [],
      '#/learn': [],
      '#/learn/L9/1': [...time, 'N', '1 2 3', 'P', 'C', 'X'],
      '#/play': [...time, '1 2 3', 'C', 'X', 'P'],
    };
    for (const [hash, keys] of Object.entries(own)) {
      await page.evaluate((to) => { location.hash = to; }, hash);
      await page.waitForTimeout(1200);
      await page.keyboard.press('?');
      assert.deepEqual(await page.locator('.help .two kbd').allInnerTexts(), [...keys, ...everywhere], hash);
      await page.keyboard.press('Escape');
      await page.locator('[data-testid="help-dialog"]').waitFor({ state: 'detached' });
    }
    // In the list of lessons, keys do not play the cluster behind the other door.
    await page.evaluate(() => { location.hash = '#/learn'; });
    await page.waitForTimeout(600);
    await page.keyboard.press('Space');
    await page.waitForTimeout(600);
    await page.evaluate(() => { location.hash = '#/play'; });
    await page.waitForTimeout(600);
    assert.equal(await page.locator('[data-testid="clock"]').innerText(), '0.000 s');
    // The Measure door's own keys.
    await page.evaluate(() => { location.hash = '#/measure'; });
    await page.locator('[role=tab]').nth(2).waitFor();
    for (const n of [3, 2, 1]) {
      await page.keyboard.press(String(n));
      await page.waitForTimeout(200);
      assert.equal(await page.locator('[role=tab]').nth(n - 1).getAttribute('aria-selected'), 'true', `key ${n}`);
    }
  },

  'the first door is open, whatever the address says': async (t) => {
    for (const hash of ['', '#/attic', '#controls']) {
      assert.equal(await open(await t.open({ hash })), 'door-play', hash);
    }
  },

  'what is behind the other doors comes when it is wanted, and can be tried again': async (t) => {
    t.expectFailures();
    const asked = [];
    const page = await t.open({ prepare: (page) => page.on('request', (r) => /behind-/.test(r.url()) && asked.push(r.url())) });
    await id(page, 'play').click();
    await page.waitForTimeout(500);
    assert.deepEqual(asked, [], 'the Play door needs none of it');
    await page.route('**/behind-*.wasm', (route) => route.abort());
    await id(page, 'door-trial').click();
    assert.match(await page.locator('[data-testid=coming] [role=alert]').innerText(), /can.t be loaded/);
    await id(page, 'lang').click();
    assert.match(await page.locator('[data-testid=coming] [role=alert]').innerText(), /불러올 수 없습니다/);
    await t.shot(page, 'door-missing');
    await page.unroute('**/behind-*.wasm');
    await id(page, 'fetch-again').click();
    await id(page, 'trial').waitFor();
    assert.ok(asked.length >= 2, `asked for ${asked.length} times`);
  },

  'the link to the controls leaves the address alone': async (t) => {
    const page = await t.open();
    await t.tabTo(page, '.skip');
    await t.press(page, 'Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'controls');
    assert.equal(new URL(page.url()).hash, '');
  },

  'the fidelity page is in the language and the colours of the app, and leads back to its door': async (t) => {
    const page = await t.open({ locale: 'ko-KR', hash: '#/learn' });
    await id(page, 'theme').click();
    const theme = await page.evaluate(() => document.documentElement.dataset.theme);
    await id(page, 'lang').click();
    await id(page, 'lang').click();
    await t.press(page, '?');
    const [fidelity] = await Promise.all([page.context().waitForEvent('page'), id(page, 'fidelity').click()]);
    await fidelity.waitForLoadState();
    assert.deepEqual(await fidelity.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), ['ko', theme]);
    assert.match(await fidelity.title(), /[가-힣]/);
    assert.ok(!(await fidelity.getByText('Back to Highwater').isVisible()));
    await fidelity.locator('#back').click();
    await id(fidelity, 'lesson-L11').waitFor();
    assert.equal(await open(fidelity), 'door-learn');
  },

  'nothing is warned of in the console': async (t) => {
    const warnings = [];
    const page = await t.open({ prepare: (page) => page.on('console', (m) => m.type() === 'warning' && warnings.push(m.text())) });
    await id(page, 'play').click();
    await page.waitForTimeout(4000);
    assert.deepEqual(warnings, []);
  },
};
