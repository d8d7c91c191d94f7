// Helpers for the tests of several clients.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

/** Calls a function until its result is as it should be, and returns that. */
export async function until(call, isSo) {
  for (const started = Date.now(); ; await pause(20)) {
    const result = await call();
    if (isSo(result)) return result;
    assert.ok(Date.now() - started < 30_000, `still ${JSON.stringify(result)}`);
  }
}

/** Returns a client of graphql-ws for the server at a URL. */
export const openSocket = (url) => createClient({ url: `${url.replace("http", "ws")}/ws`, webSocketImpl: WebSocket });

/** Documents of a source with the source's name and "tea" in their texts. */
export const documents = (source, count) =>
  Array.from({ length: count }, (_, n) => ({
    source,
    key: `${source}-${n + 1}`,
    text: `${source} tea ${n + 1}`,
  }));
