// Opens GraphiQL, runs the query of its first tab and saves the page: `node take.mjs URL FILE`.
import { chromium } from "playwright-core";

const [url, file] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, deviceScaleFactor: 1 });
  await page.goto(`${url}/graphiql`);
  await page.locator(".graphiql-execute-button").click();
  await page.locator(".result-window").getByText("totalCount").waitFor();
  await page.screenshot({ path: file });
} finally {
  await browser.close();
}
