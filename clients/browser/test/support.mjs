// Real parts for the tests: a quarry server, a site with pages, and Debian's Chromium.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const BINARY = process.env.QUARRY_BIN ?? assert.fail("QUARRY_BIN names the program quarry");
/** Serves only against hanging, on a busy machine. */
const DEADLINE_MS = 60_000;

/** Calls a function until its result is as it should be, and returns that. */
export async function until(call, isSo, what = "") {
  for (const started = Date.now(); ; await pause(20)) {
    const result = await call();
    if (isSo(result)) return result;
    assert.ok(Date.now() - started < DEADLINE_MS, `${what} still ${JSON.stringify(result)}`);
  }
}

/** A quarry server in a folder of its own, with keys, for the pages of a site. */
export class Quarry {
  /** Starts a server with sections of settings beside those of the tests; their values, and `root`, are TOML. */
  static async start(site, settings = {}) {
    const server = new Quarry();
    server.folder = mkdtempSync(join(tmpdir(), "quarry-browser-"));
    const [searchKey, search] = server.#key("SEARCH", site.origin);
    const [reportsKey, reports] = server.#key("REPORTS");
    const [adminKey, admin] = server.#key("ADMIN");
    Object.assign(server, { key: searchKey, reportsKey, adminKey });
    const keystrokes = { window: '"2s"', poll: '"50ms"', ...settings.keystrokes };
    const { root = "", ...others } = settings;
    const sections = { ...others, keystrokes, server: { allowed_origins: `["${site.origin}"]` } };
    const toml = [
      root,
      ...Object.entries(sections).flatMap(([section, values]) => [
        `[${section}]`,
        ...Object.entries(values).map(([name, value]) => `${name} = ${value}`),
      ]),
      ...[search, reports, admin],
    ];
    writeFileSync(join(server.folder, "quarry.toml"), toml.join("\n"));
    await server.serve("127.0.0.1:0").catch(async (error) => {
      await server.stop();
      throw error;
    });
    return server;
  }

  #key(scope, origin) {
    const args = ["key", "new", "--scope", scope, "--name", scope, ...(origin ? ["--origin", origin] : [])];
    const output = execFileSync(BINARY, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const at = output.indexOf("[[keys]]");
    return [output.slice(0, at).trim(), output.slice(at)];
  }

  /** Starts the program, again at the same address. */
  async serve(address = new URL(this.url).host) {
    const environment = { PATH: process.env.PATH };
    this.process = spawn(BINARY, ["serve", "--listen", address], { cwd: this.folder, env: environment });
    let output = "";
    const listen = (bytes) => (output += bytes);
    this.process.stdout.on("data", listen);
    this.process.stderr.on("data", listen);
    const found = await until(
      () => this.process.exitCode ?? output.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0],
      (found) => found !== undefined,
      "no address:",
    );
    assert.equal(typeof found, "string", output);
    this.url = `${found}/graphql`;
    await until(
      () => fetch(`${found}/readyz`).then(({ status }) => status, () => 0),
      (status) => status === 200,
      "readiness",
    );
  }

  /** Kills the program. */
  async kill() {
    const exit = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exit;
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exit = once(this.process, "exit");
      this.process.kill("SIGTERM");
      await exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async query(query, variables, key = this.reportsKey) {
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const response = await fetch(this.url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  }

  /** The logged searches of a session, oldest first. */
  async searches(sessionId) {
    const log = `query Log($sessionId: ID!) {
      searchLog(filter: { sessionId: $sessionId }, first: 100) {
        nodes { query finalReason keystrokes resultCount userId startedAt }
      }
    }`;
    const { searchLog } = await this.query(log, { sessionId });
    return searchLog.nodes.sort((one, other) => (one.startedAt < other.startedAt ? -1 : 1));
  }

  /** Waits until the texts of a session end with one, and returns all. */
  async texts(sessionId, last) {
    const texts = async () => (await this.searches(sessionId)).map(({ query }) => query);
    return until(texts, (texts) => texts.includes(last), "the log is");
  }
}

/** The clock of sequences that the server's schema accepts, in JavaScript. */
function clock() {
  const schema = execFileSync(BINARY, ["schema"], { encoding: "utf8" });
  const [, type] = schema.match(/^input LogKeystrokeInput \{[^}]*^ {2}sequence: (\w+)$/m);
  // A clock of tenths of a second since 2026 fits into the 31 bits of an Int until 2032.
  return type === "Int" ? "() => (Date.now() - Date.UTC(2026, 0)) / 100" : "Date.now";
}

/** A site whose pages track searches. */
export class Site {
  pages = new Map();

  static async start() {
    const site = new Site();
    const dist = fileURLToPath(new URL("../dist/", import.meta.url));
    site.pages.set("/quarry.js", readFileSync(join(dist, "quarry.iife.js")));
    site.server = createServer((request, response) => {
      const { pathname } = new URL(request.url, "http://site");
      const body = site.pages.get(pathname);
      const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
      response.writeHead(body === undefined ? 404 : 200, { "content-type": `${type}; charset=utf-8` });
      response.end(typeof body === "function" ? body(new URL(request.url, site.origin)) : body);
    });
    site.server.listen(0, "127.0.0.1");
    await once(site.server, "listening");
    site.origin = `http://127.0.0.1:${site.server.address().port}`;
    return site;
  }

  /** Adds a page with a search box that is tracked with options: JavaScript between braces. */
  add(path, options, { input = '<input type="search" id="q" name="q">', script = "" } = {}) {
    this.pages.set(path, (url) => {
      const text = url.searchParams.get("q")?.replace(/[^\p{L}\p{N} ]/gu, "") ?? "";
      return `<!doctype html><title>${path}</title>
        <form action="/results">${input.replace("<input", `<input value="${text}"`)}<button>Search</button></form>
        <a href="/results">elsewhere</a>
        <script src="/quarry.js"></script>
        <script>
          const problems = [];
          const input = document.querySelector("#q");
          const tracker = quarry.track(input, { onError: ({ message }) => problems.push(message), ...${options} });
          addEventListener("error", ({ message }) => problems.push("thrown: " + message));
          addEventListener("pageshow", ({ persisted }) => (window.isRestored = persisted));
          ${script}
        </script>`;
    });
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Starts Chromium, with the back-forward cache that visitors have, or without. */
export const launch = ({ isCached = true } = {}) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking"],
    ignoreDefaultArgs: isCached ? ["--disable-back-forward-cache"] : [],
  });

/** Starts a site, a server and a browser, and stops them after the test or the tests of a file. */
export async function setUp(context, settings) {
  const site = await Site.start();
  context.after(() => site.stop());
  const server = await Quarry.start(site, settings);
  context.after(() => server.stop());
  const browser = await launch();
  context.after(() => browser.close());
  const options = `{ url: ${JSON.stringify(server.url)}, key: ${JSON.stringify(server.key)}, clock: ${clock()} }`;
  /** The options of a tracker with others beside those of the connection. */
  const optionsWith = (others = "consent: true") => `{ ...${options}, ${others} }`;
  return { site, server, browser, optionsWith };
}

/** Opens a page as another visitor, and returns it with the requests that reach the server. */
export async function open({ browser, site, server }, path) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const requests = [];
  context.on("request", (request) => request.url() === server.url && requests.push(request));
  await page.goto(`${site.origin}${path}`);
  return { page, context, requests };
}

export const sessionOf = (page) => page.evaluate("tracker.sessionId");
