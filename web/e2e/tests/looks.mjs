// Screenshots of telling moments, both sizes, light and dark, English and Korean: to be looked at by a person.
const id = (page, name) => page.locator(`[data-testid="${name}"]`);

async function seek(page, us) {
  await id(page, 'scrubber').evaluate((input, value) => {
    input.max = String(Math.max(Number(input.max), value));
    input.value = String(value);
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, us);
  await page.waitForTimeout(600);
}

export default {
  'records in flight': (t) =>
    t.shots('play-flight', async (page) => {
      await id(page, 'coach-close').click();
      await seek(page, 213_500);
    }),

  'after the leader crashed and another took over': (t) =>
    t.shots('play-failover', async (page) => {
      await id(page, 'coach-close').click();
      await seek(page, 213_500);
      await id(page, 'switch-1').click();
      await seek(page, 9_112_000);
      await t.press(page, '2');
      await page.waitForTimeout(300);
    }),

  'the Trial door with a verdict': (t) =>
    t.shots('trial-found', async (page) => {
      await id(page, 'coach-close').click();
      await id(page, 'door-trial').click();
      await id(page, 'search').click();
      await id(page, 'decides').waitFor({ timeout: 60_000 });
    }),
};
