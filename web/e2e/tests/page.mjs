// What holds for the page whatever the app shows.
import assert from 'node:assert/strict';

const isShown = (page) => page.locator('#fatal').isVisible();

/** A page whose WASM module is answered with `answer`. */
async function withModule(t, answer) {
  t.expectFailures();
  const page = await t.open({
    started: false,
    prepare: (page) => page.route('**/*.wasm', (route) => route.fulfill(answer)),
  });
  await page.locator('#fatal').waitFor();
  return page;
}

export default {
  'starts under the strict policy without an error': async (t) => {
    const page = await t.open();
    assert.equal(await isShown(page), false);
    const response = await page.request.get(t.site.url);
    assert.match(response.headers()['content-security-policy'], /script-src 'self' 'wasm-unsafe-eval' 'sha256-/);
  },

  'starts below a sub-path of a static server': async (t) => {
    const page = await t.open({ url: t.site.subPath });
    assert.equal(await isShown(page), false);
  },

  'shows the plain page in both languages if the module is missing': async (t) => {
    const page = await withModule(t, { status: 404, body: 'gone' });
    assert.match(await page.locator('#fatal').innerText(), /Highwater has stopped[^]*멈췄습니다/);
    assert.equal(await page.locator('#app').isVisible(), false);
    assert.equal(await page.locator('#fatal-scenario').isVisible(), false);
  },

  'shows the plain page if the module is damaged': async (t) => {
    const page = await withModule(t, { status: 200, contentType: 'application/wasm', body: 'not a module' });
    assert.notEqual(await page.locator('#fatal-detail').innerText(), '');
  },

  'shows the plain page if the script is missing': async (t) => {
    t.expectFailures();
    const page = await t.open({
      started: false,
      prepare: (page) => page.route('**/app-*.js', (route) => route.abort()),
    });
    await page.locator('#fatal').waitFor();
  },

  'shows the plain page in a browser without WebAssembly': async (t) => {
    t.expectFailures();
    const page = await t.open({
      started: false,
      prepare: (page) => page.addInitScript('delete globalThis.WebAssembly'),
    });
    await page.locator('#fatal').waitFor();
  },

  'gives the scenario back when the app dies': async (t) => {
    t.expectFailures();
    const page = await t.open();
    // What the app's panic hook does, and what the panic then does to the module.
    await page.evaluate(() => {
      document.getElementById('fatal-scenario').value = '{"format":1}';
      setTimeout(() => {
        throw new WebAssembly.RuntimeError('unreachable');
      });
    });
    await page.locator('#fatal').waitFor();
    assert.equal(await page.locator('#fatal-scenario').inputValue(), '{"format":1}');
    assert.match(await page.locator('#fatal-detail').innerText(), /unreachable/);
  },

  'gives the scenario back when the app really panics': async (t) => {
    t.expectFailures();
    const page = await t.open();
    await page.locator('[data-testid="forward"]').click();
    await page.locator('[data-testid="tab-events"]').click();
    await page.locator('.events li').first().waitFor();
    // Somebody else takes a node away that the app still counts on, as some extensions do.
    await page.evaluate(() => document.querySelectorAll('.events li').forEach((e) => e.remove()));
    for (let i = 0; i < 6 && !(await isShown(page)); i += 1) {
      await page.locator('[data-testid="forward"]').click();
      await page.waitForTimeout(900);
    }
    await page.locator('#fatal').waitFor();
    assert.match(await page.locator('#fatal-detail').innerText(), /panicked/);
    const scenario = JSON.parse(await page.locator('#fatal-scenario').inputValue());
    assert.equal(scenario.topology.brokers, 3);
    await page.reload();
    await t.started(page);
    assert.equal(await page.locator('[data-testid="clock"]').innerText(), '0.000 s', 'begins afresh');
  },

  'survives the errors that are none of the app’s': async (t) => {
    t.expectFailures();
    const page = await t.open();
    await page.evaluate(() => {
      setTimeout(() => {
        throw new Error('of an extension');
      });
    });
    await page.waitForTimeout(100);
    assert.equal(await isShown(page), false);
  },

  'says in words that it needs JavaScript': async (t) => {
    const page = await t.open({ started: false, javaScriptEnabled: false });
    assert.match(await page.locator('noscript').innerText(), /needs JavaScript/);
  },
};
