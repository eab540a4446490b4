// Lessons: a whole one by keyboard only, in both languages; what is done by hand, what is kept, what is printed.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const id = (page, name) => page.locator(`[data-testid="${name}"]`);

/** Waits until `ask` holds, asking again; the page has 40 s. */
async function until(page, what, ask) {
  const end = Date.now() + 40_000;
  while (Date.now() < end) {
    if (await ask()) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`still not so after 40 s: ${what}`);
}

const shown = (page, name) => until(page, `${name} is shown`, async () => (await id(page, name).count()) > 0);
const place = (page) => page.evaluate(() => location.hash);

/** Tries reasons by their figures until the explanation comes. */
async function explain(t, page) {
  for (const key of ['1', '2', '3']) {
    if ((await id(page, 'explain').count()) > 0) break;
    await t.press(page, key);
    await page.waitForTimeout(150);
  }
  await shown(page, 'explain');
}

/** The clock once the scene of the step stands: the address changes first. */
async function settled(page) {
  let before;
  let now = await id(page, 'clock').innerText();
  do {
    before = now;
    await page.waitForTimeout(400);
    now = await id(page, 'clock').innerText();
  } while (now !== before);
  return now;
}

const lessonData = async (id) => JSON.parse(await readFile(new URL(`../../../assets/lessons/${id}.json`, import.meta.url)));

/** Takes the step that is open: predicts the first option, runs to the decisive event, to the end, explains, goes on. */
async function step(t, page, language, cost) {
  if (cost) {
    await shown(page, 'options-1');
    await t.press(page, 'n', 'Space');
    assert.equal(await id(page, 'skip').count(), 0, 'nothing runs before a prediction');
    await t.press(page, 'p', '1', 'n');
  } else {
    const clock = await settled(page);
    await t.press(page, 'n', 'Space', 'ArrowRight');
    assert.equal(await id(page, 'clock').innerText(), clock, 'nothing runs before a prediction');
    await t.press(page, 'p', '1', 'n');
    // Where the way to the decisive event is long, nobody has to wait for it.
    for (const end = Date.now() + 8_000; Date.now() < end && (await id(page, 'moment').count()) === 0; ) await page.waitForTimeout(100);
    if ((await id(page, 'moment').count()) > 0) {
      assert.ok((await id(page, 'moment').innerText()).length > 10);
      await t.press(page, 'n');
    }
  }
  await t.tabTo(page, '[data-testid="skip"]').catch(() => {});
  if ((await id(page, 'skip').count()) > 0) await t.press(page, 'Enter');
  await shown(page, 'outcome');
  const outcome = await id(page, 'outcome').innerText();
  assert.ok(!/[{}]/.test(outcome.replaceAll(/\{[\d,]+\}/g, '')), `a blank was left in ${outcome}`);
  assert.match(outcome, language === 'ko' ? /[가-힣]/ : /[a-z]/);
  await until(page, 'the outcome is read out', async () => (await id(page, 'live').innerText()).includes(outcome.slice(0, 20)));
  await explain(t, page);
  await t.press(page, 'n');
}

async function wholeLesson(t, lesson, locale, language) {
  const { steps, scene } = await lessonData(lesson);
  const page = await t.open({ locale, reducedMotion: 'reduce', hash: '#/learn' });
  await shown(page, `lesson-${lesson}`);
  await t.tabTo(page, `[data-testid="lesson-${lesson}"]`);
  await t.press(page, 'Enter');
  await shown(page, 'lesson');
  await t.press(page, 'n');
  for (let n = 1; n <= steps.length; n += 1) {
    await until(page, `step ${n}`, async () => (await place(page)).endsWith(`/${lesson}/${n}`));
    await step(t, page, language, scene.show !== undefined);
  }
  await until(page, 'the challenge', async () => (await place(page)).endsWith('/challenge'));
  return page;
}

/** Fails the challenge and is told why; then wins it by the published solution, and goes on to the commands. */
async function challenge(t, page, lesson) {
  const { challenge: c } = await lessonData(lesson);
  const names = (c.choices ?? []).map((x) => x.name);
  if (names.length > 0) {
    const right = names.indexOf(c.solution.choice);
    await shown(page, 'goals'); // the address changes first, and keys that come before the challenge are lost
    await t.press(page, String(right === 0 ? 2 : 1), 'n');
    await until(page, 'a condition is not met', async () => (await id(page, 'goals').locator('.unmet').count()) > 0);
    await t.press(page, String(right + 1), 'n');
  } else {
    await settled(page);
    await t.press(page, 'n');
    await until(page, 'a condition is not met', async () => (await id(page, 'goals').locator('.unmet').count()) > 0);
    for (let n = 0; n < c.hints; n += 1) {
      await t.tabTo(page, '[data-testid="hint"]');
      await t.press(page, 'Enter');
      await page.waitForTimeout(100);
    }
    await t.tabTo(page, '[data-testid="solve"]');
    await t.press(page, 'Enter');
    await id(page, 'scrubber').evaluate((input) => {
      input.max = '300000000';
      input.value = '300000000';
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    });
    await t.press(page, 'n');
  }
  await shown(page, 'won');
  await t.press(page, 'n');
  await until(page, 'the commands', async () => (await place(page)).endsWith('/end'));
}

/** A lesson from its list to its commands, without a mouse. */
const byKeyboard = (lesson, locale, language) => async (t) => challenge(t, await wholeLesson(t, lesson, locale, language), lesson);

export default {
  'a lesson from its list to its challenge, by keyboard': async (t) => {
    const page = await wholeLesson(t, 'L11', 'en-GB', 'en');
    await challenge(t, page, 'L11');
    await until(page, 'the commands', async () => /pay:0:3/.test(await id(page, 'lesson').innerText()));
    // What was done is kept over a reload.
    await page.goto(`${page.url().split('#')[0]}#/learn`);
    await page.reload();
    await t.started(page);
    assert.match(await id(page, 'lesson-L11').innerText(), /5 of 5 steps/);
    const [file] = await Promise.all([page.waitForEvent('download'), id(page, 'export-progress').click()]);
    assert.equal(file.suggestedFilename(), 'highwater-progress.json');
  },

  'L11 in Korean, by keyboard': byKeyboard('L11', 'ko-KR', 'ko'),
  'L7 by keyboard': byKeyboard('L7', 'en-GB', 'en'),
  'L7 in Korean, by keyboard': byKeyboard('L7', 'ko-KR', 'ko'),
  'L12 by keyboard': byKeyboard('L12', 'en-GB', 'en'),
  'L12 in Korean, by keyboard': byKeyboard('L12', 'ko-KR', 'ko'),
  'L4 by keyboard': byKeyboard('L4', 'en-GB', 'en'),
  'L4 in Korean, by keyboard': byKeyboard('L4', 'ko-KR', 'ko'),
  'L6 by keyboard': byKeyboard('L6', 'en-GB', 'en'),
  'L6 in Korean, by keyboard': byKeyboard('L6', 'ko-KR', 'ko'),
  'L9 by keyboard': byKeyboard('L9', 'en-GB', 'en'),
  'L9 in Korean, by keyboard': byKeyboard('L9', 'ko-KR', 'ko'),
  'L17 by keyboard': byKeyboard('L17', 'en-GB', 'en'),
  'L17 in Korean, by keyboard': byKeyboard('L17', 'ko-KR', 'ko'),

  'a wrong prediction can be run, beside what happened': async (t) => {
    const page = await t.open({ reducedMotion: 'reduce', hash: '#/learn/L11/2' });
    await shown(page, 'lesson');
    await t.press(page, '1', 'n');
    await shown(page, 'skip');
    await id(page, 'skip').click();
    await shown(page, 'belief');
    assert.equal(await id(page, 'ledger-lost').locator('dd').innerText(), '1');
    await t.tabTo(page, '[data-testid="belief"]');
    await t.press(page, 'Enter');
    await shown(page, 'believed');
    await until(page, 'what came of it is said when it is over', async () => /acks=all/.test(await id(page, 'believed').innerText()));
    await until(page, 'it has run', async () => (await id(page, 'ledger-acked').locator('dd').innerText()) === '4');
    assert.equal(await id(page, 'ledger-lost').locator('dd').innerText(), '0');
    await id(page, 'belief').click();
    await until(page, 'back to what happened', async () => (await id(page, 'believed').count()) === 0);
    assert.equal(await id(page, 'ledger-lost').locator('dd').innerText(), '1');
  },

  'terms explain themselves on hover and focus, and stand in a list': async (t) => {
    const page = await t.open({ hash: '#/learn/L12' });
    await shown(page, 'lesson');
    const term = page.locator('dfn', { hasText: 'high watermark' }).first();
    const tip = term.locator('.tip');
    assert.ok(!(await tip.isVisible()));
    await term.hover();
    assert.match(await tip.innerText(), /every in-sync replica/);
    await page.mouse.move(0, 0);
    await term.focus();
    assert.ok(await tip.isVisible());
    assert.equal(await term.getAttribute('aria-describedby'), await tip.getAttribute('id'));
    await page.goto(`${page.url().split('#')[0]}#/learn`);
    await id(page, 'glossary').click();
    assert.ok(await page.getByText('last stable offset', { exact: true }).isVisible());
    await t.press(page, '?');
    assert.match(await id(page, 'help-dialog').innerText(), /to the next door/);
  },

  'leaving into Play with the same state, and back': async (t) => {
    const page = await t.open({ reducedMotion: 'reduce', hash: '#/learn/L11/2' });
    await shown(page, 'lesson');
    await t.press(page, '2', 'n');
    await shown(page, 'skip');
    await id(page, 'skip').click();
    await shown(page, 'take');
    await id(page, 'take').click();
    await shown(page, 'to-lesson');
    assert.equal(await id(page, 'ledger-lost').locator('dd').innerText(), '1');
    await id(page, 'switch-2').click();
    await until(page, 'broker 2 is down', async () => /crashed/.test(await id(page, 'broker-2').innerText()));
    await id(page, 'to-lesson').click();
    await shown(page, 'outcome');
    assert.match(await id(page, 'broker-2').innerText(), /leader/, 'the lesson is as it was');
  },

  'the paper has questions, a ledger and the answers': async (t) => {
    const page = await t.open({ hash: '#/learn/L11' });
    await shown(page, 'lesson');
    await page.emulateMedia({ media: 'print' });
    const paper = page.locator('.handout');
    assert.ok(await paper.isVisible());
    assert.equal(await page.locator('.stage').isVisible(), false);
    assert.match(await paper.innerText(), /☐[\s\S]*Answers/);
  },

  'how it looks': async (t) => {
    await t.shots('learn-predict', async (page) => {
      await page.goto(`${page.url().split('#')[0]}#/learn/L11/2`);
      await shown(page, 'options-1');
    });
  },
};
