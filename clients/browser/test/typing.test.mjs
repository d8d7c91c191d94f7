// Typing, submitting and results.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { open, sessionOf, setUp, until } from "./support.mjs";

const world = await setUp({ after });
const { site, server, optionsWith } = world;
site.add("/", optionsWith());
site.add("/results", optionsWith());
const stays = { script: 'document.forms[0].addEventListener("submit", (event) => event.preventDefault());' };

test("typing, correcting and a pause are one search", async () => {
  const { page, context, requests } = await open(world, "/");
  await page.focus("#q");
  await page.keyboard.type("busimess");
  for (let n = 0; n < 4; n += 1) await page.keyboard.press("Backspace");
  await page.keyboard.type("ness cards");
  const session = await sessionOf(page);
  assert.deepEqual(await server.texts(session, "business cards"), ["business cards"]);
  const [search] = await server.searches(session);
  assert.equal(search.finalReason, "IDLE");
  // Each keystroke arrives, in fewer requests than keystrokes.
  assert.equal(search.keystrokes, 22);
  assert.ok(requests.length < 22, `${requests.length} requests`);
  assert.deepEqual(await page.evaluate("problems"), []);
  await context.close();
});

test("Enter and the form's button submit at once, once", async () => {
  site.add("/stay", optionsWith(), stays);
  const { page, context } = await open(world, "/stay");
  await page.focus("#q");
  await page.keyboard.type("sofa");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  const session = await sessionOf(page);
  await server.texts(session, "sofa");
  await page.fill("#q", "chair");
  await page.click("button");
  await server.texts(session, "chair");
  await page.evaluate("tracker.submit('armchair')");
  await server.texts(session, "armchair");
  const searches = (await server.searches(session)).map(({ query, finalReason }) => [query, finalReason]);
  assert.deepEqual(searches, ["sofa", "chair", "armchair"].map((text) => [text, "SUBMITTED"]));
  await context.close();
});

test("Enter may choose a suggestion, or empty the box", async () => {
  const script = `${stays.script}
    input.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowDown") input.value = input.value === "bus" ? "bus tickets" : "bus stop";
      if (key === "Enter" && input.value === "bus stop") input.value = "Bus stop signs";
      if (key === "Enter" && input.value === "trains") input.value = "";
    });`;
  site.add("/suggestions", optionsWith(), { script, input: '<input id="q">' });
  const { page, context } = await open(world, "/suggestions");
  await page.focus("#q");
  await page.keyboard.type("bus");
  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  const session = await sessionOf(page);
  await server.texts(session, "Bus stop signs");
  await page.fill("#q", "trains");
  await page.keyboard.press("Enter");
  assert.deepEqual(await server.texts(session, "trains"), ["Bus stop signs", "trains"]);
  await context.close();
});

test("what is typed right after Enter does not change what was submitted", async () => {
  site.add("/fast", optionsWith(), stays);
  const { page, context } = await open(world, "/fast");
  const session = await sessionOf(page);
  // In one task of the page, before any of its timers.
  await page.evaluate(() => {
    const press = (key) => input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    for (const text of ["first", "second"]) {
      for (const letter of text) {
        press(letter);
        input.value += letter;
        input.dispatchEvent(new InputEvent("input", { bubbles: true }));
      }
      press("Enter");
      press("Backspace");
      input.value = "";
      input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
  });
  assert.deepEqual((await server.texts(session, "second")).sort(), ["first", "second"]);
  const reasons = (await server.searches(session)).map(({ finalReason }) => finalReason);
  assert.deepEqual(reasons, ["SUBMITTED", "SUBMITTED"]);
  await context.close();
});

test("emptying the box ends a search", async () => {
  site.add("/emptied", optionsWith(), stays);
  const { page, context } = await open(world, "/emptied");
  await page.focus("#q");
  await page.keyboard.type("cat");
  // Chromium's search boxes are emptied by Escape, as by their button.
  await page.keyboard.press("Escape");
  assert.equal(await page.inputValue("#q"), "");
  await page.keyboard.type("dog");
  await page.keyboard.press("Enter");
  const session = await sessionOf(page);
  // Both arrive in one request, so at one time.
  assert.deepEqual((await server.texts(session, "dog")).sort(), ["cat", "dog"]);
  await context.close();
});

test("long and malformed texts, users and ids are accepted or refused in the browser", async () => {
  site.add("/odd", optionsWith('consent: true, userId: "ann", inputId: "box"'), stays);
  const { page, context } = await open(world, "/odd");
  const session = await sessionOf(page);
  assert.equal(await page.evaluate("tracker.inputId"), "box");
  await page.evaluate(() => {
    tracker.submit(`emoji \uD83D ${"x".repeat(250)}${"\u{1F600}".repeat(3_000)}`);
    tracker.setUser("b".repeat(129));
    tracker.setUser("bob\n");
  });
  const [odd] = await until(() => server.searches(session), ({ length }) => length === 1);
  assert.match(odd.query, /^emoji \uFFFD x{248}$/u);
  assert.equal(odd.userId, "ann");
  await page.evaluate("tracker.setUser(null); tracker.submit('plain')");
  await server.texts(session, "plain");
  assert.equal((await server.searches(session))[1].userId, null);
  assert.deepEqual(await page.evaluate("problems"), ["quarry: userId is invalid", "quarry: userId is invalid"]);
  await context.close();
});

test("results are counted for their text, and not for an earlier one", async () => {
  site.add("/counted", optionsWith());
  const { page, context } = await open(world, "/counted");
  await page.focus("#q");
  await page.keyboard.type("sof");
  await page.keyboard.type("a");
  await page.evaluate(() => {
    tracker.found({ text: "sof", totalCount: 9 });
    tracker.found({ text: "sofa", totalCount: 4 });
  });
  const session = await sessionOf(page);
  await server.texts(session, "sofa");
  assert.deepEqual((await server.searches(session)).map(({ resultCount }) => resultCount), [4]);
  await context.close();
});

test("boxes of one connection are separate, and stopping one delivers its text", async () => {
  site.pages.set(
    "/boxes",
    `<!doctype html><title>boxes</title><input class="box"><input class="box">
     <script src="/quarry.js"></script>
     <script>
       const connection = quarry.connect(${optionsWith()});
       const [one, other] = [...document.querySelectorAll(".box")].map((box) => connection.track(box));
       const none = connection.track(null);
       none.submit("nothing");
     </script>`,
  );
  const { page, context } = await open(world, "/boxes");
  const [one, other] = await page.locator(".box").all();
  // Interleaved, as in two tabs: in one box they would be one text or many.
  for (let n = 0; n < 5; n += 1) {
    for (const [box, text] of [[one, "chair"], [other, "hats "]]) {
      await box.press("End");
      await page.keyboard.type(text[n]);
    }
  }
  await page.evaluate("one.stop(); connection.stop()");
  const session = await page.evaluate("connection.sessionId");
  const texts = async () => (await server.searches(session)).map(({ query }) => query).sort();
  assert.deepEqual(await until(texts, ({ length }) => length > 2, "the log is"), ["chair", "hats", "nothing"]);
  await context.close();
});
