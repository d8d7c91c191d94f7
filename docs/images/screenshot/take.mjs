// Uses the demo as a visitor would, and saves its pages: `node take.mjs URL FOLDER`.
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const SEARCHES = ["london", "wireless headphones", "kettle", "hotel in paris", "vinyl turntable", "opera", "qwertzuiop"];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
const save = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) });
const open = async (path, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: "Europe/Berlin", ...options });
  const page = await context.newPage();
  await page.goto(`${url}/${path}`);
  return page;
};
try {
  const page = await open("");
  await page.getByRole("button", { name: "Log my searches" }).click();
  const box = page.getByRole("combobox", { name: "Search documents" });
  for (const text of SEARCHES) {
    await box.fill("");
    await box.pressSequentially(text, { delay: 60 });
    const settled = page.locator('.results[aria-busy="false"]');
    await settled.waitFor();
    // The log has the number of results once the browser client has sent it.
    await page.waitForTimeout(600);
    await box.press("Enter");
    if (await page.locator("button.hit").count()) {
      await page.locator("button.hit").first().click();
      await page.keyboard.press("Escape");
    }
  }
  await box.fill("");
  await box.pressSequentially("london resturant", { delay: 60 });
  await page.getByRole("button", { name: "london restaurant" }).waitFor();
  await page.waitForTimeout(800);
  await save(page, "console-search");

  const dark = await open("#/searches", { colorScheme: "dark" });
  await dark.getByText("qwertzuiop").waitFor();
  await dark.getByText("Live", { exact: true }).waitFor();
  await save(dark, "console-searches");

  const sources = await open("#/sources");
  await sources.getByRole("button", { name: "Show pages" }).first().click();
  await sources.getByText("401 Unauthorized").first().waitFor();
  await save(sources, "console-sources");

  const server = await open("#/server");
  await server.getByText("Synonyms and rules").waitFor();
  await server.getByText("Version").waitFor();
  await save(server, "console-server");

  const preview = server.locator(".preview");
  await preview.getByLabel("Query").fill("kettle");
  await server.getByRole("button", { name: "New rule" }).click();
  const rule = server.getByRole("region", { name: "Rules", exact: true });
  await rule.getByLabel("Id", { exact: true }).fill("kettles");
  await rule.getByLabel("Name", { exact: true }).fill("Kettles of the week");
  await rule.getByLabel("The query is one of").fill("kettle\nkettles");
  await preview.getByRole("button", { name: /^Pin / }).nth(3).click();
  await preview.getByRole("button", { name: /^Hide / }).nth(1).click();
  await rule.getByRole("button", { name: "Save" }).click();
  await preview.getByRole("region", { name: "Before" }).waitFor();
  await rule.getByRole("button", { name: "Edit kettles" }).click();
  await server.getByRole("heading", { name: "Synonyms and rules" }).evaluate((heading) => heading.scrollIntoView());
  await save(server, "console-rule");
  await rule.getByRole("button", { name: "Delete kettles" }).click();
  await rule.getByText("Deleted kettles.").waitFor();

  const phone = await open("#/?q=london+resturant", { viewport: { width: 390, height: 780 }, colorScheme: "dark" });
  await phone.getByRole("button", { name: "No, thanks" }).click();
  await phone.getByRole("button", { name: "london restaurant" }).waitFor();
  await save(phone, "console-phone");

  const explorer = await open("graphiql", { viewport: { width: 1280, height: 720 } });
  await explorer.locator(".graphiql-execute-button").click();
  await explorer.locator(".result-window").getByText("totalCount").waitFor();
  await save(explorer, "graphiql");
} finally {
  await browser.close();
}
