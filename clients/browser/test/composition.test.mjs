// Input methods, by Chromium's own interface for them.
import assert from "node:assert/strict";
import test, { after } from "node:test";
import { open, sessionOf, setUp, until } from "./support.mjs";

const world = await setUp({ after });
const { site, server, optionsWith } = world;
site.add("/", optionsWith());
site.add("/results", optionsWith());

/** Composes texts in turn, and chooses the last candidate if there is one. */
async function compose(page, steps, chosen) {
  const client = await page.context().newCDPSession(page);
  for (const text of steps) {
    await client.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  }
  if (chosen !== undefined) await client.send("Input.insertText", { text: chosen });
  await client.detach();
}

/** The texts in the bodies of requests. */
const sent = (requests) =>
  requests
    .filter((request) => request.method() === "POST")
    .flatMap((request) => request.postDataJSON().variables.input.map(({ text }) => text));

test("composed text is held back until a candidate is chosen", async () => {
  const { page, context, requests } = await open(world, "/");
  await page.focus("#q");
  await compose(page, ["n", "ni", "ni h", "ni ha", "ni hao"], "你好");
  await compose(page, ["ㄊ", "ㄊㄞ", "ㄊㄞˊ", "ㄊㄞˊㄅㄟˇ"], "台北");
  const session = await sessionOf(page);
  assert.deepEqual(await server.texts(session, "你好台北"), ["你好台北"]);
  assert.deepEqual(sent(requests), ["你好", "你好台北"]);
  assert.deepEqual(await page.evaluate("problems"), []);
  await context.close();
});

test("the Enter that belongs to the input method submits nothing", async () => {
  const { page, context } = await open(world, "/");
  await page.evaluate('window.submits = 0; document.addEventListener("submit", () => (submits += 1))');
  await page.focus("#q");
  await compose(page, ["か", "かぐ"]);
  const client = await context.newCDPSession(page);
  const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 };
  await client.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key });
  await client.send("Input.insertText", { text: "家具" });
  await client.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  const session = await sessionOf(page);
  await server.texts(session, "家具");
  assert.deepEqual((await server.searches(session)).map(({ finalReason }) => finalReason), ["IDLE"]);
  assert.equal(await page.evaluate("submits"), 0);
  await context.close();
});

test("text that is still composed when the page is left is not lost", async () => {
  const { page, context } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await compose(page, ["r", "re", "restaurant"]);
  await page.goto(`${site.origin}/results`);
  assert.deepEqual(await server.texts(session, "restaurant"), ["restaurant"]);
  await context.close();
});

test("composed text that rests is sent, as keyboards of phones compose every word", async () => {
  const { page, context } = await open(world, "/");
  await page.focus("#q");
  await compose(page, ["h", "ho", "hotel"]);
  const session = await sessionOf(page);
  assert.deepEqual(await server.texts(session, "hotel"), ["hotel"]);
  await compose(page, ["hote", "hot", ""]);
  await page.keyboard.type("inn");
  await page.keyboard.press("Enter");
  assert.deepEqual(await server.texts(session, "inn"), ["hotel", "inn"]);
  await context.close();
});

test("`send` marks composed text, and sends the chosen one unmarked", async () => {
  site.add("/marked", optionsWith('consent: true, composing: "send"'));
  const { page, context, requests } = await open(world, "/marked");
  await page.focus("#q");
  await compose(page, ["ka", "か"], "か");
  const marks = () =>
    requests
      .filter((request) => request.method() === "POST")
      .flatMap((request) => request.postDataJSON().variables.input)
      .map(({ text, composing }) => [text, composing]);
  const expected = [["ka", true], ["か", true], ["か", undefined]];
  // The browser's side only: whether the schema has `composing` depends on the server.
  assert.deepEqual(await until(marks, ({ length }) => length >= expected.length, "sent are"), expected);
  await context.close();
});
