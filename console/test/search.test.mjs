import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, launch, open, results, until, watch } from "./support.mjs";

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.demo(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const bodies = (context, text) => {
  const found = [];
  context.on("request", (request) => {
    const body = request.postData();
    if (body?.includes(text)) found.push(JSON.parse(body).variables.input);
  });
  return found;
};

test("a visitor finds, filters, pages and opens a document, and the log shows one search", async () => {
  const { context, page, problems } = await open(browser, server);
  const log = await context.newPage();
  const logProblems = watch(log, server);
  await log.goto(`${server.url}#/searches`);
  await log.getByText("Live", { exact: true }).waitFor();
  await log.getByText("No searches yet").waitFor();

  await page.getByRole("button", { name: "Log my searches" }).click();
  const interactions = bodies(context, "recordInteraction");
  const box = page.getByRole("combobox", { name: "Search documents" });
  await box.pressSequentially("london resturant", { delay: 15 });
  await page.getByRole("button", { name: "london restaurant" }).waitFor();
  assert.equal(await results(page, "london resturant"), 11);
  assert.ok((await page.locator(".hits mark").allInnerTexts()).includes("restaurant"), "matches are marked");
  assert.match(await page.locator(".timing").innerText(), /^[\d.]+ ms · [\d.]+ ms until shown$/);
  await page.keyboard.press("Enter");

  const row = log.locator("tbody tr");
  await row.getByText("london resturant").waitFor();
  assert.equal(await row.count(), 1, "keystrokes are one search");
  assert.match(await row.innerText(), /submitted/);

  await page.getByRole("button", { name: "Next page" }).click();
  await until(() => page.locator(".hits > li").count(), (count) => count === 1, "the second page has");
  await page.locator("button.hit").click();
  await page.getByRole("dialog").getByText("Indexed").waitFor();
  const clicks = await until(() => interactions, ({ length }) => length === 1, "clicks:");
  assert.equal(clicks[0].position, 11, "the first document of the second page");
  assert.ok(clicks[0].searchId, "the click belongs to a search");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });

  // The number of another value stays as it was: facets are disjunctive.
  const value = (name) => page.locator(".facet-value", { hasText: name });
  const other = await value("products").locator(".facet-count").innerText();
  await value("messages").click();
  await page.getByRole("button", { name: "Remove Source: messages" }).waitFor();
  await until(() => results(page, "london resturant"), (total) => total === 8, "results of messages:");
  assert.equal(await value("products").locator(".facet-count").innerText(), other);
  await page.reload();
  await until(() => results(page, "london resturant"), (total) => total === 8, "after a reload:");
  await page.getByRole("button", { name: "Remove Source: messages" }).click();
  await until(() => results(page, "london resturant"), (total) => total === 11, "without the filter:");

  await page.getByRole("button", { name: "Only “resturant”" }).click();
  await page.getByText("Misspelt words do not match.").waitFor();
  assert.equal(await row.count(), 1, "pages and filters are the same search");
  assert.deepEqual([...problems, ...logProblems], []);
  await context.close();
});

test("the keyboard reaches everything", async () => {
  const { context, page, problems } = await open(browser, server);
  const box = page.getByRole("combobox", { name: "Search documents" });
  await results(page, "");
  await page.getByRole("button", { name: "No, thanks" }).click();
  await page.keyboard.press("/");
  assert.ok(await box.evaluate((element) => element === document.activeElement), "/ leads to the box");
  await page.keyboard.type("wirel");
  const first = page.getByRole("option").first();
  await first.waitFor();
  await page.keyboard.press("ArrowDown");
  assert.equal(await first.getAttribute("aria-selected"), "true");
  assert.equal(await box.getAttribute("aria-activedescendant"), await first.getAttribute("id"));
  await page.keyboard.press("Enter");
  const chosen = await until(() => box.inputValue(), (value) => value !== "wirel", "the box has");
  assert.match(chosen, /^wireless/);
  await results(page, chosen);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const at = () => page.locator("button.hit").evaluateAll((hits) => hits.indexOf(document.activeElement));
  assert.equal(await at(), 1, "arrows move between results");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await at(), 1, "the focus returns");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  assert.equal(await box.inputValue(), "");
  assert.deepEqual(problems, []);
  await context.close();
});

test("nothing is logged without consent", async () => {
  const { context, page, problems } = await open(browser, server);
  const keystrokes = bodies(context, "logKeystrokes");
  await page.getByRole("button", { name: "No, thanks" }).click();
  await page.getByRole("combobox", { name: "Search documents" }).pressSequentially("private");
  await page.keyboard.press("Enter");
  await results(page, "private");
  await page.goto(`${server.url}#/searches`);
  await page.getByText("Live", { exact: true }).waitFor();
  assert.deepEqual(keystrokes, []);
  const { searchLog } = await server.query('{ searchLog(filter: { queryPrefix: "private" }) { totalCount } }');
  assert.equal(searchLog.totalCount, 0);
  assert.deepEqual(problems, []);
  await context.close();
});

test("the shown query returns the shown results, with filters of attributes", async () => {
  const { context, page, problems } = await open(browser, server);
  await page.getByRole("combobox", { name: "Search documents" }).fill("made");
  await page.locator(".facet", { hasText: "Brand" }).locator(".facet-value").first().click();
  await page.locator(".facet", { hasText: "Price" }).getByLabel("To", { exact: true }).fill("60");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Remove Price: ≤ 60" }).waitFor();
  await page.getByLabel("Order").selectOption("+price");
  const shown = await results(page, "made");
  assert.ok(shown > 0, "something is left");
  await page.getByRole("button", { name: "Show query" }).click();
  const query = await page.locator(".query-text").innerText();
  const { search } = await server.query(query);
  assert.equal(search.totalCount, shown, query);
  assert.deepEqual(problems, []);
  await context.close();
});

test("submitted searches stay in the history, and a date applies once it is complete", async () => {
  const { context, page, problems } = await open(browser, server);
  const box = page.getByRole("combobox", { name: "Search documents" });
  for (const text of ["kettle", "lamp"]) {
    await box.fill("");
    await box.pressSequentially(text);
    await page.keyboard.press("Enter");
  }
  const from = page.getByRole("group", { name: "Published", exact: true }).getByLabel("From");
  await from.focus();
  await page.keyboard.type("05172003");
  assert.ok(!page.url().includes("published"), "years of three digits are no filters");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Remove Published: ≥ 2003-05-17" }).waitFor();
  for (const text of ["lamp", "kettle"]) {
    await page.goBack();
    await until(() => box.inputValue(), (value) => value === text, "the box has");
  }
  assert.deepEqual(problems, []);
  await context.close();
});

test("a search without results says so", async () => {
  const { context, page, problems } = await open(browser, server, "#/?q=qqqzzzxxx");
  await page.getByText("No documents match").waitFor();
  await page.goto(`${server.url}#/?q=london&source=products&category=nothing`);
  await page.getByText("No documents match within these filters.").waitFor();
  await page.locator(".empty").getByRole("button", { name: "Clear all" }).click();
  assert.ok((await results(page, "london")) > 0);
  assert.deepEqual(problems, []);
  await context.close();
});
