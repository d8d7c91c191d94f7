// Consent and secrets: what must not leave the browser.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { open, sessionOf, setUp, until } from "./support.mjs";

const world = await setUp({ after });
const { site, server, optionsWith } = world;
const stays = 'document.forms[0].addEventListener("submit", (event) => event.preventDefault());';
const { url } = server;

const stored = (page) => page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])");
const NOTHING = '[{},{},""]';

test("nothing is stored or sent before consent", async () => {
  site.add("/", optionsWith('userId: "ann"'), { script: stays });
  const { page, context, requests } = await open(world, "/");
  await page.focus("#q");
  await page.keyboard.type("secret");
  await page.keyboard.press("Enter");
  await page.evaluate("tracker.recordInteraction({ documentId: 'doc_1' }); tracker.found({ text: 'secret', totalCount: 1 })");
  assert.equal(await sessionOf(page), undefined);
  assert.equal(await page.evaluate("tracker.inputId"), undefined);
  assert.equal(await stored(page), NOTHING);
  await page.goto(`${site.origin}/`);
  assert.equal(await stored(page), NOTHING);
  assert.equal(requests.length, 0);
  await page.evaluate("tracker.setConsent(true)");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("open");
  await page.keyboard.press("Enter");
  assert.deepEqual(await server.texts(session, "open"), ["open"]);
  assert.ok(!requests.some((request) => request.postData()?.includes("secret")));
  await context.close();
});

test("withdrawn consent erases what waits and is stored, and begins another session", async () => {
  site.add("/withdrawn", optionsWith("consent: true, batchInterval: 600_000"), { script: stays });
  const { page, context, requests } = await open(world, "/withdrawn");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("waiting");
  assert.notEqual(await stored(page), NOTHING);
  await page.evaluate("tracker.setConsent(false)");
  assert.equal(await stored(page), NOTHING);
  await page.keyboard.type(" more");
  await page.goto(`${site.origin}/withdrawn`);
  assert.equal(requests.length, 0);
  await page.focus("#q");
  await page.keyboard.type("later");
  await page.keyboard.press("Enter");
  const next = await sessionOf(page);
  assert.notEqual(next, session);
  assert.deepEqual(await server.texts(next, "later"), ["later"]);
  assert.deepEqual(await server.searches(session), []);
  await context.close();
});

test("a function decides each time; if it fails, there is no consent", async () => {
  site.add("/function", optionsWith("consent: () => decide()"), { script: `${stays} window.decide = undefined;` });
  const { page, context, requests } = await open(world, "/function");
  await page.focus("#q");
  await page.keyboard.type("refused");
  assert.equal(await stored(page), NOTHING);
  assert.equal(requests.length, 0);
  await page.evaluate("window.decide = () => true");
  await page.fill("#q", "granted");
  await page.keyboard.press("Enter");
  const session = await sessionOf(page);
  assert.deepEqual(await server.texts(session, "granted"), ["granted"]);
  await page.evaluate("window.decide = () => 'yes'");
  await page.fill("#q", "unclear");
  assert.equal(await stored(page), NOTHING);
  assert.ok((await page.evaluate("problems")).every((problem) => problem.startsWith("quarry: consent failed")));
  await context.close();
});

test("passwords and card numbers are refused, also once they are shown", async () => {
  for (const attributes of ['type="password"', 'autocomplete="new-password"', 'autocomplete="billing cc-number"']) {
    site.add("/login", optionsWith(), { script: stays, input: `<input id="q" ${attributes}>` });
    const { page, context, requests } = await open(world, "/login");
    await page.focus("#q");
    await page.keyboard.type("hunter2");
    await page.evaluate("input.type = 'text'; input.autocomplete = 'on'");
    await page.keyboard.type("3");
    await page.keyboard.press("Enter");
    await page.evaluate("tracker.submit(); tracker.found({ text: 'hunter23', totalCount: 0 }); tracker.stop()");
    await page.goto(`${site.origin}/login`);
    assert.equal(requests.length, 0, attributes);
    assert.deepEqual(await page.evaluate("problems"), ["quarry: inputs of secrets are not tracked"]);
    await context.close();
  }
});

test("text that waits is discarded once its input becomes one of a password", async () => {
  site.add("/toggled", optionsWith("consent: true, batchInterval: 600_000"), { script: stays });
  const { page, context, requests } = await open(world, "/toggled");
  await page.focus("#q");
  await page.keyboard.type("hunter");
  await page.evaluate("input.type = 'password'");
  await page.focus("#q");
  await page.keyboard.type("2");
  assert.ok(!(await stored(page)).includes("hunter"));
  await page.goto(`${site.origin}/toggled`);
  assert.equal(requests.length, 0);
  await context.close();
});

test("hostile pages, without storage or with broken functions, receive no exceptions", async () => {
  const path = "/hostile";
  site.add(path, `{ url: ${JSON.stringify(url)}, key: "wrong", consent: true, clock: () => { throw 1 } }`, {
    script: `${stays} tracker.submit("lost");`,
  });
  const { page, context } = await open(world, path);
  await page.addInitScript(() => {
    Object.defineProperty(window, "sessionStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  await page.goto(`${site.origin}${path}`);
  assert.deepEqual(await page.evaluate("problems"), ["quarry: 1"]);
  site.add(path, optionsWith("consent: true, onError: () => { throw 2 }"), { script: stays });
  await page.goto(`${site.origin}${path}`);
  await page.focus("#q");
  await page.keyboard.type("in memory");
  await page.keyboard.press("Enter");
  const session = await sessionOf(page);
  assert.deepEqual(await server.texts(session, "in memory"), ["in memory"]);
  await page.evaluate("tracker.setUser('\\n'); tracker.stop()");
  assert.deepEqual(await page.evaluate("problems"), []);
  await context.close();
});

test("a rejected key is reported, and nothing is repeated", async () => {
  site.add("/key", optionsWith('consent: true, key: "quarry_00000000000000000000000000000000"'), { script: stays });
  const { page, context, requests } = await open(world, "/key");
  await page.evaluate("tracker.submit('one')");
  await until(() => page.evaluate("problems"), ({ length }) => length === 1);
  await page.evaluate("tracker.submit('two')");
  const problems = await until(() => page.evaluate("problems"), ({ length }) => length === 2);
  for (const problem of problems) assert.match(problem, /^quarry: 1 entries rejected: .*UNAUTHENTICATED/);
  assert.equal(requests.filter((request) => request.method() === "POST").length, 2);
  await context.close();
});
