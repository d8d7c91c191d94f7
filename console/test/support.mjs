// Real parts for the tests: a quarry server, and Debian's Chromium.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";

const BINARY = process.env.QUARRY_BIN ?? assert.fail("QUARRY_BIN names the program quarry");
/** Serves only against hanging, on a busy machine. */
export const DEADLINE_MS = 60_000;

/** Calls a function until its result is as it should be, and returns that. */
export async function until(call, isSo, what = "") {
  for (const started = Date.now(); ; await pause(20)) {
    const result = await call();
    if (isSo(result)) return result;
    assert.ok(Date.now() - started < DEADLINE_MS, `${what} still ${JSON.stringify(result)}`);
  }
}

/** A server in a folder of its own. */
export class Server {
  static async demo() {
    const server = new Server();
    await server.start(["demo", "--data-dir", "."]);
    return server;
  }

  /** A server with settings: a text in TOML, after which keys may follow. */
  static async serve(toml) {
    const server = new Server();
    writeFileSync(join(server.folder, "quarry.toml"), toml);
    await server.start(["serve"]);
    return server;
  }

  folder = mkdtempSync(join(tmpdir(), "quarry-console-"));

  /** Starts the program, again at the same address and with the same arguments. */
  async start(args = this.args) {
    this.args = args;
    const listen = this.url ? new URL(this.url).host : "127.0.0.1:0";
    this.process = spawn(BINARY, [...args, "--listen", listen], { cwd: this.folder, env: { PATH: process.env.PATH } });
    this.output = "";
    const read = (bytes) => (this.output += bytes);
    this.process.stdout.on("data", read);
    this.process.stderr.on("data", read);
    const found = await until(
      () => this.process.exitCode ?? this.output.match(/Console +(http:\/\/127\.0\.0\.1:\d+\/)/)?.[1],
      (found) => found !== undefined,
      "no address:",
    );
    assert.equal(typeof found, "string", this.output);
    this.url = found;
    const status = () => fetch(`${this.url}readyz`).then(({ status }) => status, () => 0);
    await until(status, (status) => status === 200, "readiness");
  }

  async kill() {
    const exit = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exit;
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async query(query, key, variables = {}) {
    const headers = { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) };
    const response = await fetch(`${this.url}graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  }
}

/** An API key, and the table of settings for it. */
export function newKey(...scopes) {
  const args = ["key", "new", "--name", scopes.join("-"), ...scopes.flatMap((scope) => ["--scope", scope])];
  const output = execFileSync(BINARY, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const at = output.indexOf("[[keys]]");
  return { key: output.slice(0, at).trim(), table: output.slice(at) };
}

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking"],
  });

/** Opens the console as another visitor. `problems` collects what no page may cause. */
export async function open(browser, server, hash = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const problems = watch(page, server);
  await page.goto(server.url + hash);
  return { context, page, problems };
}

/** Collects errors of the browser's console, uncaught exceptions and requests to other servers. */
export function watch(page, server) {
  page.setDefaultTimeout(DEADLINE_MS);
  const problems = [];
  const origin = new URL(server.url).host;
  page.on("pageerror", ({ message }) => problems.push(`uncaught: ${message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.host !== origin && url.protocol !== "blob:") problems.push(`request to ${url.host}`);
  });
  return problems;
}

/** The number of results that the search page shows, once it shows that of a text. */
export async function results(page, text) {
  await page.locator(`.results[aria-busy="false"]`).waitFor();
  await until(() => page.locator("#search-box").inputValue(), (value) => value === text, "the box has");
  return Number((await page.locator(".summary strong").innerText()).replace(/\D/g, ""));
}
