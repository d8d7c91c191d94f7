import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, launch, newKey, open, results, until } from "./support.mjs";

async function withBrowser(context, server) {
  context.after(() => server.stop());
  const browser = await launch();
  context.after(() => browser.close());
  return browser;
}

const navigation = (page) => page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link").allInnerTexts();

test("the console recovers when a killed server is back", async (context) => {
  const server = await Server.demo();
  const browser = await withBrowser(context, server);
  const { page } = await open(browser, server);
  await results(page, "");
  const log = await page.context().newPage();
  await log.goto(`${server.url}#/searches`);
  await log.getByText("Live", { exact: true }).waitFor();
  await server.kill();
  await log.getByText("Connecting …").waitFor();
  await page.getByRole("combobox", { name: "Search documents" }).fill("london");
  await page.getByText("The server is not reachable.").waitFor();
  await server.start();
  await page.getByText("The server is back.").waitFor();
  const total = await until(() => results(page, "london"), (total) => total > 0 && total < 3_849, "results:");
  assert.ok(total > 0);
  await log.getByText("Live", { exact: true }).waitFor();
});

test("the console says that a server does not respond, until it does", async (context) => {
  const server = await Server.demo();
  const browser = await withBrowser(context, server);
  const { page } = await open(browser, server);
  await results(page, "");
  server.process.kill("SIGSTOP");
  await page.getByRole("combobox", { name: "Search documents" }).fill("london");
  await page.getByText("The server takes long to respond.").waitFor();
  server.process.kill("SIGCONT");
  await page.getByText("The server takes long to respond.").waitFor({ state: "detached" });
  const total = await until(() => results(page, "london"), (total) => total > 0 && total < 3_849, "results:");
  assert.ok(total > 0);
});

test("a server with keys asks for one, and the console shows what it permits", async (context) => {
  const [search, admin] = [newKey("SEARCH"), newKey("SEARCH", "REPORTS", "ADMIN")];
  const server = await Server.serve(`[server]\nconsole = "on"\n${search.table}\n${admin.table}`);
  const browser = await withBrowser(context, server);
  const { page } = await open(browser, server);
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This server requires an API key.").waitFor();
  for (let times = 0; times < 3; times += 1) await page.keyboard.press("Escape");
  await dialog.getByText("This server requires an API key.").waitFor();
  const enter = async (key) => {
    await dialog.getByRole("textbox", { name: "Key" }).fill(key);
    await dialog.getByRole("button", { name: "Connect" }).click();
  };
  await enter("quarry_truncated…");
  await dialog.getByText("The server did not accept this key.").waitFor();
  await enter("quarry_wrong");
  await dialog.getByText("The server did not accept this key.").waitFor();
  await enter(search.key);
  await page.getByText("There are no documents yet").waitFor();
  await until(() => navigation(page), (names) => names.join() === "Search,Sources,Server", "pages:");
  await page.getByRole("button", { name: "API key" }).click();
  await dialog.getByText("This key permits searches.").waitFor();
  await enter(admin.key);
  await until(() => navigation(page), (names) => names.length === 5, "pages:");
  assert.ok(!server.output.includes("fields of ADMIN requested"), "reading the scopes is no request of ADMIN");
  await page.getByRole("link", { name: "Searches" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  assert.ok(!page.url().includes("quarry_"), "no key in the address");
  const [kept, stored] = await page.evaluate(() => [JSON.stringify(sessionStorage), JSON.stringify(localStorage)]);
  assert.ok(kept.includes(admin.key) && !stored.includes("quarry_"), "the key ends with the tab");
  await page.reload();
  await page.getByText("Live", { exact: true }).waitFor();
  const settings = join(server.folder, "quarry.toml");
  const former = readFileSync(settings, "utf8");
  writeFileSync(settings, former.replace(admin.table, ""));
  server.process.kill("SIGHUP");
  await dialog.getByText("The server did not accept this key.").waitFor();
  writeFileSync(settings, former);
  server.process.kill("SIGHUP");
  const access = () => server.query("{ access { scopes } }", admin.key).then(() => true, () => false);
  await until(access, (isPermitted) => isPermitted, "the key is permitted:");
  await enter(admin.key);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("button", { name: "API key" }).click();
  await dialog.getByRole("button", { name: "Forget the key" }).click();
  await dialog.getByText("This server requires an API key.").waitFor();
  assert.ok(!(await page.evaluate(() => JSON.stringify(sessionStorage))).includes(admin.key));
});

test("a rate limit is explained, and the search continues by itself", async (context) => {
  // One operation in ten seconds, once the test has used up those at once from the address of the browser.
  const server = await Server.serve("[rate_limits]\nper_address = 6\nper_address_burst = 100\n");
  const browser = await withBrowser(context, server);
  const { page } = await open(browser, server);
  await page.getByText("There are no documents yet").waitFor();
  const post = () =>
    fetch(`${server.url}graphql`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"{ __typename }"}' });
  await until(async () => (await (await post()).json()).errors?.[0].extensions.code, (code) => code === "RATE_LIMITED", "code:");
  await page.getByRole("combobox", { name: "Search documents" }).pressSequentially("text");
  await page.getByText("Too many requests").waitFor();
  await page.getByText("No documents match").or(page.getByText("There are no documents yet")).waitFor();
  await page.getByText("Too many requests").waitFor({ state: "detached" });
});

test("browsers receive the console, and other clients the addresses", async (context) => {
  const server = await Server.serve('[server]\nconsole = "on"\n');
  context.after(() => server.stop());
  const page = await fetch(server.url, { headers: { accept: "text/html" } });
  assert.match(await page.text(), /<script type="module"[^>]* src="console\//);
  assert.equal((await (await fetch(server.url)).json()).console, "/");
});

test("the console runs on a server with trusted documents only", async (context) => {
  const documents = fileURLToPath(new URL("../../assets/console/documents.json", import.meta.url));
  const server = await Server.serve(
    `[server]\nconsole = "on"\n[persisted]\nonly_trusted = true\ndocuments = ${JSON.stringify(documents)}\n`,
  );
  const browser = await withBrowser(context, server);
  const { page, problems } = await open(browser, server);
  await page.getByText("There are no documents yet").waitFor();
  await page.getByRole("button", { name: "Log my searches" }).click();
  await page.getByRole("combobox", { name: "Search documents" }).pressSequentially("trusted");
  await page.keyboard.press("Enter");
  for (const [name, content] of [
    ["Searches", "trusted"],
    ["Catalogue", "No documents have a category"],
    ["Sources", "No sources"],
    ["Server", "Synonyms and rules"],
  ]) {
    await page.getByRole("link", { name, exact: true }).click();
    await page.locator("main").getByText(content, { exact: true }).first().waitFor();
  }
  for (const tab of ["Top searches", "Without results", "Without clicks"]) {
    await page.goto(`${server.url}#/searches`);
    await page.getByRole("tab", { name: tab }).click();
    await page.getByRole("region", { name: tab }).first().waitFor();
  }
  assert.deepEqual(problems, [], "no operation is rejected");
});

test("the log shows the reason of each search, and the text that it supersedes", async (context) => {
  const server = await Server.serve('[keystrokes]\nwindow = "1s"\npoll = "50ms"\n');
  const browser = await withBrowser(context, server);
  const { page, problems } = await open(browser, server, "#/searches");
  await page.getByText("Live", { exact: true }).waitFor();
  const type = (text, sequence) =>
    server.query(`mutation { logKeystroke(input: { sessionId: "s", text: "${text}", sequence: ${sequence} }) { accepted } }`);
  await type("bus", 1);
  const row = page.locator("tbody tr");
  await row.getByText("bus", { exact: true }).waitFor();
  assert.match(await row.innerText(), /pause/);
  await type("business", 2);
  await row.getByText("business", { exact: true }).waitFor();
  await row.getByText("supersedes “bus”").waitFor();
  assert.equal(await row.count(), 1, "it is the same search");
  await page.reload();
  await row.getByText("supersedes 1 earlier text").waitFor();
  await type("zoo", 3);
  await row.getByText("zoo", { exact: true }).waitFor();

  await type("blutoth", 4);
  await row.getByText("blutoth", { exact: true }).waitFor();
  await page.getByLabel("Begins with").fill("blutoth");
  await until(() => row.count(), (count) => count === 1, "rows:");
  await type("bluetooth", 5);
  await row.waitFor({ state: "detached" });
  await page.getByLabel("Begins with").fill("");

  await page.getByRole("button", { name: "Erase a person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Id").fill("s");
  await dialog.getByRole("button", { name: "Erase", exact: true }).click();
  await dialog.getByText("Erased 3 searches, 0 clicks and conversions and 0 buffered keystrokes.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("No searches yet").waitFor();
  assert.deepEqual(problems, []);
});

test("a report continues beyond its first 100 rows", async (context) => {
  const server = await Server.serve('[keystrokes]\nwindow = "1s"\npoll = "50ms"\n');
  const browser = await withBrowser(context, server);
  const keystrokes = Array.from({ length: 130 }, (_, n) => ({ sessionId: `s${n}`, text: `search ${n}`, submitted: true }));
  for (const input of [keystrokes.slice(0, 100), keystrokes.slice(100)]) {
    const log = "mutation ($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
    await server.query(log, undefined, { input });
  }
  const logged = () => server.query("{ searchLog { totalCount } }").then(({ searchLog }) => searchLog.totalCount);
  await until(logged, (count) => count === 130, "logged searches:");
  const { page, problems } = await open(browser, server, "#/searches?tab=top");
  const rows = page.getByRole("region", { name: "Top searches" }).first().locator("tbody tr");
  await until(() => rows.count(), (count) => count === 100, "rows:");
  await page.getByRole("button", { name: "Show more" }).click();
  await until(() => rows.count(), (count) => count === 130, "rows:");
  assert.equal(new Set(await rows.allInnerTexts()).size, 130);
  await page.getByRole("button", { name: "Show more" }).waitFor({ state: "detached" });
  assert.deepEqual(problems, []);
});

test("all entries of searches are reached", async (context) => {
  const server = await Server.serve("");
  const browser = await withBrowser(context, server);
  const put = "mutation ($sets: [StopWordSetInput!]!) { putStopWords(stopWords: $sets) { inserted } }";
  const sets = Array.from({ length: 103 }, (_, n) => ({ id: `set-${n + 100}`, add: [`word${n}`] }));
  for (const part of [sets.slice(0, 100), sets.slice(100)]) await server.query(put, undefined, { sets: part });
  const { page, problems } = await open(browser, server, "#/server");
  const card = page.getByRole("region", { name: "Stop words", exact: true });
  const entries = card.locator(".entries li");
  await until(() => entries.count(), (count) => count === 100, "entries:");
  await card.getByRole("button", { name: "Show more" }).click();
  await until(() => entries.count(), (count) => count === 103, "entries:");
  await card.getByRole("button", { name: "Show more" }).waitFor({ state: "detached" });
  await card.getByText("set-202").waitFor();
  assert.deepEqual(problems, []);
});

test("dates are counted by the calendar, and chosen by a bar", async (context) => {
  const server = await Server.serve(`
[[sources]]
name = "shop"
attributes = [{ name = "released", type = "date" }]
`);
  const browser = await withBrowser(context, server);
  const documents = Array.from({ length: 24 }, (_, n) => ({
    source: "shop",
    key: `${n}`,
    text: `lamp ${n}`,
    attributes: { released: new Date(Date.UTC(2024, n, 31 - (n % 4), 23, 30)).toISOString() },
  }));
  const store = "mutation ($documents: [DocumentInput!]!) { indexDocuments(input: { documents: $documents }) { inserted } }";
  await server.query(store, undefined, { documents });
  const { page, problems } = await open(browser, server);
  const bars = page.getByRole("group", { name: "Documents by Released" }).getByRole("button");
  await until(() => bars.count(), (count) => count >= 24, "bars:");
  const counted = await bars.evaluateAll((bars) => bars.map((bar) => bar.getAttribute("aria-label")));
  assert.match(counted[0], /^2024-01-01 to 2024-01-31: /);
  const total = counted.reduce((sum, label) => sum + Number(label.match(/: (\d+) document/)[1]), 0);
  assert.equal(total, 24);
  const bar = page.getByRole("button", { name: /^2024-01-01 to 2024-01-31: [1-9]/ });
  const expected = Number((await bar.getAttribute("aria-label")).match(/: (\d+) /)[1]);
  await bar.click();
  await until(() => results(page, ""), (count) => count === expected, "results:");
  await page.getByRole("button", { name: "Remove Released: 2024-01-01 – 2024-01-31" }).click();
  await until(() => results(page, ""), (count) => count === 24, "results:");
  assert.deepEqual(problems, []);
});

test("filters of a page select what they show, and an address may contain anything", async (context) => {
  const uses = (...names) => JSON.stringify(names);
  const server = await Server.serve(`
[[sources]]
name = "shop"
attributes = [
  { name = "rating", type = "number" },
  { name = "published", type = "date" },
  { name = "badge", type = "string", uses = ${uses("facet")} },
  { name = "material", type = "string", uses = ${uses("facet", "filter")} },
]
[[sources]]
name = "zoo"
attributes = [{ name = "material", type = "string", uses = ${uses("filter")} }]
`);
  const browser = await withBrowser(context, server);
  const documents = Array.from({ length: 60 }, (_, n) => ({
    source: "shop",
    key: `${n}`,
    text: `lamp ${n}`,
    attributes: { rating: n % 6, published: `20${10 + (n % 12)}-03-01`, badge: "new", material: 'oak  "1"' },
  }));
  const store = "mutation ($documents: [DocumentInput!]!) { indexDocuments(input: { documents: $documents }) { inserted } }";
  await server.query(store, undefined, { documents });
  const { page, problems } = await open(browser, server);
  for (const bar of ["2 to 2.5: 10 documents", "2.5 to 3: 0 documents"]) {
    await page.getByRole("button", { name: bar, exact: true }).click({ force: true });
    await until(() => results(page, ""), (count) => count === Number(bar.match(/: (\d+)/)[1]), `results of ${bar}:`);
  }
  await page.getByRole("button", { name: "Clear all" }).first().click();
  await page.getByRole("button", { name: "2012-01-01 to 2012-12-31: 5 documents" }).click();
  await page.getByRole("button", { name: /^Remove Published \(attribute\)/ }).waitFor();
  await until(() => results(page, ""), (count) => count === 5, "results:");
  const facet = (name) => page.getByRole("group", { name, exact: true });
  await facet("Badge").waitFor();
  assert.equal(await facet("Badge").getByRole("checkbox").count(), 0, "its values are no filters");
  assert.equal(await facet("Material").getByRole("checkbox").count(), 1, "a use of any source");
  assert.deepEqual(problems, []);

  for (const part of [">published=abc", ">@published=2023-02-30", "<@rating=many", "page=99", "page=5000"]) {
    await page.goto(`${server.url}#/?q=lamp&${part}`);
    await page.reload();
    await until(() => results(page, "lamp"), (count) => count === 60, `results of ${part}:`);
    await page.locator("button.hit").first().waitFor();
  }
  await page.goto(`${server.url}#/?@gone=1`);
  await page.getByText("is not an attribute that sources declare").waitFor();
  assert.equal(await page.locator("button.hit").count(), 0);
});

test("long values stay within their facet, and a source of clients offers no crawl", async (context) => {
  const server = await Server.serve('[[sources]]\nname = "shop"\n');
  const browser = await withBrowser(context, server);
  const category = "A very long category of household appliances and accessories of all kinds";
  const documents = [{ source: "shop", key: "1", text: "lamp", category }];
  const store = "mutation ($documents: [DocumentInput!]!) { indexDocuments(input: { documents: $documents }) { inserted } }";
  await server.query(store, undefined, { documents });
  for (const width of [360, 1280]) {
    const { context, page, problems } = await open(browser, server, "", { viewport: { width, height: 800 } });
    await until(() => results(page, ""), (count) => count === 1, "results:");
    if (width === 360) await page.getByRole("button", { name: /^Filters/ }).click();
    const value = page.locator(".facet-value").filter({ hasText: category });
    await value.waitFor();
    const overflow = await value.evaluate((element) => {
      const column = element.closest(".filters").getBoundingClientRect();
      return element.getBoundingClientRect().right - column.right;
    });
    assert.ok(overflow <= 10, `at ${width} px, the value exceeds its column by ${overflow} px`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    await page.goto(`${server.url}#/sources`);
    await page.getByRole("region", { name: "shop", exact: true }).getByText("1 document").waitFor();
    assert.equal(await page.getByRole("button", { name: "Start a crawl" }).count(), 0);
    assert.deepEqual(problems, []);
    await context.close();
  }
});
