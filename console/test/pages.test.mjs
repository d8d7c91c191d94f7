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
      if (hash === "#/server") {
        await page.getByRole("button", { name: "New rule" }).click();
        for (const name of ["Pin a document", "Hide a document", "Boost or bury documents"]) {
          await page.getByRole("button", { name, exact: true }).click();
        }
        await page.getByText("More conditions").click();
        await page.locator(".preview").getByLabel("Query").fill("kettle");
        await page.getByRole("button", { name: /^Pin / }).nth(1).waitFor();
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

for (const width of [320, 360, 768, 2560]) {
  test(`no page is wider than a window of ${width} px`, async () => {
    const { context, page, problems } = await open(browser, server, "", { viewport: { width, height: 800 } });
    for (const [hash, content] of PAGES) {
      await page.goto(server.url + hash);
      await page.getByText(content).first().waitFor();
      if (hash === "#/server") {
        await page.getByRole("button", { name: "New rule" }).click();
        await page.getByRole("button", { name: "Pin a document" }).click();
        await page.getByRole("button", { name: "Boost or bury documents" }).click();
        await page.getByText("More conditions").click();
      }
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

test("the settings of a source can be tried", async () => {
  const { context, page, problems } = await open(browser, server, "#/sources", { bypassCSP: true, reducedMotion: "reduce" });
  const source = page.getByRole("region", { name: "products", exact: true });
  await source.getByText(/^Next crawl: /).waitFor();
  await source.getByRole("button", { name: "Try the settings" }).click();
  const dialog = page.getByRole("dialog", { name: "Settings of products" });
  await dialog.getByText("A crawl can work").waitFor();
  assert.ok((await dialog.getByRole("region", { name: "Requests" }).locator("tbody tr").count()) > 0);
  const fields = dialog.getByRole("region", { name: "Fields" });
  assert.match(await fields.locator("tbody tr").first().innerText(), /^key\s+\/sku\s+\d+ of \d+/);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)), []);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/try-source.png` });
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.deepEqual(problems, []);
  await context.close();
});

/** The card of a kind of entries, and the preview. */
async function openRules(title) {
  const opened = await open(browser, server, "#/server");
  const card = opened.page.getByRole("region", { name: title, exact: true });
  await card.waitFor();
  const preview = opened.page.locator(".preview");
  const side = (name) => preview.getByRole("region", { name });
  return { ...opened, card, preview, side };
}

test("synonyms are stored, previewed, edited, deleted and restored", async () => {
  const { context, page, problems, card, preview, side } = await openRules("Synonyms");
  await preview.getByLabel("Query").fill("zorblax");
  await preview.getByText("0 results").waitFor();
  await card.getByRole("button", { name: "New synonyms" }).click();
  await card.getByLabel("Id", { exact: true }).fill("test");
  await card.getByLabel("Words that stand for each other").fill("zorblax, kettle");
  await card.getByRole("button", { name: "Save" }).click();
  await side("Before").getByText("0 results").waitFor();
  await side("Now").getByText(/^[1-9]\d* results$/).waitFor();
  await card.getByRole("button", { name: "Edit test" }).click();
  await card.getByRole("button", { name: "One way" }).click();
  await card.getByLabel("Searches for one of these").fill("zorblax");
  await card.getByLabel("also find these").fill("teapot, kettle");
  await page.keyboard.press("Enter");
  await card.getByText("zorblax → teapot, kettle").waitFor();
  await card.getByRole("button", { name: "Delete test" }).click();
  await side("Now").getByText("0 results").waitFor();
  await card.getByRole("button", { name: "Undo" }).click();
  await side("Now").getByText(/^[1-9]\d* results$/).waitFor();
  await card.getByRole("button", { name: "Delete test" }).click();
  await card.getByText("No synonyms yet.").waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("a rule pins, hides and buries documents, and the preview compares its effect", async () => {
  const { context, page, problems, card, preview, side } = await openRules("Rules");
  const titles = (name) => side(name).locator("li .title").allInnerTexts();
  await preview.getByLabel("Query").fill("kettle");
  await until(() => titles("Now"), (titles) => titles.length === 8, "results:");
  const shown = await titles("Now");
  await card.getByRole("button", { name: "New rule" }).click();
  await card.getByLabel("Id", { exact: true }).fill("kettles");
  await card.getByLabel("Name", { exact: true }).fill("Kettles first");
  await card.getByLabel("The query is one of").fill("kettle\nkettles");
  // From the preview, without knowing keys.
  await side("Now").getByRole("button", { name: /^Pin / }).nth(4).click();
  await side("Now").getByRole("button", { name: /^Hide / }).nth(0).click();
  await card.getByRole("group", { name: "Pinned documents 1" }).getByLabel("Position").waitFor();
  await card.getByRole("button", { name: "Save" }).click();
  await side("Now").getByText("Rules applied: Kettles first").waitFor();
  assert.deepEqual(await titles("Before"), shown);
  const changed = await titles("Now");
  assert.equal(changed[0], shown[4], "pinned at the first position");
  assert.ok(!changed.includes(shown[0]) || shown.filter((title) => title === shown[0]).length > 1, "hidden");
  await card.getByText("“kettle”, “kettles” → 1 pinned, 1 hidden").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "New rule", "the focus stays in the card");

  await card.getByRole("button", { name: "Edit kettles" }).click();
  assert.equal(await card.getByLabel("The query is one of").inputValue(), "kettle\nkettles");
  await card.getByRole("button", { name: "Boost or bury documents" }).click();
  const boost = card.getByRole("group", { name: "Boosts 1" });
  await boost.getByLabel("Field").selectOption("brand");
  await boost.getByLabel("Value").fill("Acme");
  await boost.getByLabel("Factor").fill("0.5");
  await card.getByLabel("Lead the visitor to").fill("/kettles");
  await card.getByLabel("Enabled").uncheck();
  await card.getByRole("button", { name: "Save" }).click();
  await card.getByText("1 pinned, 1 hidden, 1 boost, redirect to /kettles").waitFor();
  await card.getByText("disabled").waitFor();
  await until(() => titles("Now"), (titles) => titles[0] === shown[0], "without the rule:");
  const { searchRules } = await server.query(`{ searchRules { rules { id enabled redirect condition { equals contains }
    pin { position } hide { source } boost { filter factor } } } }`);
  assert.deepEqual(searchRules.rules, [
    {
      id: "kettles",
      enabled: false,
      redirect: "/kettles",
      condition: { equals: ["kettle", "kettles"], contains: [] },
      pin: [{ position: 1 }],
      hide: [{ source: "products" }],
      boost: [{ filter: { attributes: [{ name: "brand", in: ["Acme"] }] }, factor: 0.5 }],
    },
  ]);
  await card.getByRole("button", { name: "Delete kettles" }).click();
  await card.getByText("No rules yet.", { exact: false }).waitFor();
  await card.getByRole("button", { name: "Undo" }).click();
  await card.getByText("1 pinned, 1 hidden, 1 boost, redirect to /kettles").waitFor();
  const again = await server.query("{ searchRules { rules { id boost { filter } } } }");
  assert.equal(again.searchRules.rules[0].boost[0].filter.attributes[0].name, "brand");
  await card.getByRole("button", { name: "Delete kettles" }).click();
  await card.getByText("No rules yet.", { exact: false }).waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("an invalid rule is explained at its field, by keyboard alone", async () => {
  const { context, page, problems, card } = await openRules("Rules");
  await card.getByRole("button", { name: "New rule" }).press("Enter");
  await page.keyboard.type("mine");
  await page.keyboard.press("Enter");
  await card.getByRole("alert").getByText("Enter the queries to which the rule applies").waitFor();
  await card.getByLabel("The query is one of").fill("kettle");
  await card.getByLabel("Id", { exact: true }).press("Enter");
  await card.getByRole("alert").getByText("give the rule an effect").waitFor();
  for (const key of ["one", "two"]) {
    await card.getByRole("button", { name: "Pin a document" }).press("Enter");
    const item = card.getByRole("group", { name: `Pinned documents ${key === "one" ? 1 : 2}` });
    await item.getByLabel("Source").fill("products");
    await item.getByLabel("Key").fill(key);
    await item.getByLabel("Position").fill("3");
  }
  await page.keyboard.press("Enter");
  await card.getByRole("alert").getByText("Pinned document 2 position").waitFor();
  const second = card.getByRole("group", { name: "Pinned documents 2" });
  assert.equal(await second.getByLabel("Position").getAttribute("aria-invalid"), "true");
  assert.ok(await second.getByLabel("Position").evaluate((field) => field === document.activeElement), "it has the focus");
  await page.keyboard.press("Escape");
  await card.getByRole("form").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "New rule");

  await card.getByRole("button", { name: "New rule" }).press("Enter");
  await page.keyboard.type("json");
  await card.getByLabel("The query is one of").fill("kettle");
  await card.getByRole("button", { name: "Boost or bury documents" }).press("Enter");
  await card.getByLabel("Field").selectOption("Filter in JSON");
  await card.getByRole("group", { name: "Boosts 1" }).getByLabel("Filter in JSON").last().fill("{");
  await card.getByRole("button", { name: "Save" }).press("Enter");
  await card.getByText("The filter of boost 1 is not a JSON object").waitFor();
  await card.getByRole("group", { name: "Boosts 1" }).getByLabel("Filter in JSON").last().fill('{"category": ["sale"], "not": {"source": ["x"]}}');
  await card.getByRole("button", { name: "Save" }).press("Enter");
  await card.getByText("1 boost").waitFor();
  await card.getByRole("button", { name: "New rule" }).press("Enter");
  await page.keyboard.type("json");
  await page.keyboard.press("Enter");
  await card.getByText("There is an entry with the id json.").waitFor();
  await card.getByRole("button", { name: "Cancel" }).press("Enter");
  await card.getByRole("button", { name: "Delete json" }).press("Enter");
  await card.getByText("Deleted json.").waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("stop words are stored, edited and deleted", async () => {
  const { context, problems, card } = await openRules("Stop words");
  await card.getByRole("button", { name: "New stop words" }).click();
  await card.getByLabel("Id", { exact: true }).fill("shop");
  await card.getByLabel("Words that searches ignore").fill("buy, cheap");
  await card.getByLabel("Words that searches do not ignore").fill("buy");
  await card.getByRole("button", { name: "Save" }).click();
  await card.getByRole("alert").getByText("keep one of them").waitFor();
  await card.getByLabel("Words that searches do not ignore").fill("who");
  await card.getByRole("button", { name: "Save" }).click();
  await card.getByText("buy, cheap, −who").waitFor();
  await card.getByRole("button", { name: "Edit shop" }).click();
  await card.getByLabel("Words that searches ignore").fill("buy");
  await card.getByLabel("Only in the language").fill("english");
  await card.getByRole("button", { name: "Save" }).click();
  await card.getByText("buy, −who").waitFor();
  await card.getByText("english").waitFor();
  await card.getByRole("button", { name: "Delete shop" }).click();
  await card.getByText("Only the built-in lists apply.").waitFor();
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
