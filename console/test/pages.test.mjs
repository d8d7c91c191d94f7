import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Server, launch, open, until } from "./support.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Each page, and what it shows once it is complete. */
const PAGES = [
  ["#/?q=london+resturant", "11 results"],
  ["#/searches", "Live log"],
  ["#/searches?tab=top", "london resturant"],
  ["#/searches?tab=zero", "qqqzzz"],
  ["#/catalogue", "home goods"],
  ["#/sources", "3,349 of 3,349 documents"],
  ["#/server", "Synonyms and rules"],
];

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.demo(), launch()]);
  // Searches for the reports.
  for (const [text, resultCount] of [["london resturant", 11], ["qqqzzz", 0]]) {
    await server.query(`mutation { logKeystroke(input: { sessionId: "s", inputId: "${text}", text: "${text}",
      resultCount: ${resultCount}, submitted: true }) { accepted } }`);
  }
  const logged = () => server.query("{ searchLog { totalCount } }").then(({ searchLog }) => searchLog.totalCount);
  await until(logged, (count) => count === 2, "logged searches:");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`every page is accessible: ${colorScheme}`, async () => {
    // Animations would be measured half-way; people who ask for less motion have none.
    const { context, page, problems } = await open(browser, server, "", { colorScheme, reducedMotion: "reduce", bypassCSP: true });
    for (const [hash, content] of PAGES) {
      await page.goto(server.url + hash);
      await page.getByText(content).first().waitFor();
      if (hash === "#/sources") {
        await page.getByRole("button", { name: "Show pages" }).first().click();
        await page.getByText("401 Unauthorized").first().waitFor();
      }
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      const found = serious.map(({ id, nodes }) => `${hash} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
      assert.deepEqual(found, []);
    }
    assert.deepEqual(problems, []);
    await context.close();
  });
}

for (const width of [360, 768, 2560]) {
  test(`no page is wider than a window of ${width} px`, async () => {
    const { context, page, problems } = await open(browser, server, "", { viewport: { width, height: 800 } });
    for (const [hash, content] of PAGES) {
      await page.goto(server.url + hash);
      await page.getByText(content).first().waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${hash} exceeds the window by ${overflow} px`);
    }
    assert.deepEqual(problems, []);
    await context.close();
  });
}

test("a crawl can be started and watched", async () => {
  const { context, page, problems } = await open(browser, server, "#/sources");
  const source = page.getByRole("region", { name: "products", exact: true });
  await source.getByText("Completed").first().waitFor();
  const crawls = await source.locator("tbody tr").count();
  await source.getByRole("button", { name: "Start a crawl" }).click();
  await source.getByRole("button", { name: "Crawling …" }).waitFor();
  await source.getByRole("button", { name: "Start a crawl" }).waitFor();
  assert.equal(await source.locator("tbody tr").count(), crawls + 1);
  assert.deepEqual(problems, []);
  await context.close();
});

test("synonyms are stored, previewed and deleted", async () => {
  const { context, page, problems } = await open(browser, server, "#/server");
  const preview = page.locator(".preview");
  await preview.getByLabel("Query").fill("zorblax");
  await preview.getByText("0 results").waitFor();
  await page.getByLabel("Id", { exact: true }).fill("test");
  await page.getByLabel("Words that stand for each other").fill("zorblax, kettle");
  await page.getByRole("button", { name: "Save synonyms" }).click();
  await preview.getByRole("region", { name: "Before" }).getByText("0 results").waitFor();
  await preview.getByRole("region", { name: "Now" }).getByText(/^[1-9]\d* results$/).waitFor();
  await page.getByRole("button", { name: "Remove test" }).click();
  await preview.getByRole("region", { name: "Now" }).getByText("0 results").waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("arrow keys change the tab", async () => {
  const { context, page, problems } = await open(browser, server, "#/searches");
  await page.getByRole("tab", { name: "Live log" }).press("ArrowRight");
  await page.getByRole("region", { name: "Top searches" }).first().waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.getByRole("tab", { name: "Without clicks" }).getAttribute("aria-selected"), "true");
  assert.deepEqual(problems, []);
  await context.close();
});

test("reports are saved as CSV", async () => {
  const { context, page, problems } = await open(browser, server, "#/searches?tab=top");
  const report = page.getByRole("region", { name: "Top searches" }).first();
  await report.getByText("london resturant").waitFor();
  const download = page.waitForEvent("download");
  await report.getByRole("button", { name: "CSV" }).click();
  const path = await (await download).path();
  const [header, ...rows] = readFileSync(path, "utf8").split("\r\n");
  assert.equal(header, "\ufeffSearch,Searches,Sessions,Results (mean),Click-through,Position (mean)");
  assert.ok(rows.includes("london resturant,1,1,11,,"), rows.join("\n"));
  assert.deepEqual(problems, []);
  await context.close();
});
