// Pages that end, are returned to, or share a tab.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { launch, open, sessionOf, setUp, until } from "./support.mjs";

const world = await setUp({ after });
const { site, server, optionsWith } = world;
// Nothing leaves by itself in time.
const lazy = "consent: true, batchInterval: 600_000";
site.add("/", optionsWith(lazy));
site.add("/results", optionsWith());
site.pages.set("/blank", "<!doctype html><title>blank</title>");

/** The keystrokes that were sent; a page may repeat one whose delivery is uncertain. */
function sequences(requests) {
  const inputs = requests.flatMap((request) => request.postDataJSON()?.variables.input ?? []);
  return [...new Set(inputs.map(({ sequence }) => sequence))];
}

/** Types a last text, which follows all others. */
async function typeLast(page, session) {
  await page.fill("#q", "");
  await page.keyboard.type("the end");
  await page.keyboard.press("Enter");
  return server.texts(session, "the end");
}

test("a page that is left sends the last text", async () => {
  const { page, context, requests } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("restaurant");
  assert.equal(requests.length, 0);
  // A page without a tracker: no later page sends it.
  await page.goto(`${site.origin}/blank`);
  assert.deepEqual(await server.texts(session, "restaurant"), ["restaurant"]);
  await context.close();
});

test("a tab that is closed sends the last text", async () => {
  const { page, context } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("closing");
  await page.close({ runBeforeUnload: true });
  assert.deepEqual(await server.texts(session, "closing"), ["closing"]);
  await context.close();
});

test("a page that is hidden sends the last text, and continues", async () => {
  const { page, context, requests } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("rest");
  // A headless browser shows all of its pages.
  const setHidden = (isHidden) =>
    page.evaluate((isHidden) => {
      Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await setHidden(true);
  await until(() => requests.filter((request) => request.method() === "POST").length, (count) => count === 1);
  await setHidden(false);
  await page.keyboard.type("aurant");
  await page.keyboard.press("Enter");
  assert.deepEqual(await server.texts(session, "restaurant"), ["restaurant"]);
  const [{ keystrokes }] = await server.searches(session);
  assert.equal(keystrokes, "restaurant".length + 1, "nothing is sent twice");
  await context.close();
});

test("submitting a form that leaves the page is a search", async () => {
  const { page, context, requests } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("sofa");
  await Promise.all([page.waitForURL("**/results?q=sofa"), page.keyboard.press("Enter")]);
  await server.texts(session, "sofa");
  const sent = sequences(requests);
  // The next page shows the text, and repeats nothing, even if the visitor confirms it.
  assert.equal(await page.inputValue("#q"), "sofa");
  assert.equal(await sessionOf(page), session);
  await page.focus("#q");
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  assert.deepEqual(sequences(requests), sent);
  await page.focus("#q");
  assert.deepEqual(await typeLast(page, session), ["sofa", "the end"]);
  const [search] = await server.searches(session);
  assert.equal(search.finalReason, "SUBMITTED");
  await context.close();
});

for (const isCached of [true, false]) {
  test(`back and forward are no search, ${isCached ? "from" : "without"} the back-forward cache`, async (context) => {
    const browser = await launch({ isCached });
    context.after(() => browser.close());
    site.add("/home", optionsWith("consent: true"));
    const { page, requests } = await open({ ...world, browser }, "/home");
    const session = await sessionOf(page);
    /** Waits for a page that may come from the cache, which fires no `load`. */
    const isAt = (path) => page.waitForFunction(`location.pathname === ${JSON.stringify(path)} && "isRestored" in window`);
    // In a task of its own, since the navigation ends the evaluation.
    const travel = (direction) => page.evaluate((direction) => void setTimeout(() => history[direction]()), direction);
    const isRestored = () => page.evaluate("isRestored");
    await page.focus("#q");
    await page.keyboard.type("sofa");
    await Promise.all([page.waitForURL("**/results?q=sofa"), page.keyboard.press("Enter")]);
    await server.texts(session, "sofa");
    const sent = sequences(requests);
    await travel("back");
    await isAt("/home");
    assert.equal(await isRestored(), isCached);
    assert.equal(await page.inputValue("#q"), "sofa");
    // Frameworks announce restored text.
    await page.evaluate('input.dispatchEvent(new Event("input", { bubbles: true }))');
    await page.focus("#q");
    await Promise.all([page.waitForURL("**/results?q=sofa"), page.keyboard.press("Enter")]);
    await travel("back");
    await isAt("/home");
    await travel("forward");
    await isAt("/results");
    await travel("back");
    await isAt("/home");
    assert.deepEqual(sequences(requests), sent);
    assert.deepEqual(await page.evaluate("problems"), []);
    assert.deepEqual(await typeLast(page, session), ["sofa", "the end"]);
  });
}

test("a reload and a second tab lose nothing and mix nothing", async () => {
  const { page, context } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("red shoes");
  await Promise.all([page.waitForURL("**/results?q=red+shoes"), page.keyboard.press("Enter")]);
  await server.texts(session, "red shoes");
  await page.goto(`${site.origin}/`);
  await page.focus("#q");
  await page.keyboard.type("hats");
  await page.reload();
  assert.deepEqual(await server.texts(session, "hats"), ["red shoes", "hats"]);

  site.add("/shared", optionsWith('consent: true, sessionId: "shared-by-tabs"'));
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await tab.goto(`${site.origin}/shared`);
  for (const [n, letter] of [..."chair"].entries()) {
    for (const [tab, text] of [[tabs[0], letter], [tabs[1], "table"[n]]]) {
      await tab.bringToFront();
      await tab.focus("#q");
      await tab.keyboard.press("End");
      await tab.keyboard.type(text);
    }
  }
  for (const tab of tabs) await tab.close({ runBeforeUnload: true });
  await server.texts("shared-by-tabs", "chair");
  assert.deepEqual((await server.texts("shared-by-tabs", "table")).sort(), ["chair", "table"]);
  await context.close();
});
