// Servers and buffers that fail, and limits.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { open, sessionOf, setUp, until } from "./support.mjs";

/** A Redis that survives being killed. */
class Redis {
  static async start() {
    const redis = new Redis();
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    redis.port = probe.address().port;
    probe.close();
    redis.folder = mkdtempSync(join(tmpdir(), "quarry-browser-redis-"));
    await redis.serve();
    return redis;
  }

  async serve() {
    const args = ["--port", this.port, "--bind", "127.0.0.1", "--dir", this.folder, "--appendonly", "yes", "--save", ""];
    this.process = spawn("redis-server", args.map(String), { stdio: "ignore" });
    const connects = () =>
      new Promise((resolve) => {
        const socket = createConnection(this.port, "127.0.0.1");
        socket.on("connect", () => resolve(socket.end() && true)).on("error", () => resolve(false));
      });
    await until(connects, (connected) => connected, "Redis connects");
  }

  async kill() {
    const exit = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exit;
  }
}

const posts = (requests) => requests.filter((request) => request.method() === "POST");

/** Waits until a problem was reported. */
const problems = (page, pattern) =>
  until(() => page.evaluate("problems"), (problems) => problems.some((problem) => pattern.test(problem)), "problems");

test("keystrokes wait for a server that was killed", async (context) => {
  const world = await setUp(context);
  const { site, server, optionsWith } = world;
  const stays = { script: 'document.forms[0].addEventListener("submit", (event) => event.preventDefault());' };
  site.add("/", optionsWith(), stays);
  const { page } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await page.keyboard.type("before");
  await page.keyboard.press("Enter");
  await server.texts(session, "before");

  await server.kill();
  for (const text of ["first", "second", "third"]) {
    await page.fill("#q", "");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  }
  await problems(page, /unavailable, retrying/);
  await server.serve();
  await server.texts(session, "third");
  const texts = (await server.searches(session)).map(({ query }) => query).sort();
  assert.deepEqual(texts, ["before", "first", "second", "third"]);
  assert.equal((await page.evaluate("problems")).length, 1, "one report for an outage");
});

test("the next page of the tab delivers what a killed server did not receive", async (context) => {
  const world = await setUp(context);
  const { site, server, optionsWith } = world;
  site.add("/", optionsWith());
  site.pages.set("/blank", "<!doctype html><title>blank</title>");
  const { page } = await open(world, "/");
  const session = await sessionOf(page);
  await page.focus("#q");
  await server.kill();
  await page.keyboard.type("restaurant");
  await page.goto(`${site.origin}/blank`);
  await server.serve();
  await page.goto(`${site.origin}/`);
  assert.deepEqual(await server.texts(session, "restaurant"), ["restaurant"]);
  assert.deepEqual(await page.evaluate("JSON.parse(sessionStorage['quarry.tracking']).undelivered"), []);
});

test("an unavailable buffer is retried, and nothing is lost or doubled", async (context) => {
  const redis = await Redis.start();
  context.after(async () => {
    await redis.kill();
    rmSync(redis.folder, { recursive: true, force: true });
  });
  const world = await setUp(context, { root: `redis_url = "redis://127.0.0.1:${redis.port}"` });
  const { site, server, optionsWith } = world;
  site.add("/", optionsWith());
  const { page } = await open(world, "/");
  const session = await sessionOf(page);
  await redis.kill();
  await page.focus("#q");
  await page.keyboard.type("first ");
  await problems(page, /BUFFER_UNAVAILABLE/);
  await page.keyboard.type("text");
  await redis.serve();
  assert.deepEqual(await server.texts(session, "first text"), ["first text"]);
  const [{ keystrokes }] = await server.searches(session);
  assert.equal(keystrokes, "first text".length);
});

test("a rate limit is respected for the time that it names", async (context) => {
  const world = await setUp(context, { rate_limits: { per_key: "60", per_key_burst: "1" } });
  const { site, server, optionsWith } = world;
  site.add("/", optionsWith());
  const { page, requests } = await open(world, "/");
  const waits = [];
  page.on("response", async (response) => {
    const header = response.status() === 429 && response.headers()["retry-after"];
    if (header) waits.push([response.request(), Number(header)]);
  });
  await page.focus("#q");
  await page.keyboard.type("quick ");
  await until(() => posts(requests).length, (count) => count > 0);
  // Each letter would be sent after its batch interval if the limit did not forbid it.
  await page.keyboard.type("search", { delay: 100 });
  const session = await sessionOf(page);
  await until(() => waits.length, (count) => count > 0, "429 answers");
  await until(() => posts(requests).length, (count) => count > 2, "requests");
  // The limit holds for the key that reads the log as well.
  const texts = async () => (await server.searches(session).catch(() => [])).map(({ query }) => query);
  await until(texts, (texts) => texts.includes("quick search"), "the log is");
  const sent = posts(requests);
  // The time of a request is known with its response.
  await Promise.all(sent.map((request) => request.response()));
  for (const [request, seconds] of waits) {
    const next = sent[sent.indexOf(request) + 1];
    const gap = next && next.timing().startTime - request.timing().startTime;
    if (next) assert.ok(gap >= seconds * 1_000, `${gap} ms in place of ${seconds} s`);
  }
  assert.ok(waits.every(([, seconds]) => seconds >= 1));
});

test("a server that executes trusted documents only accepts those of the package", async (context) => {
  const documents = fileURLToPath(new URL("../dist/persisted-documents.json", import.meta.url));
  const persisted = { only_trusted: "true", documents: JSON.stringify(documents) };
  const world = await setUp(context, { persisted });
  world.site.add("/", world.optionsWith());
  const { page, requests } = await open(world, "/");
  await page.evaluate("tracker.submit('trusted'); tracker.recordInteraction({ documentId: 'doc_1' })");
  await until(() => posts(requests).length, (count) => count > 1, "requests");
  const answers = await Promise.all(posts(requests).map(async (request) => (await request.response()).json()));
  assert.deepEqual(answers[0], { data: { logKeystrokes: { accepted: 1 } } });
  // It is executed, and refuses the id.
  assert.equal(answers[1].errors[0].extensions.code, "BAD_USER_INPUT");
});
