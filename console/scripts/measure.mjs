// Measures the console on a running demo: `node scripts/measure.mjs [URL]`. The first render is that of a fresh
// browser profile each time, up to the first results; a keystroke is measured up to the frame after its results.
import { chromium } from "playwright-core";

const url = process.argv[2] ?? "http://127.0.0.1:8000/";
const LOADS = 20;
const TEXTS = ["london restaurant", "wireless headphones", "kettle for the kitchen", "hotel near the vineyard"];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
const print = (name, times) => {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  console.log(`${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, of ${sorted.length}`);
};
try {
  const paints = [];
  const firstResults = [];
  for (let load = 0; load < LOADS; load += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator(".hit").first().waitFor();
    const [paint, results] = await page.evaluate(() => [
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      performance.getEntriesByName("quarry:results")[0]?.startTime ?? Number.NaN,
    ]);
    paints.push(paint);
    firstResults.push(results);
    await context.close();
  }
  print("first paint, cold cache", paints);
  print("first results, cold cache", firstResults);

  const page = await browser.newPage();
  await page.goto(url);
  await page.locator(".hit").first().waitFor();
  const box = page.locator("#search-box");
  await box.focus();
  const keystrokes = [];
  for (const text of TEXTS) {
    await box.fill("");
    for (let length = 1; length <= text.length; length += 1) {
      await page.waitForFunction(() => document.querySelector('.results[aria-busy="false"]'));
      keystrokes.push(await page.evaluate(typeAndWait, text.slice(0, length)));
    }
  }
  print("keystroke to rendered results", keystrokes);
} finally {
  await browser.close();
}

/** Types in the page, and resolves to the time until the results of the text are in a frame. */
function typeAndWait(text) {
  const box = document.querySelector("#search-box");
  const count = performance.getEntriesByName("quarry:results").length;
  return new Promise((resolve) => {
    const started = performance.now();
    const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    setter.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    const check = () => {
      if (performance.getEntriesByName("quarry:results").length > count) resolve(performance.now() - started);
      else requestAnimationFrame(check);
    };
    requestAnimationFrame(check);
  });
}
