// The first minute of a newcomer, in this checkout: runs the README's first command in its own profile,
// runs every query that the documentation and the demo show, compares the answers, and stops with Ctrl-C.
//
// Node only, no packages: `node tests/first-minute/run.mjs [FILE]` also writes the seconds it took to FILE.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// Serves only against hanging: a cold build on a busy machine takes minutes.
const DEADLINE_MS = 60 * 60_000;

// The README first: its first command is the one to run.
const docs = readdirSync("docs").filter((name) => name.endsWith(".md"));
const pages = ["README.md", ...docs.map((name) => `docs/${name}`)].map((path) => readFileSync(path, "utf8"));
const blocks = pages.flatMap((page) =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ page, language, text })),
);
const command = blocks.find(({ language }) => language === "sh").text.trim();
assert.match(command, /^cargo run .*demo$/, "the README's first command starts the demo");

const started = Date.now();
const demo = spawn("bash", ["-c", `exec ${command} --listen 127.0.0.1:0`], { stdio: ["ignore", "pipe", "inherit"] });
const exited = new Promise((resolve) => demo.on("exit", (code, signal) => resolve(code ?? signal)));
let output = "";
demo.stdout.on("data", (bytes) => {
  output += bytes;
  process.stdout.write(bytes);
});

try {
  await readiness();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`first minute: \`${command}\` was ready after ${seconds} s, its build included`);
  if (process.argv[2]) writeFileSync(process.argv[2], `${seconds}\n`);
  const url = output.match(/GraphQL +(http:\S+)/)[1];
  for (const line of output.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("{"))) {
    const data = await answer(url, line);
    assert.ok(found(data), `the demo's query finds something: ${line}`);
    console.log(`first minute: answered: ${line}`);
  }
  let compared = 0;
  for (const [at, { page, language, text }] of blocks.entries()) {
    if (language !== "graphql") continue;
    const after = blocks[at + 1];
    const next = after?.page === page && after.language === "json" ? JSON.parse(after.text) : {};
    // An ellipsis stands for a value of the reader's own.
    if (JSON.stringify(next).includes("…")) continue;
    const data = await answer(url, text, "data" in next ? undefined : next);
    if ("data" in next) {
      assert.deepEqual(data, next.data, "the README's answer is the demo's");
      compared += 1;
    }
    console.log(`first minute: answered: ${text.trim().split("\n")[0]} …`);
  }
  assert.ok(compared > 0, "the README shows an answer");
  // What a terminal sends upon Ctrl-C; `cargo run` hands over to the binary by `exec`.
  demo.kill("SIGINT");
  assert.equal(await within(exited, "its end"), 0, "the exit code after Ctrl-C");
  console.log("first minute: stopped by Ctrl-C with exit code 0");
} finally {
  demo.kill("SIGKILL");
}

async function readiness() {
  let code;
  exited.then((value) => (code = value));
  while (!output.includes("Ctrl-C stops it.")) {
    assert.equal(code, undefined, `the demo ended with ${code} before it was ready`);
    assert.ok(Date.now() - started < DEADLINE_MS, "the demo is not ready");
    await sleep(100);
  }
}

async function answer(url, query, variables) {
  const body = JSON.stringify({ query, variables });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, `${query}: ${JSON.stringify(errors)}`);
  return data;
}

/** Whether there is a hit, or a source, anywhere at the root. */
function found(data) {
  return Object.values(data).every((value) => (Array.isArray(value) ? value.length > 0 : value.totalCount > 0));
}

function within(promise, what) {
  const late = sleep(60_000, undefined, { ref: false }).then(() => assert.fail(`${what} does not come`));
  return Promise.race([promise, late]);
}
