// What the tests of more than one client share.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

/** Calls a function until its result is as it should be, and returns that. */
export async function until(call, isSo) {
  for (const started = Date.now(); ; await pause(20)) {
    const result = await call();
    if (isSo(result)) return result;
    assert.ok(Date.now() - started < 30_000, `still ${JSON.stringify(result)}`);
  }
}

/** Documents of a source with the source's name and "tea" in their texts. */
export const documents = (source, count) =>
  Array.from({ length: count }, (_, n) => ({
    source,
    key: `${source}-${n + 1}`,
    text: `${source} tea ${n + 1}`,
  }));
